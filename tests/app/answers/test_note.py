"""The note for the terminal: short, plain, and true to the answer."""

from datetime import UTC, datetime
from typing import Any

import pytest

from app.answers.clause_note import clause_text
from app.answers.note import triage_text
from app.answers.reading_note import reading_text
from app.api.examples import TRIAGE_EXAMPLES
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.triage import rules_catalogue, triage

EVALUATED = datetime(2026, 3, 1, 10, tzinfo=UTC).isoformat()


def note(case: dict[str, Any]) -> tuple[dict[str, Any], str]:
    answer = triage(case_of(TriageRequest.model_validate(case)))
    return answer, triage_text(answer)


@pytest.mark.parametrize("case", TRIAGE_EXAMPLES.values(), ids=TRIAGE_EXAMPLES)
def test_a_note_says_what_the_answer_says(case: dict[str, Any]) -> None:
    answer, text = note(case)
    flat = " ".join(text.split())
    for part in answer["evt"]:
        assert part["title"] in flat
        assert part["outcome_text"] in flat
    for advice in answer["ivt"]:
        said = "contraindicated" if advice["contraindicated"] else advice["outcome_text"]
        assert f"{advice['title']}: {said}" in flat
    assert answer["transfer"]["action_text"] in flat
    assert " ".join(answer["not_for_clinical_use"].split()) in flat
    assert answer["versions"]["rules"] in flat
    for fact in answer["missing"]:
        assert fact in flat
    assert all(len(line) <= 100 for line in text.splitlines())
    assert len(text.splitlines()) <= 45


def test_unknown_is_said_and_not_shown_as_none() -> None:
    _, text = note({"evaluated_at": EVALUATED, "facts": {}})
    assert "ASPECTS is not known" in text
    assert "last known well is not known" in text
    assert "None" not in text
    assert "null" not in text


def test_what_speaks_against_thrombolysis_is_named() -> None:
    facts = {"minutes_since_last_known_well": 60, "inr": 2.5, "anticoagulant": "warfarin", "disabling_deficit": True}
    answer, text = note({"evaluated_at": EVALUATED, "facts": facts})
    cautions = [caution for advice in answer["ivt"] for caution in advice["cautions"]]
    assert cautions
    for caution in cautions:
        assert caution["title"] in " ".join(text.split())


def test_a_reading_lists_regions_of_both_sides() -> None:
    region = {"status": "affected", "hu": 28.04, "delta_hu": -2.25}
    unseen = {"status": "not_assessable", "hu": None, "delta_hu": None}
    text = reading_text(
        {
            "status": "scored",
            "side": "right",
            "total": 9,
            "total_low": 8,
            "total_high": 10,
            "regions": {"left": {"C": unseen}, "right": {"C": region}},
            "warnings": [{"code": "OLD_INFARCT", "text": "An old infarct was left out."}],
        }
    )
    assert "ASPECTS 9 (bounds 8 to 10), right" in text
    row = next(line for line in text.splitlines() if line.startswith("C "))
    assert row.split() == ["C", "-", "-", "not", "assessable", "28.0", "-2.2", "affected"]
    assert "An old infarct was left out. (OLD_INFARCT)" in text


@pytest.mark.parametrize("clause", rules_catalogue(), ids=lambda clause: clause["id"])
def test_every_clause_can_be_shown(clause: dict[str, Any]) -> None:
    text = clause_text(clause)
    assert clause["id"] in text
    assert clause["outcome"] in text
    assert "None" not in text

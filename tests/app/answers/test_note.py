"""The note for the terminal: short, plain, and true to the answer."""

import json
from datetime import UTC, datetime
from pathlib import Path
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


STORIES = Path(__file__).resolve().parents[3] / "sample_data" / "cases"


def flat_note(story: str, **facts: object) -> str:
    """The note of a sample case, some facts replaced, as one line."""
    case = json.loads((STORIES / f"{story}.json").read_text(encoding="utf-8"))
    case["facts"] |= facts
    return " ".join(note(case)[1].split())


def test_the_verdict_says_what_becomes_of_it_before_the_puncture() -> None:
    told = flat_note("bound_passes_on_the_road")
    assert "clause 4.7.2-1). After 12:00 UTC: data are insufficient to decide. Do: Transfer now" in told


def test_the_verdict_says_what_it_waits_for() -> None:
    told = flat_note("very_large_core")
    assert "Cannot say yet: data are missing (AHA/ASA 2026). It waits for: Significant mass effect. Do:" in told


def test_near_a_bound_of_aspects_it_says_how_readers_agree() -> None:
    told = flat_note("very_large_core")
    assert "ASPECTS is 1 point from other answers: AHA/ASA 2026, SNIS large core 2024. Readers seldom agree" in told


def test_times_are_told_by_one_clock() -> None:
    told = flat_note("night_of_the_clock_change")
    assert "closes 05:20 UTC" in told
    assert "(after 23:20 UTC)" in told, "24 hours after 00:20 summer time"
    assert "+0100" not in told


def test_nobody_is_told_of_another_vessel_but_of_another_branch() -> None:
    told = flat_note("m2_nondominant")
    assert "AHA/ASA 2026 changes if:" in told
    assert "Occluded vessel: MCA M2, dominant: class 2a: reasonable" in told
    assert "Basilar:" not in told
    assert "Occluded vessel:" not in flat_note("late_large_core_84")


def test_what_must_be_corrected_first_does_not_count_as_a_contraindication() -> None:
    told = flat_note("haemorrhage")
    assert "contraindicated: Haemorrhage on imaging (absolute contraindication); besides: Diastolic" in told
    assert "Follow the haemorrhage pathway. Refer to neurosurgery and intensive care." in told


def test_both_treatments_are_due_unless_a_caution_decides_against_one() -> None:
    unless = "Where what is to be weighed does not speak against thrombolysis: - With thrombectomy, AHA/ASA 2026"
    assert unless in flat_note("apixaban_8_h_ago")
    without = flat_note("apixaban_8_h_ago", anticoagulant="none", hours_since_anticoagulant=None)
    assert "With thrombectomy, AHA/ASA 2026: Both are due" in without
    assert "Where what is to be weighed" not in without


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


def test_a_side_that_does_not_stand_out_is_told_with_the_other() -> None:
    text = reading_text(
        {
            "status": "scored",
            "side": "left",
            "side_stands_out": False,
            "total": 10,
            "total_low": 9,
            "total_high": 10,
            "regions": {},
            "quality": {"side_probability": {"left": 0.12, "right": 0.03, "none": 0.85}},
            "warnings": [],
        }
    )
    assert "no side stands out (change on the left 0.12, on the right 0.03)" in " ".join(text.split())


@pytest.mark.parametrize("clause", rules_catalogue(), ids=lambda clause: clause["id"])
def test_every_clause_can_be_shown(clause: dict[str, Any]) -> None:
    text = clause_text(clause)
    assert clause["id"] in text
    assert clause["outcome"] in text
    assert "None" not in text

"""Surgery for a swelling infarct: which guideline speaks, which clauses hold together, and what stays unknown."""

from datetime import UTC, date, datetime

import pytest

from scoring.case import Case
from scoring.decompression import (
    DecompressionAdvice,
    decompression_advice,
    surgery_is_advised,
    swelling_is_in_question,
)
from scoring.derived import assess
from scoring.errors import CaseError
from scoring.facts import Facts, NihssItems
from scoring.nihss import ITEM_MAXIMA
from scoring.rule_files import read_rulebook
from scoring.values import Known

BOOK = read_rulebook()
TODAY = date(2026, 11, 22)
MALIGNANT: dict[str, Known] = {
    "age_years": 55, "nihss_total": 18, "nihss_1a": 1, "mca_infarct_fraction": 0.6, "deficit_worsening": True,
    "minutes_since_last_known_well": 1800,
}  # fmt: skip


def advice_of(values: dict[str, Known], on: date = TODAY) -> dict[str, DecompressionAdvice]:
    return {told.answer.ruleset.id: told for told in decompression_advice(BOOK, on, values)}


def test_both_guidelines_answer_for_a_malignant_infarct() -> None:
    told = advice_of(MALIGNANT)
    assert told["aha-asa-2026-decompression"].answer.outcome == "COR1"
    assert told["nice-ng128-decompression"].answer.outcome == "CONSIDER"
    assert surgery_is_advised(list(told.values())) is True


def test_above_sixty_the_american_class_falls_and_the_british_does_not() -> None:
    told = advice_of({**MALIGNANT, "age_years": 61})
    assert told["aha-asa-2026-decompression"].answer.outcome == "COR2b"
    assert told["nice-ng128-decompression"].answer.outcome == "CONSIDER"


def test_drainage_and_craniectomy_are_both_told() -> None:
    told = advice_of({"cerebellar_infarct": True, "obstructive_hydrocephalus": True, "deficit_worsening": True})
    cerebellar = told["aha-asa-2026-cerebellar"]
    assert [clause.clause for clause in cerebellar.clauses] == ["6.4-2", "6.4 ventriculostomy"]
    assert cerebellar.answer.clause is cerebellar.clauses[0]


def test_unknown_deterioration_is_asked_for_and_not_taken_as_no() -> None:
    values = {fact: value for fact, value in MALIGNANT.items() if fact != "deficit_worsening"}
    told = advice_of(values)["aha-asa-2026-decompression"]
    assert told.answer.outcome == "NEED_DATA"
    assert told.answer.missing == ("deficit_worsening",)
    assert told.clauses == ()
    assert not told.speaks_for_surgery
    assert surgery_is_advised([told]) is None, "a source that waits for data has not said no"


def test_nothing_speaks_for_surgery_in_a_small_infarct_of_an_alert_patient() -> None:
    small: dict[str, Known] = {
        **MALIGNANT, "nihss_1a": 0, "mca_infarct_fraction": 0.2, "dwi_lesion_volume_ml": 30,
        "malignant_mca_infarct": False, "cerebellar_infarct": False, "cerebellar_infarct_volume_ml": 0,
    }  # fmt: skip
    told = advice_of(small)
    assert {entry.answer.outcome.value for entry in told.values()} == {"NOT_ADDRESSED", "NOT_SELECTED"}
    assert surgery_is_advised(list(told.values())) is False


def test_before_the_american_guideline_only_the_british_answers() -> None:
    assert set(advice_of(MALIGNANT, date(2025, 6, 1))) == {"nice-ng128-decompression"}


def test_swelling_is_in_question_only_where_somebody_looked_for_it() -> None:
    assert not swelling_is_in_question({"nihss_total": 22, "nihss_1a": 1, "age_years": 50})
    assert swelling_is_in_question({"cerebellar_infarct": False})


def test_consciousness_comes_from_the_items_and_must_agree_with_them() -> None:
    now = datetime(2026, 11, 22, tzinfo=UTC)
    items: NihssItems = {**dict.fromkeys(ITEM_MAXIMA, 0), "1a": 2}
    assert assess(Case(evaluated_at=now, facts=Facts(nihss_items=items))).values["nihss_1a"] == 2
    assert "nihss_1a" not in assess(Case(evaluated_at=now, facts=Facts(nihss_items={"4": 1}))).values
    with pytest.raises(CaseError) as refused:
        assess(Case(evaluated_at=now, facts=Facts(nihss_items=items, nihss_1a=1)))
    assert refused.value.loc == ("facts", "nihss_1a")

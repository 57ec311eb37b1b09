"""Thrombolysis: the cautions that hold, with their lines, the gravest first, and what stays unknown."""

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from scoring.case import Case
from scoring.derived import assess
from scoring.eligibility import AnsweredLine
from scoring.facts import Facts
from scoring.local_policy import with_local_policy
from scoring.outcomes import Outcome, Tier
from scoring.rule_files import read_rulebook
from scoring.thrombolysis import ThrombolysisAdvice, thrombolysis_advice
from scoring.values import Interval, Known

BOOK = read_rulebook()
TODAY = date(2026, 11, 22)
EXAMPLE = Path(__file__).resolve().parent.parent.parent / "sample_data" / "local_policy.yaml"
ABSOLUTE = (
    "amyloid_immunotherapy", "aortic_arch_dissection", "aptt_seconds", "extensive_hypodensity",
    "haemorrhage_on_imaging", "days_since_head_injury", "infective_endocarditis", "inr", "intra_axial_neoplasm",
    "anticoagulant", "hours_since_anticoagulant", "days_since_neurosurgery", "platelets_10e9_per_l", "pt_seconds",
    "days_since_spinal_cord_injury",
)  # fmt: skip
"""What the absolute contraindications of 2026 ask, in the order of their names."""


def advice(values: dict[str, Known], on: date = TODAY) -> ThrombolysisAdvice:
    (told,) = thrombolysis_advice(BOOK, on, values)
    return told


def test_the_gravest_caution_comes_first_and_each_carries_its_lines() -> None:
    told = advice({"active_cancer": True, "systolic_bp_mmhg": 190, "inr": 2.0, "age_years": 70})
    assert [(caution.clause.clause, caution.tier, caution.is_local) for caution in told.cautions] == [
        ("inr", Tier.ABSOLUTE, False),
        ("blood-pressure-high", Tier.CORRECT_FIRST, False),
        ("active-cancer", Tier.RELATIVE, False),
    ]
    assert [caution.lines for caution in told.cautions] == [
        (AnsweredLine("inr", "above 1.7", "met"),),
        (AnsweredLine("systolic_bp_mmhg", "above 185", "met"),),
        (AnsweredLine("active_cancer", "yes", "met"),),
    ]
    assert told.is_contraindicated
    assert not advice({"active_cancer": True, "systolic_bp_mmhg": 190}).is_contraindicated


def test_of_absolute_contraindications_what_nobody_answered_is_unknown() -> None:
    assert advice({}).unknown == ABSOLUTE
    assert advice({"inr": 1.7, "infective_endocarditis": False}).unknown == tuple(
        fact for fact in ABSOLUTE if fact not in {"inr", "infective_endocarditis"}
    )


def test_a_contraindication_that_holds_or_cannot_hold_asks_nothing_more() -> None:
    assert "hours_since_anticoagulant" not in advice({"anticoagulant": "none"}).unknown
    lmwh = advice({"anticoagulant": "lmwh"}).unknown
    assert "anticoagulant" not in lmwh
    assert "hours_since_anticoagulant" in lmwh


def test_a_value_across_the_bound_is_neither_a_contraindication_nor_unknown() -> None:
    told = advice({"platelets_10e9_per_l": Interval(90, 110)})
    assert told.cautions == ()
    assert "platelets_10e9_per_l" not in told.unknown


def test_every_guideline_has_its_own_cautions_and_the_hospital_adds_to_each() -> None:
    layered = with_local_policy(BOOK, EXAMPLE)
    (told,) = thrombolysis_advice(layered, TODAY, {"days_since_neurosurgery": 13})
    assert [(caution.clause.id, caution.is_local) for caution in told.cautions] == [
        ("aha-asa-2026-ivt-cautions.neurosurgery-recent", False),
        ("local.neurosurgery-60-days", True),
    ]


def test_the_window_is_answered_beside_the_cautions() -> None:
    early: dict[str, Known] = {"minutes_since_last_known_well": 100, "age_years": 70, "disabling_deficit": True}
    told = advice(early)
    assert told.answer.ruleset.id == "aha-asa-2026-ivt"
    assert told.answer.outcome is Outcome.COR1


@pytest.mark.parametrize("on", [date(2010, 1, 1), date(2026, 1, 25)])
def test_before_the_guideline_nobody_is_asked(on: date) -> None:
    assert thrombolysis_advice(BOOK, on, {"inr": 2.0}) == []


@pytest.mark.parametrize(
    ("facts", "clause", "tier"),
    [
        ({"anticoagulant": "warfarin"}, "inr-on-warfarin", Tier.CORRECT_FIRST),
        ({"anticoagulant": "heparin"}, "aptt-on-heparin", Tier.CORRECT_FIRST),
        ({"anticoagulant": "doac"}, "doac-last-dose", Tier.RELATIVE),
        ({"anticoagulant": "lmwh"}, "lmwh-last-dose", Tier.CORRECT_FIRST),
        ({"anticoagulant": "warfarin", "inr": 1.2}, None, None),
        ({"anticoagulant": "heparin", "aptt_seconds": 30}, None, None),
        ({"anticoagulant": "doac", "hours_since_anticoagulant": 60}, None, None),
        ({"anticoagulant": "lmwh", "hours_since_anticoagulant": 30}, None, None),
        ({"anticoagulant": "none"}, None, None),
        ({}, None, None),
    ],
)
def test_an_anticoagulant_without_its_test_or_last_dose_is_a_caution(
    facts: dict[str, Any], clause: str | None, tier: Tier | None
) -> None:
    values = assess(Case(evaluated_at=datetime(2026, 11, 22, tzinfo=UTC), facts=Facts(**facts))).values
    told = [(caution.clause.clause, caution.tier) for caution in advice(values).cautions]
    assert told == ([(clause, tier)] if clause else [])


@pytest.mark.parametrize(
    ("mg_per_dl", "per_mmol", "clause"),
    [
        (mg, factor, clause)
        for factor in (18, 18.016, 18.0182, 18.02)
        for mg, clause in ((49, "glucose-low"), (50, None), (400, None), (401, "glucose-high"))
    ],
)
def test_glucose_is_judged_alike_by_every_common_factor(mg_per_dl: int, per_mmol: float, clause: str | None) -> None:
    told = [caution.clause.clause for caution in advice({"glucose_mmol_per_l": mg_per_dl / per_mmol}).cautions]
    assert told == ([clause] if clause else [])

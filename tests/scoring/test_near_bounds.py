"""A value one step from other answers is told as such, and no other."""

from datetime import date

import pytest

from scoring.eligibility import grid_in_force, judge
from scoring.explain import Change, what_would_change
from scoring.near_bounds import Graded, NearBound, graded, margins, near_bounds
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
PATIENT: dict[str, Known] = {
    "age_years": 60,
    "nihss_total": 16,
    "prestroke_mrs": 0,
    "occlusion_site": "mca_m1",
    "aspects_total": 8,
    "minutes_since_last_known_well": 180,
    "haemorrhage_on_imaging": False,
    "mass_effect": False,
}


def found(**changed: Known) -> dict[str, NearBound]:
    values = {**PATIENT, **changed}
    answers = judge(GRID, values)
    return {bound.fact: bound for bound in near_bounds(graded(what_would_change(GRID, values, answers)), values)}


def test_a_patient_far_from_every_bound_is_near_none() -> None:
    assert found() == {}


def test_aspects_6_is_one_point_from_5() -> None:
    bound = found(aspects_total=6)["aspects_total"]
    assert (bound.value, bound.nearest, bound.distance) == (6, 5, 1)
    assert "aha-asa-2019" not in bound.rulesets, "a superseded edition does not make the answer fragile"
    assert bound.rulesets
    assert bound.text == "ASPECTS is 1 point from other answers"
    assert bound.margin.note


@pytest.mark.parametrize(("minutes", "distance"), [(331, 30), (350, 11), (360, 1)])
def test_time_is_near_within_half_an_hour(minutes: int, distance: int) -> None:
    bound = found(minutes_since_last_known_well=minutes)["minutes_since_last_known_well"]
    assert (bound.nearest, bound.distance) == (361, distance)


def test_time_is_not_near_beyond_half_an_hour() -> None:
    assert "minutes_since_last_known_well" not in found(minutes_since_last_known_well=330)


@pytest.mark.parametrize(("nihss", "near"), [(7, False), (6, True)])
def test_one_nihss_point(nihss: int, *, near: bool) -> None:
    assert ("nihss_total" in found(nihss_total=nihss)) is near


def test_a_fraction_of_a_year_is_told_as_such() -> None:
    bound = found(age_years=79.5, aspects_total=4, minutes_since_last_known_well=700)["age_years"]
    assert bound.text == "Age is 0.5 years from other answers"


def test_a_range_of_values_is_not_called_near() -> None:
    assert "aspects_total" not in found(aspects_total=Interval(5, 6))


def test_every_margin_is_of_a_numeric_fact_and_positive() -> None:
    assert all(margin.within > 0 for margin in margins().values())
    assert {margin.checked for margin in margins().values() if margin.note is None} == {None}


def change(fact: str, nearest: float | None, ruleset: str = "dawn") -> Change:
    return Change(fact, "is otherwise", ruleset, Outcome.NOT_ELIGIBLE, Outcome.NOT_ELIGIBLE.label, None, nearest)


def test_only_numbers_with_a_margin_can_be_near() -> None:
    patient: dict[str, Known] = {"nihss_total": 6, "core_volume_ml": 50, "occlusion_site": "mca_m1"}
    changes = [change("nihss_total", None), change("core_volume_ml", 51), change("occlusion_site", None)]
    assert near_bounds(graded(changes), patient) == []
    kept = change("nihss_total", 5)
    assert graded([*changes, kept]) == [Graded("nihss_total", margins()["nihss_total"], {5: ["dawn"]}, low=4, high=6)]
    assert near_bounds(graded([kept]), {}) == [], "not known is not near"


def test_the_nearest_is_told_first() -> None:
    changes = [change("age_years", 71, "tension"), change("age_years", 69.5, "dawn")]
    assert [bound.nearest for bound in near_bounds(graded(changes), {"age_years": 70.2})] == [69.5, 71]


def test_rule_sets_that_turn_at_the_same_value_are_told_together_and_once() -> None:
    patient: dict[str, Known] = {"nihss_total": 6, "aspects_total": 6}
    changes = [
        change("nihss_total", 5), change("aspects_total", 5, "tension"), change("nihss_total", 7, "select2"),
        change("nihss_total", 5, "defuse-3"), change("nihss_total", 5), change("nihss_total", 4, "laste"),
    ]  # fmt: skip
    told = [(bound.fact, bound.nearest, bound.rulesets) for bound in near_bounds(graded(changes), patient)]
    assert told == [
        ("aspects_total", 5, ("tension",)), ("nihss_total", 5, ("dawn", "defuse-3")), ("nihss_total", 7, ("select2",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fact", "value", "nearest", "text"),
    [
        ("nihss_total", 6, 5, "NIHSS is 1 point from other answers"),
        ("age_years", 79.5, 80, "Age is 0.5 years from other answers"),
        ("age_years", 78.75, 80, "Age is 1 year from other answers"),
        ("minutes_since_last_known_well", 350, 361, "Time since last known well is 11 minutes from other answers"),
    ],
)
def test_the_distance_in_words(fact: str, value: float, nearest: float, text: str) -> None:
    assert NearBound(fact, value, nearest, (), margins()[fact]).text == text

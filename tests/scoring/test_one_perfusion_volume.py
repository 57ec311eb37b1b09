"""One perfusion volume without the other: what it settles by itself, and what it leaves to be asked."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from scoring.case import Case
from scoring.derived import MISMATCH_FACTS, assess
from scoring.eligibility import Answer, grid_in_force, judge
from scoring.explain import what_would_change
from scoring.facts import Facts
from scoring.near_bounds import graded, near_bounds
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Known

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
LATE: dict[str, Any] = {
    "occlusion_site": "mca_m1", "minutes_since_last_known_well": 800, "age_years": 70, "nihss_total": 12,
    "prestroke_mrs": 0, "aspects_total": 8,
}  # fmt: skip


def values_of(**volumes: float) -> dict[str, Known]:
    return assess(Case(evaluated_at=datetime(2026, 11, 22, 12, tzinfo=UTC), facts=Facts(**LATE, **volumes))).values


def answer_of(ruleset: str, **volumes: float) -> Answer:
    return next(answer for answer in judge(GRID, values_of(**volumes)) if answer.ruleset.id == ruleset)


@pytest.mark.parametrize("tmax", [0, 10, 14.9])
def test_where_too_little_is_hypoperfused_no_core_leaves_enough_to_save(tmax: float) -> None:
    defuse = answer_of("defuse-3", tmax6_volume_ml=tmax)
    assert (defuse.outcome, defuse.missing) == (Outcome.NOT_ELIGIBLE, ())
    assert [(line.fact, line.answer) for line in defuse.lines] == [("mismatch_volume_ml", "not_met")]
    late = answer_of("uk-ncg-2023", tmax6_volume_ml=tmax)
    assert (late.outcome, late.missing) == (Outcome.NOT_ADDRESSED, ())


@pytest.mark.parametrize("tmax", [15, 100, 2000])
def test_where_enough_is_hypoperfused_the_core_is_asked_for(tmax: float) -> None:
    defuse = answer_of("defuse-3", tmax6_volume_ml=tmax)
    assert (defuse.outcome, defuse.missing) == (Outcome.NEED_DATA, ("core_volume_ml",))


@pytest.mark.parametrize(("tmax", "outcome"), [(15, Outcome.NOT_ADDRESSED), (15.1, Outcome.NEED_DATA)])
def test_at_a_strict_bound_a_core_of_nothing_is_not_enough(tmax: float, outcome: Outcome) -> None:
    assert answer_of("uk-ncg-2023", tmax6_volume_ml=tmax).outcome is outcome


def test_a_core_too_large_settles_it_whatever_is_hypoperfused() -> None:
    defuse = answer_of("defuse-3", core_volume_ml=80)
    assert (defuse.outcome, defuse.missing) == (Outcome.NOT_ELIGIBLE, ())
    assert [line.fact for line in defuse.lines] == ["core_volume_ml"]


@pytest.mark.parametrize("core", [0, 20, 69.9])
def test_with_a_small_core_the_hypoperfused_volume_is_asked_for(core: float) -> None:
    defuse = answer_of("defuse-3", core_volume_ml=core)
    assert (defuse.outcome, defuse.missing) == (Outcome.NEED_DATA, ("tmax6_volume_ml",))


def test_without_either_both_are_asked_for() -> None:
    assert answer_of("defuse-3").missing == ("core_volume_ml", "tmax6_volume_ml")


def test_beside_another_gap_a_volume_that_cannot_matter_is_not_named() -> None:
    values = {name: value for name, value in values_of(tmax6_volume_ml=10).items() if name != "nihss_total"}
    for answer in judge(GRID, values):
        if answer.ruleset.id in {"defuse-3", "uk-ncg-2023"}:
            assert "core_volume_ml" not in answer.missing
            assert answer.outcome is not Outcome.NEED_DATA


@pytest.mark.parametrize("volumes", [{"tmax6_volume_ml": 10}, {"tmax6_volume_ml": 20}, {"core_volume_ml": 20}])
def test_bounds_of_the_mismatch_are_neither_near_to_a_bound_nor_to_be_changed(volumes: dict[str, float]) -> None:
    values = values_of(**volumes)
    changes = what_would_change(GRID, values, judge(GRID, values))
    assert changes
    assert not {change.fact for change in changes} & set(MISMATCH_FACTS)
    assert not {bound.fact for bound in near_bounds(graded(changes), values)} & set(MISMATCH_FACTS)

"""Bounds of time on the way to the puncture: which, when, and whose answers they change."""

from datetime import date

import pytest

from scoring.crossings import Crossing, crossings, later
from scoring.eligibility import grid_in_force, outcomes
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
NAMES = [ruleset.id for ruleset in GRID.rulesets]
OLD_LARGE_CORE: dict[str, Known] = {
    "age_years": 82, "occlusion_site": "ica_intracranial", "nihss_total": 18, "prestroke_mrs": 0, "aspects_total": 4,
    "mass_effect": False, "salvageable_tissue": True, "core_volume_ml": 80, "tmax6_volume_ml": 150,
    "mismatch_volume_ml": 70, "mismatch_ratio": 1.875, "collaterals": "good", "dwi_flair_mismatch": False,
}  # fmt: skip


def at(minutes: float, to_puncture: int | None) -> tuple[Crossing, ...]:
    values: dict[str, Known] = {**OLD_LARGE_CORE, "minutes_since_last_known_well": minutes}
    return crossings(GRID, values, {"minutes_since_last_known_well": minutes}, to_puncture)


def test_the_end_of_six_hours_is_told_with_the_answers_that_it_changes() -> None:
    (crossing,) = at(310, 79)
    assert (crossing.minutes_since_last_known_well, crossing.minutes_from_now) == (360, 50)
    changes = {ruleset: (old, new) for ruleset, old, new in crossing.changes}
    assert changes["aha-asa-2026"] == (Outcome.COR1, Outcome.IDD)
    assert changes["rescue-japan-limit"] == (Outcome.ELIGIBLE, Outcome.NOT_ELIGIBLE)
    assert "snis-large-core-2024" not in changes


def test_bounds_come_in_the_order_in_which_they_are_crossed() -> None:
    found = at(310, 400)
    bounds = [crossing.minutes_since_last_known_well for crossing in found]
    assert bounds == [360, 390, 660]
    assert [change[0] for change in found[1].changes] == ["laste"]
    assert [change[0] for change in found[2].changes] == ["tension"]


@pytest.mark.parametrize(("to_puncture", "crossed"), [(50, 0), (51, 1)])
def test_a_puncture_at_the_bound_itself_crosses_nothing(to_puncture: int, crossed: int) -> None:
    assert len(at(310, to_puncture)) == crossed


def test_a_bound_that_is_reached_now_is_crossed_now() -> None:
    (crossing,) = at(360, 10)
    assert crossing.minutes_from_now == 0


def test_what_is_told_is_what_every_minute_says() -> None:
    """A window may close at a bound or open at it: what counts is the minute before and the minute after."""
    durations = {"minutes_since_last_known_well": 300.0}
    values: dict[str, Known] = {**OLD_LARGE_CORE, **durations}
    said = {300 + minute: outcomes(GRID, later(values, durations, minute)) for minute in range(1301)}
    turns = {minute for minute in range(301, 1601) if said[minute] != said[minute - 1]}
    found = crossings(GRID, values, durations, 1300)
    for crossing in found:
        bound = int(crossing.minutes_since_last_known_well)
        before, after = said[bound - 1], said[bound + 1]
        changed = [(name, old, new) for name, old, new in zip(NAMES, before, after, strict=True) if old != new]
        assert list(crossing.changes) == changed, bound
    bounds = {crossing.minutes_since_last_known_well for crossing in found}
    assert all(minute in bounds or minute - 1 in bounds for minute in turns)


def test_without_a_clock_or_a_puncture_nothing_is_crossed() -> None:
    assert at(310, None) == ()
    assert crossings(GRID, OLD_LARGE_CORE, {}, 100) == ()
    unsure: dict[str, Known] = {**OLD_LARGE_CORE, "minutes_since_last_known_well": Interval(100, 500)}
    assert crossings(GRID, unsure, {}, 100) == ()


def test_every_clock_moves_on_and_nothing_else_does() -> None:
    values: dict[str, Known] = {"age_years": 70, "minutes_since_imaging": 10, "minutes_since_recognition": 20}
    moved = later(values, {"minutes_since_imaging": 10, "minutes_since_recognition": 20}, 15)
    assert moved == {"age_years": 70, "minutes_since_imaging": 25, "minutes_since_recognition": 35}

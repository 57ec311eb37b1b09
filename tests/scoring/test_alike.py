"""Which patients share answers: those whom no rule, action, pool of trials or model of delay tells apart."""

from datetime import date

import pytest

from scoring.alike import alike_in_force
from scoring.benefit import all_figures, pool_conditions
from scoring.cells import Signs
from scoring.eligibility import grid_in_force
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known

DAY = date(2026, 11, 22)
BOOK = read_rulebook()
ALIKE = alike_in_force(BOOK, DAY)
PATIENT: dict[str, Known] = {"occlusion_site": "mca_m3", "minutes_since_last_known_well": 200, "nihss_total": 7}


def test_patients_in_the_same_cells_are_alike() -> None:
    assert ALIKE.kept_for(PATIENT) is ALIKE.kept_for({**PATIENT, "minutes_since_last_known_well": 201})
    today, tomorrow = (alike_in_force(BOOK, day) for day in (DAY, date(2026, 11, 23)))
    assert today is tomorrow, "nothing came into force between the two days"


@pytest.mark.parametrize(
    ("fact", "one", "other"),
    [
        ("nihss_total", 5, 6),  # a guideline
        ("nihss_total", 3, 4),  # the pool of DISTAL, and no rule set
        ("systolic_bp_mmhg", 185, 186),  # a caution
        ("systolic_bp_mmhg", 185, None),
        ("mass_effect", True, False),
        ("age_years", 79.9, 80),
        ("tmax6_volume_ml", 100, None),  # no rule asks for it, but for the mismatch that it goes into
    ],
)
def test_patients_on_two_sides_of_a_bound_are_not(fact: str, one: Known, other: Known | None) -> None:
    patients = [{**PATIENT, **({} if value is None else {fact: value})} for value in (one, other)]
    assert ALIKE.kept_for(patients[0]) is not ALIKE.kept_for(patients[1])


@pytest.mark.parametrize(
    ("fact", "between", "inside"),
    [
        ("nihss_total", Interval(11, 13), 12),
        ("aspects_total", Interval(7, 8), 8),
        ("mismatch_volume_ml", Interval(0, 9), 5),
    ],
)
def test_bounds_within_one_cell_are_not_taken_for_a_value_in_it(fact: str, between: Interval, inside: Known) -> None:
    """What lies near to a value is told of a value alone."""
    column = next(column for column in grid_in_force(BOOK, DAY).columns if column.fact == fact)
    assert list(column.covered(between)) == list(column.covered(inside))
    assert ALIKE.kept_for({**PATIENT, fact: between}) is not ALIKE.kept_for({**PATIENT, fact: inside})
    wider = Interval(between.low + 0.5, between.high)
    assert ALIKE.kept_for({**PATIENT, fact: between}) is ALIKE.kept_for({**PATIENT, fact: wider})


def test_thrombectomy_alone_tells_fewer_patients_apart() -> None:
    grid = grid_in_force(BOOK, DAY)
    assert grid.kept_for(PATIENT) is grid.kept_for({**PATIENT, "systolic_bp_mmhg": 186})


def test_the_pools_ask_for_what_their_figures_do() -> None:
    asked = list(pool_conditions())
    assert asked == [condition for figure in all_figures() for condition in figure.applies_to]
    assert {"occlusion_site", "nihss_total"} <= {condition.fact for condition in asked}


def test_bits_of_a_value_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.cells._REMEMBERED", 1)
    column = next(column for column in grid_in_force(BOOK, DAY).columns if column.fact == "nihss_total")
    signs = Signs(column, shift=3)
    first, second = signs[5], signs[6]
    assert first == 1 << (3 + column.index(5))
    assert second == 1 << (3 + column.index(6))
    assert list(signs) == [5]
    assert signs[Interval(5, 6)] == sum(1 << (3 + i) for i in range(column.index(5), column.index(6) + 1))

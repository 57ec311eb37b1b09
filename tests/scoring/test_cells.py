"""A fact's range cut at the bounds of the rules: which piece a value lies in, and what holds there."""

import pytest

from scoring.cells import Column, columns_of
from scoring.conditions import Bounds, Condition, Flag, Membership
from scoring.values import Interval, Known, OneOf

NIHSS = Bounds("nihss_total", low=6), Bounds("nihss_total", high=7, high_is_strict=True), Bounds("nihss_total", low=42)
AGE = Bounds("age_years", low=18), Bounds("age_years", low=16, low_is_strict=True)


def column_of(*conditions: Condition) -> Column:
    """The column of conditions on one fact, of which each is a clause of its own."""
    (column,) = columns_of([[condition] for condition in conditions])
    return column


@pytest.mark.parametrize("value", [0, 5, 6, 7, 8, 41, 42])
def test_in_its_piece_a_number_meets_the_conditions_that_it_meets_itself(value: int) -> None:
    column = column_of(*NIHSS)
    mask = column.cells[column.index(value)].mask
    assert [bool(mask >> i & 1) for i in range(len(NIHSS))] == [condition.holds(value) for condition in NIHSS]


def test_pieces_and_points_alternate_and_tell_their_ends() -> None:
    ends = [(cell.low, cell.high) for cell in column_of(*NIHSS).cells]
    assert ends == [(None, 6), (6, 6), (6, 7), (7, 7), (7, 42), (42, 42), (42, None)]


def test_a_piece_without_a_value_that_the_fact_may_take_cannot_be_reached() -> None:
    """Between NIHSS 6 and 7 lies no integer, above 42 no NIHSS; between 16 and 18 lie ages."""
    assert list(column_of(*NIHSS).reachable(None)) == [0, 1, 3, 4, 5]
    assert list(column_of(*AGE).reachable(None)) == [0, 1, 2, 3, 4]
    lowest = column_of(Bounds("nihss_total", low=0), Bounds("nihss_total", low=2))
    assert list(lowest.reachable(None)) == [1, 2, 3, 4], "nothing lies below 0, and 1 between 0 and 2"
    ends = column_of(Bounds("prestroke_mrs", low=1), Bounds("prestroke_mrs", high=4))
    assert list(ends.reachable(None)) == [0, 1, 2, 3, 4], "0 alone lies below 1, and 5 alone above 4"


@pytest.mark.parametrize(
    ("known", "reachable"), [(5, [0]), (6, [1]), (Interval(5, 6), [0, 1]), (Interval(6, 8), [1, 3, 4])]
)
def test_what_is_known_of_a_number_can_lie_in(known: Known, reachable: list[int]) -> None:
    assert list(column_of(*NIHSS).reachable(known)) == reachable


def test_choices_that_stand_for_others_have_no_piece() -> None:
    """An M2 of unknown dominance is one of several; each of these has its own."""
    column = column_of(Membership("occlusion_site", ("mca_m1", "basilar")))
    assert "mca_m2_unspecified" not in column.choices
    held = {cell.choice for cell in column.cells if cell.mask}
    assert held == {"mca_m1", "basilar"}
    options = OneOf(frozenset({"mca_m2_dominant", "mca_m2_nondominant"}))
    assert {column.cells[i].choice for i in column.covered(options)} == set(options.options)
    assert len(column.reachable(None)) == len(column.choices)


def test_of_a_flag_each_answer_is_a_piece() -> None:
    column = column_of(Flag("mass_effect", expected=True), Flag("mass_effect", expected=False))
    yes, no = column.cells[column.index(True)], column.cells[column.index(False)]
    assert (yes.choice, yes.mask) == (True, 0b01)
    assert (no.choice, no.mask) == (False, 0b10)


def test_clauses_that_do_not_ask_for_a_fact_are_free_of_it_and_conditions_beside_them_only_cut() -> None:
    age, nihss = columns_of([[AGE[0]], [NIHSS[0], NIHSS[1]]], also=[Bounds("age_years", high=80)])
    assert (age.fact, age.free, nihss.fact, nihss.free) == ("age_years", 0b10, "nihss_total", 0b01)
    assert age.points == (18, 80)
    assert [cell.mask for cell in age.cells] == [0b10, 0b11, 0b11, 0b11, 0b11]
    assert [cell.mask for cell in nihss.cells] == [0b01, 0b11, 0b11, 0b01, 0b01]

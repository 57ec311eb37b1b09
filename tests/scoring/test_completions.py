"""What could still come out, and which facts settle it, on rule sets small enough to be worked out by hand."""

import pytest

from scoring.completions import Completions
from scoring.conditions import Bounds, Flag
from scoring.grid import Grid
from scoring.outcomes import Outcome, said
from scoring.rulebook import RuleSet
from scoring.values import Interval, Known
from tests.scoring.made_rules import made_of

SWOLLEN, NOT_SWOLLEN = Flag("mass_effect", expected=True), Flag("mass_effect", expected=False)
SALVAGEABLE = Flag("salvageable_tissue", expected=True)
SEVERE = Bounds("nihss_total", low=6)


def completions_of(ruleset: RuleSet, values: dict[str, Known]) -> Completions:
    grid = Grid([ruleset])
    return Completions(grid, ruleset, values, grid.masks(values).possible)


EITHER = made_of((Outcome.COR2A, SALVAGEABLE, NOT_SWOLLEN), (Outcome.COR1, SWOLLEN))


def test_a_fact_settles_the_outcome_if_with_some_value_of_it_no_other_fact_matters() -> None:
    """Swelling does: with it, class 1. Without it salvageable tissue decides, which alone settles nothing."""
    assert completions_of(EITHER, {}).settling_facts() == ["mass_effect"]
    assert completions_of(EITHER, {"mass_effect": False}).settling_facts() == ["salvageable_tissue"]


def test_where_no_single_fact_settles_the_outcome_all_that_can_make_a_difference_are_named() -> None:
    """The pre-stroke mRS cannot: the one clause that asks for it fails on the NIHSS."""
    both_ways = made_of(
        (Outcome.COR1, SALVAGEABLE, NOT_SWOLLEN),
        (Outcome.COR2A, SALVAGEABLE, SWOLLEN),
        (Outcome.COR2B, Flag("salvageable_tissue", expected=False), SWOLLEN),
        (Outcome.COR3NB, SEVERE, Bounds("prestroke_mrs", high=1)),
    )
    assert completions_of(both_ways, {"nihss_total": 3}).settling_facts() == ["salvageable_tissue", "mass_effect"]


@pytest.mark.parametrize(
    ("values", "outcomes"),
    [
        ({"mass_effect": True}, {Outcome.COR1}),
        ({"mass_effect": False}, {Outcome.COR2A, Outcome.NOT_ELIGIBLE}),
        ({"mass_effect": False, "salvageable_tissue": False}, {Outcome.NOT_ELIGIBLE}),
    ],
)
def test_what_could_still_come_out(values: dict[str, Known], outcomes: set[Outcome]) -> None:
    assert completions_of(EITHER, values).outcomes() == {said(outcome) for outcome in outcomes}


def test_a_number_known_within_bounds_varies_within_them_alone() -> None:
    ruleset = made_of((Outcome.COR1, SEVERE, NOT_SWOLLEN), (Outcome.COR2A, SEVERE, SWOLLEN))
    assert completions_of(ruleset, {"nihss_total": Interval(4, 5)}).outcomes() == {said(Outcome.NOT_ELIGIBLE)}
    across = completions_of(ruleset, {"nihss_total": Interval(5, 6), "mass_effect": False})
    assert across.outcomes() == {said(Outcome.COR1), said(Outcome.NOT_ELIGIBLE)}
    assert across.settling_facts() == ["nihss_total"]


def test_a_fact_that_no_clause_still_possible_asks_for_is_not_open() -> None:
    """Mild, the second clause alone is possible, and it does not ask for swelling."""
    ruleset = made_of((Outcome.COR1, SEVERE, SWOLLEN), (Outcome.COR2A, SALVAGEABLE))
    assert completions_of(ruleset, {"nihss_total": 3}).settling_facts() == ["salvageable_tissue"]


def test_clauses_that_nobody_can_meet_say_nothing() -> None:
    """No NIHSS lies between 6 and 7, and no grade of the mRS between 1 and 2."""
    ruleset = made_of(
        (Outcome.COR1, Bounds("nihss_total", low=6, low_is_strict=True, high=7, high_is_strict=True)),
        (Outcome.COR2A, Bounds("prestroke_mrs", low=1, low_is_strict=True, high=2, high_is_strict=True)),
    )
    assert completions_of(ruleset, {}).outcomes() == {said(Outcome.NOT_ELIGIBLE)}

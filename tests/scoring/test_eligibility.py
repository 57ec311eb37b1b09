"""Outcomes alone are those of the full answers; a grid of rules on facts that do not exist is refused."""

from dataclasses import replace
from datetime import date

import pytest

from scoring.conditions import Flag
from scoring.eligibility import grid_in_force, judge, outcomes
from scoring.grid import Grid
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known

BOOK = read_rulebook()
GRID = grid_in_force(BOOK, date(2026, 11, 22))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"haemorrhage_on_imaging": True},
        {"occlusion_site": "mca_m1", "nihss_total": 16, "aspects_total": Interval(5, 6)},
        {"occlusion_site": "basilar", "nihss_total": 20, "minutes_since_last_known_well": 660, "age_years": 50},
    ],
)
def test_outcomes_alone_are_those_of_the_answers(values: dict[str, Known]) -> None:
    assert outcomes(GRID, values) == tuple(answer.outcome for answer in judge(GRID, values))


def test_a_condition_on_a_fact_that_does_not_exist_cannot_be_compiled() -> None:
    ruleset = BOOK.ruleset("dawn")
    clause = replace(ruleset.clauses[0], lines=(Flag("shoe_size", expected=True),))
    with pytest.raises(KeyError, match="shoe_size"):
        Grid([replace(ruleset, clauses=(clause,))])


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.grid._REMEMBERED", 2)
    grid = Grid(list(BOOK.in_force(date(2026, 11, 22)))[:1])
    first = grid.kept_for({"nihss_total": 3})
    first["mark"] = True
    assert grid.kept_for({"nihss_total": 4}) is first, "the same cell"
    grid.kept_for({"nihss_total": 6})
    grid.kept_for({"nihss_total": 7, "prestroke_mrs": 0})
    assert "mark" not in grid.kept_for({"nihss_total": 3}), "forgotten, not grown without end"

"""Conditions: what they answer at, beside and across their bounds, what they say, and what is no condition."""

from typing import Any

import pytest

from scoring.conditions import DAYS_PER_YEAR, Bounds, read_condition, written
from scoring.values import Interval, Known, OneOf


def answer(line: dict[str, Any], value: Known | None) -> str:
    return read_condition({"fact": "x", **line}).answer(value).value


@pytest.mark.parametrize(
    ("line", "met", "not_met"),
    [
        ({"at_least": 6}, [6, 7], [5, 5.9]),
        ({"above": 6}, [6.1, 7], [6, 5]),
        ({"at_most": 6}, [6, 0], [6.1, 7]),
        ({"below": 6}, [5.9, 0], [6, 7]),
        ({"between": [3, 5]}, [3, 4, 5], [2, 6]),
        ({"above": 3, "at_most": 5}, [4, 5], [3, 6]),
        ({"at_least": 3, "below": 5}, [3, 4], [2, 5]),
        ({"one_of": ["a", "b"]}, ["a", "b"], ["c"]),
        ({"is": True}, [True], [False]),
        ({"is": False}, [False], [True]),
    ],
)
def test_known_values(line: dict[str, Any], met: list[Known], not_met: list[Known]) -> None:
    assert {answer(line, value) for value in met} == {"met"}
    assert {answer(line, value) for value in not_met} == {"not_met"}
    assert answer(line, None) == "unknown"


@pytest.mark.parametrize(
    ("line", "interval", "expected"),
    [
        ({"at_least": 6}, (6, 7), "met"),
        ({"at_least": 6}, (5, 6), "unknown"),
        ({"at_least": 6}, (4, 5), "not_met"),
        ({"above": 6}, (5, 6), "not_met"),
        ({"above": 6}, (6, 7), "unknown"),
        ({"at_most": 6}, (6, 7), "unknown"),
        ({"at_most": 6}, (7, 8), "not_met"),
        ({"below": 6}, (6, 7), "not_met"),
        ({"below": 6}, (5, 6), "unknown"),
        ({"between": [3, 5]}, (2, 6), "unknown"),
        ({"between": [3, 5]}, (3, 5), "met"),
        ({"between": [3, 5]}, (0, 2), "not_met"),
    ],
)
def test_an_interval_is_answered_only_where_all_of_it_agrees(
    line: dict[str, Any], interval: tuple[int, int], expected: str
) -> None:
    assert answer(line, Interval(*interval)) == expected


def test_options_are_answered_only_where_all_agree() -> None:
    line = {"one_of": ["a", "b"]}
    assert answer(line, OneOf(frozenset({"a", "b"}))) == "met"
    assert answer(line, OneOf(frozenset({"a", "c"}))) == "unknown"
    assert answer(line, OneOf(frozenset({"c", "d"}))) == "not_met"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"at_least": 6}, "at least 6"),
        ({"above": 360, "at_most": 1440}, "above 360, at most 1440"),
        ({"at_least": 18, "below": 80}, "at least 18, below 80"),
        ({"at_least": 3, "at_most": 5}, "3 to 5"),
        ({"between": [3, 5]}, "3 to 5"),
        ({"between": [4, 4]}, "exactly 4"),
        ({"below": 1.7}, "below 1.7"),
        ({"one_of": ["a"]}, "a"),
        ({"one_of": ["a", "b"]}, "one of a, b"),
        ({"is": True}, "yes"),
        ({"is": False}, "no"),
    ],
)
def test_conditions_in_words(line: dict[str, Any], words: str) -> None:
    assert read_condition({"fact": "x", **line}).text == words


def test_bounds_in_days_and_in_mg_per_dl_are_turned_into_the_unit_of_the_fact() -> None:
    days = read_condition({"fact": "age_years", "below": {"days": 28}})
    assert isinstance(days, Bounds)
    assert days.high == pytest.approx(28 / DAYS_PER_YEAR)
    assert days.text == "below 28 days"
    glucose = read_condition({"fact": "glucose_mmol_per_l", "below": {"mg_per_dl": 50}})
    assert isinstance(glucose, Bounds)
    assert glucose.high == pytest.approx(2.775, abs=0.001)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ({"at_least": 6}, "a condition needs 'fact"),
        ({"fact": "x"}, "needs one of"),
        ({"fact": "x", "is": "yes"}, "needs one of"),
        ({"fact": "x", "one_of": []}, "needs one of"),
        ({"fact": "x", "one_of": "a"}, "needs one of"),
        ({"fact": "x", "is": True, "at_least": 1}, "needs one of"),
        ({"fact": "x", "between": [1, 2], "at_least": 1}, "needs one of"),
        ({"fact": "x", "equals": 1}, "needs one of"),
        ({"fact": "x", "at_least": 1, "above": 1}, "same bound twice"),
        ({"fact": "x", "at_most": 1, "below": 1}, "same bound twice"),
        ({"fact": "x", "between": [2, 1]}, "above its upper bound"),
        ({"fact": "x", "at_least": True}, "a bound is a number"),
        ({"fact": "x", "at_least": "6"}, "a bound is a number"),
        ({"fact": "x", "at_least": {"weeks": 6}}, "a bound is a number"),
        ({"fact": "x", "at_least": {"days": 1, "mg_per_dl": 2}}, "a bound is a number"),
    ],
)
def test_what_is_no_condition_is_refused(line: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_condition(line)


@pytest.mark.parametrize(
    ("fact", "bound", "words"),
    [
        ("age_years", 28 / DAYS_PER_YEAR, "28 days"),
        ("age_years", 0.5, "183 days"),
        ("age_years", 0, "0"),
        ("age_years", 1, "1"),
        ("age_years", 80, "80"),
        ("dwi_lesion_fraction_of_mca", 0.5, "0.5"),
        ("glucose_mmol_per_l", 22.23, "22.23"),
        ("glucose_mmol_per_l", 1 / 3, "0.333"),
    ],
)
def test_bounds_as_people_read_them(fact: str, bound: float, words: str) -> None:
    assert written(fact, bound) == words


@pytest.mark.parametrize(
    "line", [{"at_least": 6}, {"between": [3, 5]}, {"one_of": ["a"]}, {"is": True}], ids=lambda line: next(iter(line))
)
def test_a_condition_is_about_its_fact(line: dict[str, Any]) -> None:
    assert read_condition({"fact": "age_years", **line}).fact == "age_years"

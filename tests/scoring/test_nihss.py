"""NIHSS: ranges, untestable items, missing items."""

import pytest

from scoring.errors import CaseError
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE, score_nihss

ZERO = dict.fromkeys(ITEM_MAXIMA, 0)


def test_the_arithmetic_maximum_is_42_and_warns_of_ataxia_in_plegia() -> None:
    score = score_nihss(dict(ITEM_MAXIMA))
    assert score.total == 42
    assert "Ataxia" in score.warnings[0]


@pytest.mark.parametrize("item", ITEM_MAXIMA)
def test_each_item_has_its_range(item: str) -> None:
    assert score_nihss({**ZERO, item: ITEM_MAXIMA[item]}).total == ITEM_MAXIMA[item]
    for value in (-1, ITEM_MAXIMA[item] + 1, True, 1.0, "1", None):
        with pytest.raises(CaseError) as caught:
            score_nihss({**ZERO, item: value})  # type: ignore[dict-item]  # the point of the test
        assert caught.value.loc == ("facts", "nihss_items", item)


@pytest.mark.parametrize("item", ITEM_MAXIMA)
def test_only_some_items_may_be_untestable_and_they_add_nothing(item: str) -> None:
    if item in MAY_BE_UNTESTABLE:
        score = score_nihss({**ZERO, "4": 2, item: "UN"})
        assert (score.total, score.untestable) == (2, (item,))
        assert item in score.warnings[0]
    else:
        with pytest.raises(CaseError):
            score_nihss({**ZERO, item: "UN"})


def test_missing_items_are_not_zero() -> None:
    score = score_nihss({"1a": 1, "9": 3})
    assert score.total is None
    assert (score.low, score.high) == (4, 40)


def test_an_unknown_item_is_refused_without_being_repeated() -> None:
    with pytest.raises(CaseError) as caught:
        score_nihss({"12": 1})
    assert "'12'" not in caught.value.message

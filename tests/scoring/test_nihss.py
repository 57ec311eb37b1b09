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


PLEGIC = {"5a": 4, "5b": 4, "6a": 4, "6b": 4}
ATAXIA = "Ataxia cannot be scored when no limb moves; item 7 should be 0."


@pytest.mark.parametrize(
    ("items", "loc", "message"),
    [
        (
            {"12": 1},
            ("facts", "nihss_items"),
            "The NIHSS has no such item; items are 1a, 1b, 1c, 2, 3, 4, 5a, 5b, 6a, 6b, 7, 8, 9, 10, 11.",
        ),
        ({"4": "UN"}, ("facts", "nihss_items", "4"), "Item 4 must be scored; it cannot be untestable."),
        ({"1b": 3}, ("facts", "nihss_items", "1b"), "Item 1b is 0 to 2; some may be UN."),
        ({"5a": "un"}, ("facts", "nihss_items", "5a"), "Item 5a is 0 to 4; some may be UN."),
    ],
)
def test_a_refusal_names_the_item_and_never_repeats_the_value(
    items: dict[str, int], loc: tuple[str, ...], message: str
) -> None:
    with pytest.raises(CaseError) as caught:
        score_nihss(items)
    assert (caught.value.loc, caught.value.message, str(caught.value)) == (loc, message, message)


@pytest.mark.parametrize(
    ("items", "warnings"),
    [
        ({**PLEGIC, "7": 1}, (ATAXIA,)),
        ({**PLEGIC, "7": 2}, (ATAXIA,)),
        ({**PLEGIC, "7": 0}, ()),
        (PLEGIC, ()),
        ({**PLEGIC, "6b": 3, "7": 2}, ()),
        ({"7": 2}, ()),
        ({**PLEGIC, "7": "UN"}, ("NIHSS items 7 are untestable and add 0.",)),
        ({"5a": "UN", "10": "UN"}, ("NIHSS items 5a, 10 are untestable and add 0.",)),
    ],
)
def test_ataxia_where_no_limb_moves_and_untestable_items_are_told(
    items: dict[str, int], warnings: tuple[str, ...]
) -> None:
    assert score_nihss(items).warnings == warnings

"""The regions behind a score, said beside it."""

from app.web.map.words import score_in_words
from scoring.regions import Region

WHOLE = {region.value: "unaffected" for region in Region}


def test_regions_are_listed_in_the_order_of_the_table_whatever_the_order_of_the_findings() -> None:
    assert score_in_words({"M2": "affected", **WHOLE, "L": "affected", "I": "affected"} | {"M2": "affected"}) == [
        "Affected: L, I, M2"
    ]


def test_what_was_not_looked_at_is_never_left_out() -> None:
    some = {"C": "affected", "M6": "not_assessable", "M5": "unaffected"}
    assert score_in_words(some) == [
        "Affected: C",
        "Cannot be assessed: M6",
        "Not looked at: L, IC, I, M1, M2, M3, M4",
    ]


def test_a_normal_scan_and_a_bare_total_list_nothing() -> None:
    assert score_in_words(WHOLE) == []
    assert score_in_words({}) == []

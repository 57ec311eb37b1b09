"""Thrombolysis beside thrombectomy: told where both are due, by whom and on which day."""

from datetime import date

import pytest

from scoring.bridging import bridging_clauses
from scoring.outcomes import Stance
from scoring.rule_files import read_rulebook
from scoring.values import Known

BOOK = read_rulebook()
TODAY = date(2026, 11, 22)
BOTH: dict[str, Known] = {"evt_stance": "recommended", "ivt_stance": "recommended"}
EARLY: dict[str, Known] = {"minutes_since_last_known_well": 120, "site_treats": True}
AHA = [("aha-asa-2026", "4.7.1-1"), ("aha-asa-2026", "4.7.1-2")]


def told(values: dict[str, Known], said: dict[str, Known], on: date = TODAY) -> list[tuple[str, str]]:
    return [(ruleset.name, clause.clause) for ruleset, clause in bridging_clauses(BOOK, on, values, said)]


def test_where_both_are_due_neither_is_left_out() -> None:
    assert told(EARLY, BOTH) == [*AHA, ("eso-esmint-2022", "direct")]
    assert told({**EARLY, "site_treats": False}, BOTH) == [*AHA, ("eso-esmint-2022", "drip-and-ship")]
    assert told({}, BOTH) == AHA


def test_after_waking_up_the_european_suggestion_counts_from_recognition() -> None:
    late: dict[str, Known] = {"minutes_since_last_known_well": 600, "site_treats": True}
    late |= {"minutes_since_recognition": 270, "dwi_flair_mismatch": True}
    assert told(late, BOTH) == [*AHA, ("eso-esmint-2022", "wake-up")]
    assert told({**late, "minutes_since_recognition": 271}, BOTH) == AHA


@pytest.mark.parametrize("stance", sorted(set(Stance) - {Stance.RECOMMENDED, Stance.REASONABLE}))
def test_where_one_of_them_is_not_due_there_is_nothing_to_say(stance: Stance) -> None:
    assert told(EARLY, {**BOTH, "evt_stance": stance.value}) == []
    assert told(EARLY, {**BOTH, "ivt_stance": stance.value}) == []


def test_each_day_has_its_guidelines() -> None:
    assert told(EARLY, BOTH, date(2024, 6, 1)) == [("eso-esmint-2022", "direct")]
    assert told(EARLY, BOTH, date(2020, 6, 1)) == []

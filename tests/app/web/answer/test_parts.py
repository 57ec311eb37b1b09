"""The parts of the workspace that are made from an answer: bounds in time, ways to a puncture, words for the call."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from app.web.answer.changes import changes
from app.web.answer.parts import asked_for, said_once
from app.web.answer.record_text import time_in_words
from app.web.answer.transfer import LINE_LENGTH, call_script, time_line
from app.web.times.bounds import time_bounds
from scoring.outcomes import Outcome

LONDON = ZoneInfo("Europe/London")
NOW = datetime(2026, 11, 22, 5, 5, tzinfo=UTC)


def _at(minutes: int) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def _source(ruleset: str, kind: str = "guideline") -> dict[str, Any]:
    return {"ruleset": ruleset, "title": ruleset.upper(), "kind": kind}


def _change(ruleset: str, outcome: str, minutes: int) -> dict[str, Any]:
    return {
        "if": "minutes_since_last_known_well is above 360",
        "fact": "minutes_since_last_known_well",
        "then": {"ruleset": ruleset, "outcome": outcome, "outcome_text": Outcome(outcome).label},
        "after": _at(minutes),
    }


def _answer(**parts: Any) -> dict[str, Any]:
    return {
        "case_id": "Bay 4",
        "evaluated_at": NOW.isoformat(),
        "evt": [_source("lead"), _source("other"), _source("third", "trial")],
        "evt_summary": {"text": "Recommended."},
        "aspects": None,
        "time": {"window_closes_at": _at(125), "projected_puncture_at": _at(130)},
        "transfer": {
            "action_text": "Transfer now",
            "destination": "Northport",
            "destinations": [],
            "estimates": {"minutes_to_thrombectomy_centre": 70},
        },
        "what_would_change": [],
        **parts,
    }


def _way(name: str, arrival: int, puncture: int | None, **parts: Any) -> dict[str, Any]:
    return {
        "name": name,
        "mode": "road",
        "transport_minutes": arrival,
        "arrival_at": _at(arrival),
        "open_on_arrival": True,
        "puncture_at": None if puncture is None else _at(puncture),
        "icu_beds": None,
        **parts,
    }


def test_bounds_come_in_order_with_what_the_leading_guideline_then_says() -> None:
    listed = [_change("lead", "COR2b", 300), _change("other", "IDD", 300), _change("third", "NOT_ELIGIBLE", 125)]
    near, far = time_bounds(_answer(what_would_change=listed))
    assert (near.at, near.closes, near.words) == (NOW + timedelta(minutes=125), True, "1 source answers otherwise")
    assert far.words == "LEAD: class 2b: may be reasonable; 1 other source answers otherwise"
    assert not far.closes


def test_bounds_that_lie_behind_are_left_out() -> None:
    answer = _answer(time={"window_closes_at": None}, what_would_change=[_change("lead", "COR1", -5)])
    assert time_bounds(answer) == []


def test_ways_are_laid_on_one_line_with_the_end_of_the_window() -> None:
    transfer = _answer()["transfer"] | {"destinations": [_way("Near", 40, 100), _way("Far", 95, 170, icu_beds=2)]}
    line = time_line(_answer(transfer=transfer), LONDON)
    assert line is not None
    near, far = line.journeys
    assert (near.margin, near.is_late) == ("25 min before the window closes", False)
    assert (far.margin, far.is_late) == ("45 min after the window closes", True)
    assert far.notes == "2 intensive care beds"
    assert near.puncture_at is not None
    assert line.closes_at is not None
    assert far.puncture_at is not None
    assert 0 < near.travel_to < near.puncture_at < line.closes_at < far.puncture_at < LINE_LENGTH


def test_a_centre_that_is_closed_or_without_a_known_time_says_so() -> None:
    transfer = _answer()["transfer"] | {"destinations": [_way("Near", 40, None, open_on_arrival=False)]}
    line = time_line(_answer(transfer=transfer), LONDON)
    assert line is not None
    assert line.journeys[0].notes == "closed on arrival"
    assert line.journeys[0].punctures == ""
    assert line.journeys[0].puncture_at is None


def test_the_centre_of_the_form_stands_for_a_network() -> None:
    line = time_line(_answer(), LONDON)
    assert line is not None
    assert [(one.name, one.arrives, one.punctures) for one in line.journeys] == [
        ("Northport", "06:15 GMT", "07:15 GMT")
    ]


def test_nothing_is_drawn_where_no_way_is_known() -> None:
    transfer = _answer()["transfer"] | {"estimates": {"minutes_to_thrombectomy_centre": None}}
    assert time_line(_answer(transfer=transfer), LONDON) is None


@pytest.mark.parametrize("case_id", ["Bay 4", "Büro \N{BULLET} 4", None])
def test_the_call_is_plain_text_and_hides_no_unknown(case_id: str | None) -> None:
    text = call_script(_answer(case_id=case_id), {"evaluated": "22 Nov 2026 05:05 GMT"}, [("NIHSS", "16 points")])
    assert text.isascii()
    assert "NIHSS 16 points" in text
    assert "haemorrhage not stated" in text
    assert "last known well not known" in text


def test_what_time_brings_is_said_as_a_moment_and_first() -> None:
    then = {"ruleset": "lead", "outcome": "COR2b", "outcome_text": "class 2b: may be reasonable"}
    age = {"if": "age_years is above 80", "fact": "age_years", "then": then}
    listed = changes(_answer(what_would_change=[age, _change("lead", "IDD", 300)]), LONDON)
    assert [one.title for one in listed["LEAD"]] == ["Time alone", "Age"]
    assert listed["LEAD"][0].lines[0][0] == "From 10:05 GMT"


def test_what_is_missing_says_who_waits_for_it_the_leading_guideline_first() -> None:
    def waits(ruleset: str, *facts: str, kind: str = "guideline") -> dict[str, Any]:
        return _source(ruleset, kind) | {"missing": list(facts)}

    evt = [
        waits("lead", "mass_effect"),
        waits("second", "core_volume_ml", "mass_effect"),
        waits("third", "mass_effect"),
        waits("trial", "core_volume_ml", kind="trial"),
    ]
    missing = ["core_volume_ml", "mass_effect", "site.capability"]
    asked = asked_for(_answer(evt=evt, missing=missing))
    assert [(one.name, one.waiting) for one in asked] == [
        ("mass_effect", "LEAD, SECOND, 1 more guideline"),
        ("core_volume_ml", "SECOND, 1 trial"),
        ("capability", "the next step"),
    ]


def test_a_time_that_is_about_right_is_said_so_wherever_it_is_counted() -> None:
    said = {"since": "3 h", "anchor": "since last known well"}
    assert time_in_words(said) == "3 h since last known well"
    assert time_in_words(said | {"about": "about"}) == "about 3 h since last known well"
    assert time_in_words({}) == "last known well not known"


def test_a_line_that_a_clause_and_its_exception_share_is_said_once_and_first() -> None:
    shared = {"fact": "occlusion_site", "condition": "one of mca_m1", "answer": "met"}
    lines = [
        shared,
        {"fact": "age_years", "condition": "at least 18", "answer": "met"},
        shared,
        {"fact": "age_years", "condition": "at least 80", "answer": "not_met"},
    ]
    assert said_once(lines) == [lines[0], lines[1], lines[3]]

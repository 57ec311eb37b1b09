"""Anchors, zones, clock changes, contradictions and the projected puncture."""

from datetime import UTC, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.errors import CaseError
from scoring.facts import Facts
from scoring.site import Capability, Site
from scoring.timeline import Timeline, minutes_to_puncture, timeline, window_at

NOW = datetime(2026, 11, 22, 14, tzinfo=UTC)


def ago(**delta: float) -> datetime:
    return NOW - timedelta(**delta)


def test_witnessed_onset_is_the_anchor_before_last_known_well() -> None:
    times = timeline(Facts(last_known_well_at=ago(hours=6), onset_witnessed_at=ago(hours=4)), NOW)
    assert (times.anchor, times.minutes_since_anchor) == ("onset_witnessed", 240)


def test_arrival_and_discovery_are_never_the_anchor() -> None:
    times = timeline(Facts(arrived_at=ago(hours=1), recognised_at=ago(hours=2)), NOW)
    assert times.anchor is None
    assert times.window is None
    assert times.minutes == {"minutes_since_recognition": 120, "minutes_since_arrival": 60}


@pytest.mark.parametrize(
    ("minutes", "window"),
    [
        (0, "0-6 h"),
        (360, "0-6 h"),
        (361, ">6-16 h"),
        (960, ">6-16 h"),
        (961, ">16-24 h"),
        (1440, ">16-24 h"),
        (1441, ">24 h"),
    ],
)
def test_a_shared_edge_belongs_to_the_earlier_window(minutes: int, window: str) -> None:
    assert window_at(minutes).name == window


def test_one_second_past_six_hours_is_past_six_hours() -> None:
    times = timeline(Facts(last_known_well_at=ago(hours=6, seconds=1)), NOW)
    assert times.window is not None
    assert times.window.name == ">6-16 h"
    assert times.minutes_since_anchor == 360


def test_a_night_with_a_clock_change_is_counted_in_real_hours() -> None:
    london = ZoneInfo("Europe/London")
    slept = datetime(2026, 10, 25, 0, 30, tzinfo=london)
    now = datetime(2026, 10, 25, 6, 30, tzinfo=london)
    assert timeline(Facts(last_known_well_at=slept), now).minutes_since_anchor == 7 * 60


def test_wake_up_counts_from_falling_asleep_and_says_so() -> None:
    times = timeline(Facts(slept_at=ago(hours=9), woke_at=ago(hours=1)), NOW)
    assert times.minutes["minutes_since_last_known_well"] == 540
    assert times.minutes["minutes_since_sleep_midpoint"] == 300
    assert times.minutes["minutes_since_recognition"] == 60
    assert any("falling asleep" in warning for warning in times.warnings)


def test_being_up_and_well_in_the_night_moves_the_anchor() -> None:
    times = timeline(Facts(slept_at=ago(hours=9), last_known_well_at=ago(hours=5), woke_at=ago(hours=1)), NOW)
    assert times.minutes_since_anchor == 300


def test_window_end_and_anchor_from_a_stated_duration() -> None:
    times = timeline(Facts(minutes_since_last_known_well=100), NOW)
    assert times.anchor_at == NOW - timedelta(minutes=100)
    assert times.window_closes_at == NOW + timedelta(minutes=260)


def test_beyond_the_last_window_nothing_closes() -> None:
    assert timeline(Facts(minutes_since_last_known_well=2000), NOW).window_closes_at is None


@pytest.mark.parametrize(
    ("facts", "fact"),
    [
        (Facts(last_known_well_at=NOW + timedelta(minutes=1)), "last_known_well_at"),
        (Facts(last_known_well_at=ago(hours=1), onset_witnessed_at=ago(hours=2)), "last_known_well_at"),
        (Facts(slept_at=ago(hours=1), woke_at=ago(hours=2)), "slept_at"),
        (Facts(last_known_well_at=ago(days=8)), "last_known_well_at"),
        (Facts(minutes_since_last_known_well=10_081), "last_known_well_at"),
        (Facts(last_known_well_at=ago(hours=3), minutes_since_last_known_well=170), "minutes_since_last_known_well"),
        (Facts(onset_witnessed_at=ago(hours=3), minutes_since_last_known_well=100), "minutes_since_last_known_well"),
        (Facts(last_known_well_at=datetime(2026, 11, 22, 8)), "last_known_well_at"),  # noqa: DTZ001 -- the point of the test
    ],
)
def test_contradictions_are_refused_and_the_fact_is_named(facts: Facts, fact: str) -> None:
    with pytest.raises(CaseError) as caught:
        timeline(facts, NOW)
    assert caught.value.loc == ("facts", fact)


def test_an_evaluation_without_a_zone_is_refused() -> None:
    with pytest.raises(CaseError):
        timeline(Facts(), datetime(2026, 11, 22, 8))  # noqa: DTZ001 -- the point of the test


def test_rounding_to_the_minute_is_no_contradiction() -> None:
    facts = Facts(last_known_well_at=ago(minutes=180, seconds=40), minutes_since_last_known_well=180)
    assert timeline(facts, NOW).minutes_since_anchor == 180


def test_last_known_well_before_a_witnessed_onset_is_no_contradiction() -> None:
    facts = Facts(onset_witnessed_at=ago(hours=2), minutes_since_last_known_well=240)
    assert timeline(facts, NOW).minutes_since_anchor == 120


@given(st.integers(-14, 14), st.integers(0, 2000))
def test_the_zone_in_which_a_time_is_written_changes_nothing(offset: int, minutes: int) -> None:
    start = (NOW - timedelta(minutes=minutes)).astimezone(timezone(timedelta(hours=offset)))
    assert timeline(Facts(last_known_well_at=start), NOW).minutes_since_anchor == minutes


def test_puncture_at_another_site_is_transport_then_door_to_groin() -> None:
    site = Site(capability=Capability.PRIMARY, minutes_to_thrombectomy_centre=70, door_to_groin_minutes=60)
    assert minutes_to_puncture(site, since_arrival=45) == 130


def test_puncture_here_counts_the_time_since_arrival() -> None:
    site = Site(capability=Capability.COMPREHENSIVE, door_to_groin_minutes=60)
    assert minutes_to_puncture(site, since_arrival=45) == 15
    assert minutes_to_puncture(site, since_arrival=90) == 0
    assert minutes_to_puncture(site, since_arrival=None) == 60


@pytest.mark.parametrize(
    "site",
    [None, Site(door_to_groin_minutes=60), Site(capability=Capability.PRIMARY, door_to_groin_minutes=60),
     Site(capability=Capability.PRIMARY, minutes_to_thrombectomy_centre=70)],
)  # fmt: skip
def test_puncture_is_unknown_while_a_part_is_unknown(site: Site | None) -> None:
    assert minutes_to_puncture(site, since_arrival=None) is None


@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (Facts(last_known_well_at=ago(minutes=180), minutes_since_last_known_well=181), False),
        (Facts(last_known_well_at=ago(minutes=180), minutes_since_last_known_well=179), False),
        (Facts(last_known_well_at=ago(minutes=180), minutes_since_last_known_well=182), True),
        (Facts(last_known_well_at=ago(minutes=180), minutes_since_last_known_well=178), True),
        (Facts(onset_witnessed_at=ago(minutes=180), minutes_since_last_known_well=179), False),
        (Facts(onset_witnessed_at=ago(minutes=180), minutes_since_last_known_well=178), True),
        (Facts(onset_witnessed_at=ago(minutes=180), minutes_since_last_known_well=180), False),
        (Facts(slept_at=ago(hours=9), woke_at=ago(hours=1), minutes_since_last_known_well=540), False),
        (Facts(slept_at=ago(hours=9), woke_at=ago(hours=1), minutes_since_last_known_well=600), True),
        (Facts(imaged_at=ago(minutes=30), minutes_since_imaging=31), False),
        (Facts(imaged_at=ago(minutes=30), minutes_since_imaging=60), True),
        (Facts(onset_witnessed_at=ago(hours=3), imaged_at=ago(minutes=30), minutes_since_imaging=60), True),
        (Facts(recognised_at=ago(minutes=30), minutes_since_recognition=60), True),
        (
            Facts(last_known_well_at=ago(hours=6), onset_witnessed_at=ago(hours=4), minutes_since_last_known_well=400),
            True,
        ),
    ],
)
def test_a_stated_duration_may_differ_by_a_minute_and_no_more(facts: Facts, *, is_refused: bool) -> None:
    if not is_refused:
        timeline(facts, NOW)
        return
    with pytest.raises(CaseError) as caught:
        timeline(facts, NOW)
    assert caught.value.message.endswith("contradicts the times that are given.")


@pytest.mark.parametrize(
    ("facts", "loc", "message"),
    [
        (
            Facts(last_known_well_at=datetime(2026, 11, 22, 8)),  # noqa: DTZ001 -- the point of the test
            ("facts", "last_known_well_at"),
            "The time needs a time zone, as in 2026-11-22T08:00+01:00.",
        ),
        (
            Facts(woke_at=NOW + timedelta(seconds=1)),
            ("facts", "woke_at"),
            "'woke with symptoms' lies after the time of evaluation.",
        ),
        (
            Facts(onset_witnessed_at=ago(hours=1), imaged_at=ago(hours=2)),
            ("facts", "onset_witnessed_at"),
            "'onset, if someone saw it' lies after 'first brain imaging'.",
        ),
        (
            Facts(minutes_since_last_known_well=10_081),
            ("facts", "last_known_well_at"),
            "Last known well is more than 7 days ago; please check the date.",
        ),
        (
            Facts(last_known_well_at=ago(minutes=180), minutes_since_last_known_well=182),
            ("facts", "minutes_since_last_known_well"),
            "'Time since last known well' contradicts the times that are given.",
        ),
    ],
)
def test_a_refusal_says_what_to_correct(facts: Facts, loc: tuple[str, ...], message: str) -> None:
    with pytest.raises(CaseError) as caught:
        timeline(facts, NOW)
    assert (caught.value.loc, caught.value.message) == (loc, message)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(last_known_well_at=NOW),
        Facts(minutes_since_last_known_well=10_080),
        Facts(last_known_well_at=ago(hours=1), onset_witnessed_at=ago(hours=1), recognised_at=ago(hours=1)),
        Facts(slept_at=ago(hours=1), woke_at=ago(hours=1)),
    ],
)
def test_the_last_moment_that_is_not_refused(facts: Facts) -> None:
    assert timeline(facts, NOW).minutes


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        ("last_known_well_at", "onset_witnessed_at"), ("last_known_well_at", "recognised_at"),
        ("last_known_well_at", "woke_at"), ("slept_at", "woke_at"), ("onset_witnessed_at", "recognised_at"),
        ("onset_witnessed_at", "imaged_at"),
    ],
)  # fmt: skip
def test_what_comes_first_cannot_lie_later(earlier: str, later: str) -> None:
    timeline(Facts(**{earlier: ago(hours=2), later: ago(hours=1)}), NOW)
    with pytest.raises(CaseError) as caught:
        timeline(Facts(**{earlier: ago(hours=1), later: ago(hours=2)}), NOW)
    assert caught.value.loc == ("facts", earlier)


@pytest.mark.parametrize(
    ("delta", "minutes", "kind"),
    [
        (timedelta(minutes=1), 1, int), (timedelta(hours=1), 60, int), (timedelta(minutes=61), 61, int),
        (timedelta(0), 0, int), (timedelta(seconds=61), 61 / 60, float), (timedelta(seconds=90), 1.5, float),
        (timedelta(minutes=2, milliseconds=300), 120.3 / 60, float),
    ],
)  # fmt: skip
def test_whole_minutes_are_whole_and_others_exact(delta: timedelta, minutes: float, kind: type) -> None:
    found = timeline(Facts(imaged_at=NOW - delta), NOW).minutes["minutes_since_imaging"]
    assert found == pytest.approx(minutes, abs=1e-6)
    assert type(found) is kind


def test_the_times_of_an_empty_case() -> None:
    times = timeline(Facts(), NOW)
    assert times == Timeline(None, None, {}, ())
    assert (times.window, times.window_closes_at, times.minutes_since_anchor) == (None, None, None)


def test_whoever_saw_the_onset_recognised_it_then() -> None:
    seen = timeline(Facts(onset_witnessed_at=ago(hours=2)), NOW)
    assert seen == Timeline(
        "onset_witnessed", ago(hours=2), {"minutes_since_last_known_well": 120, "minutes_since_recognition": 120}, ()
    )
    later = timeline(Facts(onset_witnessed_at=ago(hours=2), recognised_at=ago(hours=1)), NOW)
    assert later.minutes["minutes_since_recognition"] == 60


def test_every_stated_duration_is_taken_as_it_is() -> None:
    stated = {
        "minutes_since_last_known_well": 500, "minutes_since_recognition": 60, "minutes_since_sleep_midpoint": 280,
        "minutes_since_imaging": 20,
    }  # fmt: skip
    times = timeline(Facts(**stated), NOW)
    assert times.minutes == stated
    assert (times.anchor, times.anchor_at, times.warnings) == ("last_known_well", ago(minutes=500), ())


def test_falling_asleep_stands_for_last_known_well_only_where_nothing_later_is_known() -> None:
    told = "Last known well is taken as the time of falling asleep, since nothing later was stated."
    asleep = timeline(Facts(slept_at=ago(hours=9), woke_at=ago(hours=1)), NOW)
    assert (asleep.anchor, asleep.anchor_at, asleep.warnings) == ("last_known_well", ago(hours=9), (told,))
    seen = timeline(Facts(slept_at=ago(hours=9), onset_witnessed_at=ago(hours=2)), NOW)
    assert (seen.anchor, seen.anchor_at, seen.warnings) == ("onset_witnessed", ago(hours=2), ())
    up = timeline(Facts(slept_at=ago(hours=9), last_known_well_at=ago(hours=5)), NOW)
    assert (up.anchor, up.anchor_at, up.warnings) == ("last_known_well", ago(hours=5), ())


def test_an_evaluation_without_a_zone_says_so() -> None:
    with pytest.raises(CaseError) as caught:
        timeline(Facts(), datetime(2026, 11, 22, 8))  # noqa: DTZ001 -- the point of the test
    assert (caught.value.loc, caught.value.message) == (
        ("evaluated_at",), "The time of evaluation needs a time zone.",
    )  # fmt: skip


def test_a_stated_time_since_last_known_well_is_held_to_last_known_well_and_not_to_a_later_onset() -> None:
    both = {"last_known_well_at": ago(hours=6), "onset_witnessed_at": ago(hours=4)}
    assert timeline(Facts(**both, minutes_since_last_known_well=360), NOW).minutes_since_anchor == 240
    with pytest.raises(CaseError, match="contradicts the times"):
        timeline(Facts(**both, minutes_since_last_known_well=240), NOW)


@pytest.mark.parametrize(
    ("facts", "is_refused"),
    [
        (Facts(minutes_since_recognition=101, minutes_since_last_known_well=100), False),
        (Facts(minutes_since_recognition=102, minutes_since_last_known_well=100), True),
        (Facts(minutes_since_recognition=60, minutes_since_last_known_well=100), False),
        (Facts(minutes_since_recognition=500), False),
        (Facts(minutes_since_recognition=200, last_known_well_at=NOW - timedelta(minutes=100)), True),
        (Facts(minutes_since_recognition=200, onset_witnessed_at=NOW - timedelta(minutes=100)), True),
    ],
)
def test_nobody_notices_a_deficit_before_the_patient_was_last_well(facts: Facts, *, is_refused: bool) -> None:
    if not is_refused:
        assert "minutes_since_recognition" in timeline(facts, NOW).minutes
        return
    with pytest.raises(CaseError) as refused:
        timeline(facts, NOW)
    assert refused.value.loc == ("facts", "minutes_since_recognition")
    assert str(refused.value) == "The deficit was noticed before the patient was last well."

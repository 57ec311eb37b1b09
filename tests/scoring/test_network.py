"""Opening hours by local time, and destinations ranked by the projected puncture."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scoring.network import Destination, Network, NetworkSite, OpeningSpan, Route, destinations, site_at
from scoring.site import Capability, Site

LONDON = ZoneInfo("Europe/London")
WEEKDAYS = OpeningSpan(frozenset(range(5)), time(8), time(18))
NIGHTS = OpeningSpan(frozenset({4}), time(22), time(6))
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)  # a Monday


def site(site_id: str, capability: Capability | None, **more: object) -> NetworkSite:
    door_to_groin = more.pop("door_to_groin_minutes", None)
    described = Site(site_id=site_id, name=site_id.title(), capability=capability, door_to_groin_minutes=door_to_groin)  # type: ignore[arg-type]
    return NetworkSite(site=described, time_zone=LONDON, **more)  # type: ignore[arg-type]


NETWORK = Network(
    {
        "spoke": site("spoke", Capability.PRIMARY),
        "near": site("near", Capability.THROMBECTOMY_CAPABLE, door_to_groin_minutes=90, thrombectomy_hours=(WEEKDAYS,)),
        "far": site("far", Capability.COMPREHENSIVE, door_to_groin_minutes=45, icu_beds=3),
        "quiet": site("quiet", Capability.COMPREHENSIVE),
        "unknown": site("unknown", None),
    },
    (
        Route("spoke", "near", {"road": 30}),
        Route("spoke", "far", {"road": 80, "air": 40}),
        Route("spoke", "quiet", {"road": 10}),
        Route("spoke", "unknown", {"road": 5}),
        Route("near", "far", {"road": 60}),
    ),
)


@pytest.mark.parametrize(
    ("local", "is_open"),
    [((23, 7, 59), False), ((23, 8, 0), True), ((23, 17, 59), True), ((23, 18, 0), False), ((28, 12, 0), False)],
)
def test_hours_are_local_and_end_before_their_end(local: tuple[int, int, int], *, is_open: bool) -> None:
    day, hour, minute = local
    assert NETWORK.sites["near"].treats_at(datetime(2026, 11, day, hour, minute, tzinfo=LONDON)) is is_open


def test_a_span_past_midnight_belongs_to_the_day_on_which_it_begins() -> None:
    assert NIGHTS.holds(datetime(2026, 11, 27, 23))  # noqa: DTZ001 -- local time without a zone is what a span takes
    assert NIGHTS.holds(datetime(2026, 11, 28, 5))  # noqa: DTZ001 -- as above
    assert not NIGHTS.holds(datetime(2026, 11, 28, 23))  # noqa: DTZ001 -- as above
    assert not NIGHTS.holds(datetime(2026, 11, 27, 5))  # noqa: DTZ001 -- as above


def test_the_soonest_puncture_comes_first_and_what_is_not_known_last() -> None:
    ways = [(way.site_id, way.mode) for way in destinations(NETWORK, "spoke", NOW)]
    assert ways == [("far", "air"), ("near", "road"), ("far", "road"), ("quiet", "road")]


def test_a_site_that_closes_before_arrival_comes_last() -> None:
    late = NOW.replace(hour=17, minute=45)
    assert [way.site_id for way in destinations(NETWORK, "spoke", late)][-1] == "near"


def test_a_site_that_treats_is_its_own_destination() -> None:
    first = destinations(NETWORK, "near", NOW)[0]
    assert (first.site_id, first.mode, first.transport_minutes) == ("near", "here", 0)
    assert first.puncture_at == NOW + timedelta(minutes=90)


def test_the_spoke_leads_to_its_best_destination() -> None:
    spoke, ways = site_at(NETWORK, "spoke", NOW)
    assert (spoke.treats, spoke.thrombectomy_centre) == (False, "Far")
    assert (spoke.minutes_to_thrombectomy_centre, spoke.door_to_groin_minutes) == (40, 45)
    assert ways[0].icu_beds == 3


def test_a_site_that_treats_by_day_transfers_by_night() -> None:
    by_day, _ = site_at(NETWORK, "near", NOW)
    by_night, _ = site_at(NETWORK, "near", NOW.replace(hour=22))
    assert by_day.treats is True
    assert (by_night.treats, by_night.thrombectomy_centre) == (False, "Far")


def test_a_site_of_unknown_capability_stays_unknown() -> None:
    unknown, ways = site_at(NETWORK, "unknown", NOW)
    assert unknown.treats is None
    assert ways == []


def test_a_site_that_the_network_does_not_hold() -> None:
    with pytest.raises(KeyError):
        site_at(NETWORK, "elsewhere", NOW)


@pytest.mark.parametrize(
    ("local", "holds"),
    [
        ((27, 21, 59, 59), False),
        ((27, 22, 0, 0), True),
        ((27, 23, 59, 59), True),
        ((28, 0, 0, 0), True),
        ((28, 5, 59, 59), True),
        ((28, 6, 0, 0), False),
        ((28, 22, 0, 0), False),
        ((27, 0, 0, 0), False),
        ((29, 3, 0, 0), False),
    ],
)
def test_a_night_is_open_to_the_second(local: tuple[int, int, int, int], *, holds: bool) -> None:
    assert NIGHTS.holds(datetime(2026, 11, *local)) is holds  # noqa: DTZ001 -- local time without a zone is what a span takes


def test_minutes_and_seconds_of_a_span_count() -> None:
    span = OpeningSpan(frozenset({0}), time(8, 30, 15), time(8, 45, 30))
    for moment, holds in [((8, 30, 14), False), ((8, 30, 15), True), ((8, 45, 29), True), ((8, 45, 30), False)]:
        assert span.holds(datetime(2026, 11, 23, *moment)) is holds  # noqa: DTZ001 -- as above
    assert not span.holds(datetime(2026, 11, 24, 8, 40))  # noqa: DTZ001 -- as above


def test_a_span_from_an_hour_to_itself_is_a_whole_day() -> None:
    day = OpeningSpan(frozenset({0}), time(7), time(7))
    for moment, holds in [((23, 6, 59), False), ((23, 7, 0), True), ((24, 6, 59), True), ((24, 7, 0), False)]:
        assert day.holds(datetime(2026, 11, *moment)) is holds  # noqa: DTZ001 -- as above


def test_the_night_after_sunday_is_monday_morning() -> None:
    sundays = OpeningSpan(frozenset({6}), time(22), time(6))
    assert sundays.holds(datetime(2026, 11, 23, 5))  # noqa: DTZ001 -- as above
    assert not sundays.holds(datetime(2026, 11, 22, 5))  # noqa: DTZ001 -- as above


def test_hours_hold_in_the_zone_of_the_site() -> None:
    berlin = NetworkSite(
        site=Site(capability=Capability.COMPREHENSIVE), time_zone=ZoneInfo("Europe/Berlin"),
        thrombectomy_hours=(NIGHTS, WEEKDAYS),
    )  # fmt: skip
    assert berlin.treats_at(datetime(2026, 11, 23, 7, 0, tzinfo=UTC)) is True
    assert berlin.treats_at(datetime(2026, 11, 23, 17, 0, tzinfo=UTC)) is False
    assert berlin.treats_at(datetime(2026, 11, 28, 4, 59, tzinfo=UTC)) is True


def test_a_site_that_never_treats_is_closed_and_one_of_unknown_capability_unknown() -> None:
    assert NETWORK.sites["spoke"].treats_at(NOW) is False
    assert NETWORK.sites["unknown"].treats_at(NOW) is None
    assert NETWORK.sites["far"].treats_at(NOW) is True


def test_a_destination_is_told_in_full() -> None:
    far = destinations(NETWORK, "spoke", NOW)[0]
    assert far == Destination(
        site_id="far", name="Far", mode="air", transport_minutes=40, arrival_at=NOW + timedelta(minutes=40),
        is_open_on_arrival=True, door_to_groin_minutes=45, icu_beds=3,
    )  # fmt: skip
    assert far.puncture_at == NOW + timedelta(minutes=85)
    assert destinations(NETWORK, "spoke", NOW)[-1].puncture_at is None


@pytest.mark.parametrize(
    ("site_id", "name", "told"), [("a", None, ("a", "a")), (None, "A", ("", "A")), (None, None, ("", ""))]
)
def test_a_site_without_a_name_is_called_by_its_id(
    site_id: str | None, name: str | None, told: tuple[str, str]
) -> None:
    alone = NetworkSite(site=Site(site_id=site_id, name=name, capability=Capability.COMPREHENSIVE), time_zone=LONDON)
    (way,) = destinations(Network({"a": alone}), "a", NOW)
    assert (way.site_id, way.name) == told


def test_a_centre_that_is_closed_on_arrival_is_shown_and_not_led_to() -> None:
    network = Network(
        {"spoke": NETWORK.sites["spoke"], "near": NETWORK.sites["near"]}, (Route("spoke", "near", {"road": 30}),)
    )
    spoke, ways = site_at(network, "spoke", NOW.replace(hour=17, minute=45))
    assert [(way.site_id, way.is_open_on_arrival) for way in ways] == [("near", False)]
    assert (spoke.thrombectomy_centre, spoke.minutes_to_thrombectomy_centre) == (None, None)
    early, _ = site_at(network, "spoke", NOW)
    assert (early.thrombectomy_centre, early.is_open_for_thrombectomy) == ("Near", False)


def test_an_empty_network_holds_nothing() -> None:
    assert (Network().sites, Network().routes) == ({}, ())

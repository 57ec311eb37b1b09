"""Opening hours by local time, and destinations ranked by the projected puncture."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest

from scoring.network import Network, NetworkSite, OpeningSpan, Route, destinations, site_at
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

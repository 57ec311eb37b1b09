"""The hospitals of a region and the ways between them: where thrombectomy can be had soonest."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from scoring.site import Site

ALWAYS = "always"


@dataclass(frozen=True, slots=True)
class OpeningSpan:
    """A daily span of local time on some days of the week; ``until`` before ``since`` runs past midnight."""

    weekdays: frozenset[int]
    """0 is Monday; the day on which the span begins."""
    since: time
    until: time

    def holds(self, local: datetime) -> bool:
        """Whether a local moment lies in the span, its start included and its end not."""
        moment, today = time(local.hour, local.minute, local.second), local.weekday()
        if self.since < self.until:
            return today in self.weekdays and self.since <= moment < self.until
        yesterday = (today - 1) % 7
        return (today in self.weekdays and moment >= self.since) or (yesterday in self.weekdays and moment < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkSite:
    """A hospital of the network file. ``None``: not known."""

    site: Site
    time_zone: ZoneInfo
    thrombectomy_hours: tuple[OpeningSpan, ...] | None = None
    """When thrombectomy is done there; ``None``: day and night, if the site does it at all."""
    icu_beds: int | None = None

    @property
    def is_destination(self) -> bool:
        """Whether thrombectomy is known to be done there at some hour of the week."""
        return self.site.capability is not None and self.site.capability.performs_thrombectomy

    def treats_at(self, moment: datetime) -> bool | None:
        """Whether thrombectomy is done there at that moment; ``None`` when the site's capability is not known."""
        if self.site.capability is None:
            return None
        if not self.site.capability.performs_thrombectomy:
            return False
        if self.thrombectomy_hours is None:
            return True
        local = moment.astimezone(self.time_zone)
        return any(span.holds(local) for span in self.thrombectomy_hours)


@dataclass(frozen=True, slots=True)
class Route:
    """A way from door to door, in minutes by each mode of transport."""

    origin: str
    destination: str
    minutes_by_mode: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Network:
    """Sites by id, and the routes between them."""

    sites: Mapping[str, NetworkSite] = field(default_factory=dict)
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A site that treats, as it looks from here and now."""

    site_id: str
    name: str
    mode: str
    """``"here"``, or the mode of transport."""
    transport_minutes: int
    arrival_at: datetime
    is_open_on_arrival: bool
    door_to_groin_minutes: int | None
    icu_beds: int | None

    @property
    def puncture_at(self) -> datetime | None:
        """Projected arterial puncture; ``None`` when the site's door-to-groin time is not known."""
        if self.door_to_groin_minutes is None:
            return None
        return self.arrival_at + timedelta(minutes=self.door_to_groin_minutes)


def destinations(network: Network, origin: str, now: datetime) -> list[Destination]:
    """Where thrombectomy can be had from ``origin``, the soonest puncture first.

    Sites that are closed on arrival come last, before them those whose door-to-groin time is not known. A site that
    treats is its own first destination, without transport.

    Raises
    ------
    KeyError
        The network has no such site.
    """
    found = []
    here = network.sites[origin]
    if here.is_destination:
        found.append(_destination(here, "here", 0, now))
    for route in network.routes:
        there = network.sites[route.destination]
        if route.origin == origin and there.is_destination:
            found += [_destination(there, mode, minutes, now) for mode, minutes in route.minutes_by_mode.items()]
    return sorted(found, key=_order)


def site_at(network: Network, site_id: str, now: datetime) -> tuple[Site, list[Destination]]:
    """A site as it stands now, leading to its best destination, with all destinations in order.

    Raises
    ------
    KeyError
        The network has no such site.
    """
    here = network.sites[site_id]
    ways = destinations(network, site_id, now)
    site = replace(here.site, is_open_for_thrombectomy=here.treats_at(now))
    best = next((way for way in ways if way.is_open_on_arrival), None)
    if site.treats or best is None:
        return site, ways
    onward = replace(
        site,
        minutes_to_thrombectomy_centre=best.transport_minutes,
        door_to_groin_minutes=best.door_to_groin_minutes,
        thrombectomy_centre=best.name,
    )
    return onward, ways


def _destination(there: NetworkSite, mode: str, minutes: int, now: datetime) -> Destination:
    arrival = now + timedelta(minutes=minutes)
    return Destination(
        site_id=there.site.site_id or "",
        name=there.site.name or there.site.site_id or "",
        mode=mode,
        transport_minutes=minutes,
        arrival_at=arrival,
        is_open_on_arrival=bool(there.treats_at(arrival)),
        door_to_groin_minutes=there.site.door_to_groin_minutes,
        icu_beds=there.icu_beds,
    )


def _order(destination: Destination) -> tuple[bool, bool, datetime]:
    puncture = destination.puncture_at
    return not destination.is_open_on_arrival, puncture is None, puncture or destination.arrival_at

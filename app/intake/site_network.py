"""The hospitals of a network, from the YAML file that a site provides; requests name them by ``site_id``."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import yaml
from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_core import PydanticCustomError

from app.intake.schemas import Minutes, SiteIn, StrictModel
from scoring.network import Destination, Network, NetworkSite, OpeningSpan, Route, site_at
from scoring.site import Site

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d", re.ASCII)


class SiteFileError(ValueError):
    """The network file cannot be used; the message names the file and the place."""


@dataclass(frozen=True, eq=False)
class Sites(Mapping[str, Site]):
    """The hospitals by ``site_id``, and how each stands at a moment."""

    network: Network

    def __getitem__(self, site_id: str) -> Site:
        return self.network.sites[site_id].site

    def __iter__(self) -> Iterator[str]:
        return iter(self.network.sites)

    def __len__(self) -> int:
        return len(self.network.sites)

    def at(self, site_id: str, now: datetime) -> tuple[Site, tuple[Destination, ...]]:
        """A hospital at a moment, and where thrombectomy can be had from it, best first. Raises KeyError."""
        site, destinations = site_at(self.network, site_id, now)
        return site, tuple(destinations)


NO_SITES = Sites(Network())


def _read_clock(value: object) -> time:
    # YAML reads 18:30 without quotes as the number 1110.
    if not isinstance(value, str) or not _CLOCK.fullmatch(value):
        raise PydanticCustomError("clock", 'A time of day is written as "18:30", in quotes.')
    return time.fromisoformat(value)


def _known_zone(key: str) -> str:
    try:
        ZoneInfo(key)
    except (ValueError, OSError, KeyError):
        raise PydanticCustomError("time_zone", "There is no such time zone; write one such as Europe/London.") from None
    return key


class SpanIn(StrictModel):
    """Hours of local time on some days of the week; they may run past midnight."""

    days: list[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]] = Field(min_length=1)
    since: Annotated[time, BeforeValidator(_read_clock)] = Field(alias="from")
    until: Annotated[time, BeforeValidator(_read_clock)]

    def to_span(self) -> OpeningSpan:
        """The same in the words of `scoring`."""
        return OpeningSpan(frozenset(_WEEKDAYS.index(day) for day in self.days), self.since, self.until)


class NetworkSiteIn(SiteIn):
    """One hospital of the network file."""

    time_zone: Annotated[str, AfterValidator(_known_zone)] | None = None
    thrombectomy_hours: Literal["always"] | list[SpanIn] = "always"
    icu_beds: Annotated[int, Field(strict=True, ge=0, le=10_000)] | None = None
    minutes_to: dict[str, dict[str, Minutes]] = Field(
        {}, description="Minutes from door to door, by destination and mode of transport."
    )

    def to_network_site(self, site_id: str, default_zone: str) -> NetworkSite:
        """The same in the words of `scoring`."""
        described = {name: getattr(self, name) for name in SiteIn.model_fields}
        hours = self.thrombectomy_hours
        return NetworkSite(
            site=Site(site_id=site_id, **described),
            time_zone=ZoneInfo(self.time_zone or default_zone),
            thrombectomy_hours=None if isinstance(hours, str) else tuple(span.to_span() for span in hours),
            icu_beds=self.icu_beds,
        )


def load_sites(path: Path | None, default_zone: str = "UTC") -> Sites:
    """Read the file: a mapping from ``site_id`` to the fields of a hospital.

    Parameters
    ----------
    path
        ``None``: the network has no file, and no ``site_id`` is known.
    default_zone
        IANA name of the zone in which hours are meant where a hospital names none.

    Raises
    ------
    SiteFileError
        The file is missing or is not YAML, an entry holds an unknown field or a value out of its range, or a way leads
        to a hospital that the file does not have.
    """
    if path is None:
        return NO_SITES
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SiteFileError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(content, dict):
        raise SiteFileError(f"{path} must map each site_id to the fields of its site.")
    entries = {str(site_id): _entry(path, str(site_id), fields) for site_id, fields in content.items()}
    routes = tuple(
        Route(origin, destination, minutes)
        for origin, entry in entries.items()
        for destination, minutes in entry.minutes_to.items()
    )
    for route in routes:
        if route.destination not in entries:
            raise SiteFileError(f"{path}, site {route.origin}: minutes_to names {route.destination}, which is no site.")
    sites = {site_id: entry.to_network_site(site_id, default_zone) for site_id, entry in entries.items()}
    return Sites(Network(sites, routes))


def _entry(path: Path, site_id: str, fields: object) -> NetworkSiteIn:
    try:
        return NetworkSiteIn.model_validate(fields)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
        raise SiteFileError(f"{path}, site {site_id}: {faults}") from error

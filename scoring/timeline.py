"""Clock times to minutes: which moment the windows count from, how long ago it was, and when puncture can be.

Everything is computed between instants (UTC), so a daylight-saving change neither adds nor removes an hour. The clock
starts at the witnessed onset if there was one, else when the patient was last known well; never at discovery.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from scoring.errors import CaseError
from scoring.facts import FACTS, Facts
from scoring.rule_yaml import load_table
from scoring.site import Site

_MINUTE = timedelta(minutes=1)

_TIME_TITLES = {name: spec.title[0].lower() + spec.title[1:] for name, spec in FACTS.items() if name.endswith("_at")}

_NOT_BEFORE = (
    ("last_known_well_at", "onset_witnessed_at"),
    ("last_known_well_at", "recognised_at"),
    ("last_known_well_at", "woke_at"),
    ("slept_at", "woke_at"),
    ("onset_witnessed_at", "recognised_at"),
    ("onset_witnessed_at", "imaged_at"),
)
"""Pairs of facts of which the first cannot be later than the second."""


@dataclass(frozen=True, slots=True)
class Window:
    """One of the time windows; ``until_minutes`` is included, ``None`` means open."""

    name: str
    until_minutes: int | None


@dataclass(frozen=True, slots=True)
class Timeline:
    """The times of a case, counted from its anchor. ``None``: not known."""

    anchor: str | None
    """``"onset_witnessed"`` or ``"last_known_well"``."""
    anchor_at: datetime | None
    minutes: Mapping[str, float] = field(default_factory=dict)
    """The duration facts that are known, by name (``minutes_since_last_known_well`` …). Whole minutes are ``int``."""
    warnings: tuple[str, ...] = ()

    @property
    def minutes_since_anchor(self) -> int | None:
        """Completed minutes since the anchor."""
        minutes = self.minutes.get("minutes_since_last_known_well")
        return None if minutes is None else int(minutes)

    @property
    def window(self) -> Window | None:
        """The window that the case is in now."""
        minutes = self.minutes.get("minutes_since_last_known_well")
        return None if minutes is None else window_at(minutes)

    @property
    def window_closes_at(self) -> datetime | None:
        """When the present window ends."""
        return self.closing_of(self.window)

    def closing_of(self, window: Window | None) -> datetime | None:
        """When a window ends."""
        if window is None or window.until_minutes is None or self.anchor_at is None:
            return None
        return self.anchor_at + window.until_minutes * _MINUTE


def window_at(minutes: float) -> Window:
    """Return the window that contains a delay of so many minutes.

    >>> window_at(360).name, window_at(361).name
    ('0-6 h', '>6-16 h')
    """
    settings = _settings()
    window: Window = settings["windows"][bisect_left(settings["ends"], minutes)]
    return window


def timeline(facts: Facts, evaluated_at: datetime) -> Timeline:
    """Work out the times of a case at ``evaluated_at``.

    Raises
    ------
    CaseError
        A time has no zone, lies in the future, contradicts another time or a stated duration, or is so long ago that a
        slip of the date is likelier.
    """
    times = {name: time for name in _TIME_TITLES if (time := getattr(facts, name)) is not None}
    if evaluated_at.utcoffset() is None:
        raise CaseError(("evaluated_at",), "The time of evaluation needs a time zone.")
    _check_times(times, evaluated_at)
    warnings: list[str] = []
    last_known_well_at = times.get("last_known_well_at")
    if last_known_well_at is None and "onset_witnessed_at" not in times and "slept_at" in times:
        last_known_well_at = times["slept_at"]
        warnings.append("Last known well is taken as the time of falling asleep, since nothing later was stated.")
    onset_at = times.get("onset_witnessed_at")
    anchor_at = onset_at or last_known_well_at
    minutes = _durations(facts, times, anchor_at, evaluated_at)
    since_anchor = minutes.get("minutes_since_last_known_well")
    if since_anchor is not None and since_anchor > _settings()["last_known_well_at_most_minutes"]:
        raise CaseError(_loc("last_known_well_at"), "Last known well is more than 7 days ago; please check the date.")
    if anchor_at is None and since_anchor is not None:
        anchor_at = evaluated_at - timedelta(minutes=since_anchor)
    anchor = None if since_anchor is None else "onset_witnessed" if onset_at else "last_known_well"
    return Timeline(anchor, anchor_at, minutes, tuple(warnings))


def minutes_to_puncture(site: Site | None, since_arrival: float | None) -> int | None:
    """Minutes from now to arterial puncture: transport, then door to groin; ``None`` when either is not known.

    At a site that treats, the time already spent since arrival counts towards door to groin. When that is not known the
    full time is taken, which is the latest that puncture would be; whoever shows the result says so.
    """
    if site is None or site.door_to_groin_minutes is None or (treats := site.treats) is None:
        return None
    if treats:
        spent = 0 if since_arrival is None else int(since_arrival)
        return max(0, site.door_to_groin_minutes - spent)
    if site.minutes_to_thrombectomy_centre is None:
        return None
    return site.minutes_to_thrombectomy_centre + site.door_to_groin_minutes


def _check_times(times: Mapping[str, datetime], evaluated_at: datetime) -> None:
    for name, moment in times.items():
        if moment.utcoffset() is None:
            raise CaseError(_loc(name), "The time needs a time zone, as in 2026-11-22T08:00+01:00.")
        if moment > evaluated_at:
            raise CaseError(_loc(name), f"'{_TIME_TITLES[name]}' lies after the time of evaluation.")
    for earlier, later in _NOT_BEFORE:
        if earlier in times and later in times and times[earlier] > times[later]:
            raise CaseError(_loc(earlier), f"'{_TIME_TITLES[earlier]}' lies after '{_TIME_TITLES[later]}'.")


def _durations(
    facts: Facts, times: Mapping[str, datetime], anchor_at: datetime | None, now: datetime
) -> dict[str, float]:
    """Every duration that follows from a time or was stated; both must agree where both are there."""
    slept_at, woke_at = times.get("slept_at"), times.get("woke_at")
    starts = {
        "minutes_since_last_known_well": anchor_at,
        "minutes_since_recognition": times.get("recognised_at") or woke_at,
        "minutes_since_sleep_midpoint": slept_at + (woke_at - slept_at) / 2 if slept_at and woke_at else None,
        "minutes_since_imaging": times.get("imaged_at"),
        "minutes_since_arrival": times.get("arrived_at"),
    }
    minutes: dict[str, float] = {}
    for name, start in starts.items():
        stated = getattr(facts, name, None)
        computed = None if start is None else _minutes_between(start, now)
        if stated is not None and (start := _start_stated(name, start, times)) is not None:
            _check_duration(name, stated, _minutes_between(start, now), times)
        value = computed if computed is not None else stated
        if value is not None:
            minutes[name] = value
    _check_recognition(minutes)
    if "onset_witnessed_at" in times:  # whoever saw the onset recognised it then
        minutes.setdefault("minutes_since_recognition", minutes["minutes_since_last_known_well"])
    return minutes


def _start_stated(name: str, start: datetime | None, times: Mapping[str, datetime]) -> datetime | None:
    """What a stated duration counts from; a witnessed onset is the anchor, and may lie after last known well."""
    if name == "minutes_since_last_known_well":
        return times.get("last_known_well_at") or start
    return start


def _check_duration(name: str, stated: float, computed: float, times: Mapping[str, datetime]) -> None:
    tolerance: float = _settings()["duration_tolerance_minutes"]
    counts_from_onset = "onset_witnessed_at" in times and "last_known_well_at" not in times
    if name == "minutes_since_last_known_well" and counts_from_onset:
        contradicts = stated < computed - tolerance  # last known well may lie before the witnessed onset, never after
    else:
        contradicts = abs(stated - computed) > tolerance
    if contradicts:
        raise CaseError(_loc(name), f"'{FACTS[name].title}' contradicts the times that are given.")


def _check_recognition(minutes: Mapping[str, float]) -> None:
    """Durations are held to the order that times are held to: a patient is well before the deficit is noticed."""
    since_well = minutes.get("minutes_since_last_known_well", float("inf"))
    if minutes.get("minutes_since_recognition", 0) > since_well + _settings()["duration_tolerance_minutes"]:
        raise CaseError(_loc("minutes_since_recognition"), "The deficit was noticed before the patient was last well.")


def _minutes_between(start: datetime, end: datetime) -> float:
    """Minutes between two instants, exact to the second; subtracting in one zone would skip clock changes."""
    seconds = end.timestamp() - start.timestamp()
    whole = round(seconds)
    return whole // 60 if whole == seconds and whole % 60 == 0 else seconds / 60


def _loc(name: str) -> tuple[str, str]:
    return ("facts", name)


@cache
def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = load_table("time_windows")
    settings["windows"] = tuple(Window(**entry) for entry in settings["windows"])
    settings["ends"] = [window.until_minutes for window in settings["windows"][:-1]]
    return settings

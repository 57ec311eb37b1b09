"""Whether a record is of this hour: what an EHR keeps of earlier years says nothing of this stroke."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from app.interop.fhir.nodes import Node, Notes, fault

_CLOCKS_DIFFER = timedelta(minutes=10)
"""How far a record may lie ahead of the moment of decision: clocks of two systems are never the same."""
_YEARS = (1900, 2200)
"""Years in which a record of a patient may lie."""
_DAY_ANYWHERE = timedelta(hours=36)
"""From the start of a date in UTC to its end in the last time zone."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """The span in which records of this hour lie."""

    evaluated_at: datetime
    hours: float

    def is_stale(self, node: Node, at: datetime | None, notes: Notes) -> bool:
        """Whether the record is too old; one without a time is taken as the caller sent it."""
        latest = at or _end_of_day(node)
        if latest is None or latest >= self.evaluated_at - timedelta(hours=self.hours):
            return False
        notes.tell(node.place, f"Older than {self.hours:g} hours; it was not used.")
        return True

    def is_ahead(self, node: Node, at: datetime | None, notes: Notes) -> bool:
        """Whether the record is of a time after the decision."""
        if at is None or at <= self.evaluated_at + _CLOCKS_DIFFER:
            return False
        notes.warn(node.place, "Recorded after the moment of the decision; it was not used.")
        return True


def made_at(node: Node) -> datetime | None:
    """When an observation was so: its effective time, else when it was issued. Raises the 422 `Problem`."""
    for name in ("effectiveDateTime", "effectiveInstant"):
        if name in node.content:
            return node.moment(name)
    period = node.node("effectivePeriod")
    if period is not None:
        return period.moment("end") or period.moment("start")
    if "effectiveTiming" in node.content:
        raise fault(f"{node.place}.effectiveTiming", "Send effectiveDateTime.", "not-supported")
    return node.moment("issued")


def _end_of_day(node: Node) -> datetime | None:
    if "effectiveDateTime" not in node.content:
        return None
    text = node.text("effectiveDateTime") or ""
    year = int(text[:4]) if text[:4].isascii() and text[:4].isdigit() else 0
    if not _YEARS[0] <= year <= _YEARS[1]:
        raise fault(f"{node.place}.effectiveDateTime", "There is no such date or time.", "value")
    day = node.day("effectiveDateTime")
    if day is not None:
        return datetime.combine(day, time(), UTC) + _DAY_ANYWHERE
    return datetime(year + 1, 1, 2, tzinfo=UTC)  # a year or a month: it ended before this moment everywhere

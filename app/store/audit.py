"""The audit trail: who did what, chained by hashes, so that no row can be changed, removed or moved unseen."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from app.access.actor import Actor
from app.store.tables_audit import audit_events, audit_head

NO_HASH = "0" * 64
"""What the first event names as the hash of the one before."""

_FORMAT = "aspects-audit-1"
_SELECT_HEAD = select(audit_head.c.count, audit_head.c.hash)
_INSERT = insert(audit_events)
_UPDATE_HEAD = update(audit_head)


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that was done.

    ``detail`` is small and holds nothing about a patient: numbers, hashes, names of versions.
    """

    actor: Actor
    action: str
    """Part and verb in the past: ``"case.triaged"``."""
    subject: str
    """What it was done to: ``"case/4711"``."""
    outcome: str = "ok"
    detail: Mapping[str, Any] = field(default_factory=dict)


def append(connection: Connection, event: Event) -> int:
    """Add an event within the transaction of what it tells of, which holds the writer's lock.

    Returns
    -------
    The number of the event; the first is 1.
    """
    count, previous = connection.execute(_SELECT_HEAD).one()
    row = {
        "sequence": count + 1,
        "at": utc_text(datetime.now(UTC)),
        "actor_kind": event.actor.kind.value,
        "actor_name": event.actor.name,
        "action": event.action,
        "subject": event.subject,
        "outcome": event.outcome,
        "detail": canonical_json(event.detail),
        "previous_hash": previous,
    }
    row["hash"] = hash_of(row)
    connection.execute(_INSERT, row)
    connection.execute(_UPDATE_HEAD, {"count": row["sequence"], "hash": row["hash"]})
    return int(row["sequence"])


def hash_of(row: Mapping[Any, Any]) -> str:
    """SHA-256 over the canonical bytes of a row: everything in it but its own hash."""
    names = [column.name for column in audit_events.columns if column.name != "hash"]
    return sha256_of([_FORMAT, *(row[name] for name in names)])


def sha256_of(value: object) -> str:
    """SHA-256 of the one text for a value, in hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()


def canonical_json(value: object) -> str:
    """The one text for a value: sorted keys, no spaces, no sign outside ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)


def utc_text(moment: datetime) -> str:
    """A moment as all tables hold it: ISO 8601 in UTC with microseconds, so that texts sort as times do.

    >>> utc_text(datetime(2026, 3, 1, 9, 30, tzinfo=UTC))
    '2026-03-01T09:30:00.000000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")

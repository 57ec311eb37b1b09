"""Deliveries in the database: every change of one, within its caller's transaction and with its line in the trail."""

import base64
import json
import secrets
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, RowMapping, func, insert, select, update

from app.access.actor import Actor
from app.outbox.delivery import Delivery, Parcel, State
from app.store.audit import Event, append, canonical_json, utc_text
from app.store.tables_queue import deliveries

_ID_BYTES = 12
"""96 random bits are 20 letters in base 32: as long as MSH-10 of HL7 v2 may be."""


@dataclass(frozen=True, slots=True)
class DeliveryView:
    """A delivery as others see it; holds nothing about the patient."""

    delivery_id: str
    kind: str
    target: str
    event: str
    subject: str
    state: State
    attempts: int
    created_at: datetime
    next_at: datetime | None
    """When it is tried next; ``None``: it is not tried any more."""
    ended_at: datetime | None
    reason: str | None
    """Why the last attempt failed, in words of our own."""


def enqueue(connection: Connection, delivery: Delivery, actor: Actor) -> str | None:
    """Keep a delivery; return its name, ``None`` where the target has one with the same idempotency key already."""
    same = (deliveries.c.target == delivery.target) & (deliveries.c.idempotency_key == delivery.idempotency_key)
    if connection.execute(select(deliveries.c.delivery_id).where(same)).one_or_none() is not None:
        return None
    delivery_id = base64.b32encode(secrets.token_bytes(_ID_BYTES)).decode().rstrip("=")
    detail = {"kind": delivery.kind, "target": delivery.target, "event": delivery.event, "for": delivery.subject}
    now = utc_text(datetime.now(UTC))
    row = {
        "delivery_id": delivery_id,
        "number": append(connection, Event(actor, "delivery.queued", f"delivery/{delivery_id}", detail=detail)),
        "kind": delivery.kind,
        "target": delivery.target,
        "event": delivery.event,
        "subject": delivery.subject,
        "idempotency_key": delivery.idempotency_key,
        "payload": zlib.compress(canonical_json(dict(delivery.payload)).encode()),
        "payload_ref": json.dumps(delivery.payload_ref),
        "state": State.WAITING,
        "attempts": 0,
        "created_at": now,
        "next_at": now,
    }
    connection.execute(insert(deliveries), row)
    return delivery_id


def due(connection: Connection, targets: Collection[str]) -> list[Parcel]:
    """The first waiting delivery of each of these targets, if its time has come: a target gets one after the other."""
    waiting = (deliveries.c.state == State.WAITING) & deliveries.c.target.in_(list(targets))
    first = select(func.min(deliveries.c.number)).where(waiting).group_by(deliveries.c.target)
    rows = connection.execute(
        select(deliveries).where(deliveries.c.number.in_(first), deliveries.c.next_at <= utc_text(datetime.now(UTC)))
    )
    return [_parcel(row) for row in rows.mappings()]


def sent(connection: Connection, parcel: Parcel, actor: Actor) -> None:
    """The receiver has it."""
    _end(connection, parcel.id, State.SENT, None, parcel.attempt)
    append(connection, _attempt(parcel, actor, "ok", None))


def failed(connection: Connection, parcel: Parcel, actor: Actor, reason: str, pause_seconds: float) -> None:
    """The receiver did not take it; it is tried again after the pause."""
    next_at = utc_text(datetime.now(UTC) + timedelta(seconds=pause_seconds))
    values = {"attempts": parcel.attempt, "next_at": next_at, "reason": reason}
    still = (deliveries.c.delivery_id == parcel.id) & (deliveries.c.state == State.WAITING)
    connection.execute(update(deliveries).where(still).values(values))
    append(connection, _attempt(parcel, actor, "failed", reason))


def give_up(connection: Connection, parcel: Parcel, actor: Actor, reason: str) -> None:
    """The receiver will not take it; a person must look."""
    _end(connection, parcel.id, State.DEAD, reason, parcel.attempt)
    append(connection, _attempt(parcel, actor, "dead", reason))


def retry(connection: Connection, delivery_id: str, actor: Actor) -> bool:
    """Try a delivery that was given up, or waits for its time, again now; false where there is none such."""
    now = utc_text(datetime.now(UTC))
    values = {"state": State.WAITING, "attempts": 0, "next_at": now, "ended_at": None}
    return _decide(connection, delivery_id, values, "delivery.retried", actor)


def drop(connection: Connection, delivery_id: str, actor: Actor) -> bool:
    """Decide that a delivery need not be sent; false where it was sent or is not there."""
    values = {"state": State.DROPPED, "ended_at": utc_text(datetime.now(UTC))}
    return _decide(connection, delivery_id, values, "delivery.dropped", actor)


def counts(connection: Connection) -> dict[str, int]:
    """How many deliveries there are in each state."""
    rows = connection.execute(select(deliveries.c.state, func.count()).group_by(deliveries.c.state))
    found = {state: number for state, number in rows}  # noqa: C416 -- rows are not pairs to the type checker
    return {state.value: found.get(state.value, 0) for state in State}


def views(connection: Connection, state: State | None = None, most: int = 100) -> list[DeliveryView]:
    """The latest deliveries first."""
    wanted = select(deliveries).order_by(deliveries.c.number.desc()).limit(most)
    if state is not None:
        wanted = wanted.where(deliveries.c.state == state)
    return [_view(row) for row in connection.execute(wanted).mappings()]


def _decide(connection: Connection, delivery_id: str, values: dict[str, Any], action: str, actor: Actor) -> bool:
    open_states = (State.WAITING, State.DEAD)
    still = (deliveries.c.delivery_id == delivery_id) & deliveries.c.state.in_(open_states)
    if not connection.execute(update(deliveries).where(still).values(values)).rowcount:
        return False
    append(connection, Event(actor, action, f"delivery/{delivery_id}"))
    return True


def _end(connection: Connection, delivery_id: str, state: State, reason: str | None, attempts: int) -> None:
    values = {"state": state, "reason": reason, "attempts": attempts, "ended_at": utc_text(datetime.now(UTC))}
    connection.execute(update(deliveries).where(deliveries.c.delivery_id == delivery_id).values(values))


def _attempt(parcel: Parcel, actor: Actor, outcome: str, reason: str | None) -> Event:
    detail = {"attempt": parcel.attempt, "target": parcel.target, "reason": reason}
    return Event(actor, "delivery.attempted", f"delivery/{parcel.id}", outcome, detail)


def _parcel(row: RowMapping) -> Parcel:
    return Parcel(
        id=row["delivery_id"],
        kind=row["kind"],
        target=row["target"],
        event=row["event"],
        subject=row["subject"],
        payload=json.loads(zlib.decompress(row["payload"])),
        payload_ref=tuple(json.loads(row["payload_ref"])),
        attempt=row["attempts"] + 1,
        created_at=row["created_at"],
    )


def _view(row: RowMapping) -> DeliveryView:
    state = State(row["state"])
    return DeliveryView(
        delivery_id=row["delivery_id"],
        kind=row["kind"],
        target=row["target"],
        event=row["event"],
        subject=row["subject"],
        state=state,
        attempts=row["attempts"],
        created_at=datetime.fromisoformat(row["created_at"]),
        next_at=datetime.fromisoformat(row["next_at"]) if state is State.WAITING else None,
        ended_at=None if row["ended_at"] is None else datetime.fromisoformat(row["ended_at"]),
        reason=row["reason"],
    )

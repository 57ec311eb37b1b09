"""Reads the audit trail: who did what, to what, and when."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, literal, or_, select

from app.store.audit import utc_text
from app.store.tables_audit import audit_events
from app.store.tables_queue import deliveries, scan_jobs

_E = audit_events.c


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which events; what is ``None`` leaves nothing out."""

    about: str | None = None
    """Name of a case, a study, a job or a delivery: what was done to it, and to the scans and results of the case."""
    actor: str | None = None
    action: str | None = None
    """The action, or how it begins: ``case`` or ``case.signed_off``."""
    since: str | None = None
    """As the trail writes times, `app.store.audit.utc_text`."""


def read_events(connection: Connection, wanted: Wanted, most: int) -> Sequence[dict[str, Any]]:
    """The latest events that are wanted, in the order in which they happened."""
    query = select(audit_events).order_by(_E.sequence.desc()).limit(most)
    if wanted.about is not None:
        query = query.where(or_(*_about(wanted.about)))
    if wanted.actor is not None:
        query = query.where(_E.actor_name == wanted.actor)
    if wanted.action is not None:
        query = query.where(or_(_E.action == wanted.action, _E.action.startswith(f"{wanted.action}.", autoescape=True)))
    if wanted.since is not None:
        query = query.where(_E.at >= wanted.since)
    rows = reversed(connection.execute(query).mappings().all())
    return [{**row, "detail": json.loads(row["detail"])} for row in rows]


def line_of(event: Mapping[str, Any]) -> str:
    """An event on one line."""
    who, detail = f"{event['actor_kind']}:{event['actor_name']}", json.dumps(event["detail"], ensure_ascii=False)
    outcome = "" if event["outcome"] == "ok" else f"  {event['outcome']}"
    return f"{event['sequence']:>8}  {event['at']}  {who}  {event['action']}  {event['subject']}{outcome}  {detail}"


def moment_of(text: str) -> str:
    """A moment as the trail writes it. Raises ValueError for what is none, or has no zone."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("A moment is written as 2026-03-14T07:00+00:00.") from None
    if moment.tzinfo is None:
        raise ValueError("The moment needs its offset, as in 2026-03-14T07:00+00:00.")
    return utc_text(moment)


def _about(name: str) -> list[ColumnElement[bool]]:
    subjects = [f"{kind}/{name}" for kind in ("case", "study", "job", "delivery")]
    jobs = select(literal("job/") + scan_jobs.c.job_id).where(scan_jobs.c.case_id == name)
    told = or_(deliveries.c.subject.in_(subjects), deliveries.c.subject.in_(jobs))
    sent = select(literal("delivery/") + deliveries.c.delivery_id).where(told)
    return [_E.subject.in_(subjects), _E.subject.in_(jobs), _E.subject.in_(sent)]

"""Jobs in the database: every change of one, within the transaction of its caller and with its line in the audit trail.

Other parts that take scans in call `accept` in the transaction in which they keep what they received.
"""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, func, insert, select, update

from app.access.actor import Actor
from app.queue.queue import ENDED, MOST_ATTEMPTS, Identity, JobResult, JobState, JobView, QueueFull, ScanJob
from app.store.audit import Event, append, utc_text
from app.store.tables_queue import queue_workers, scan_jobs
from imaging.refusals import RefusalCode

STALLED_AFTER = timedelta(seconds=60)
_KEY_LENGTH = 40
"""Digits of the content key in a job's name: 160 bits, beyond guessing."""


@dataclass(frozen=True, slots=True)
class KeptJob:
    """A job as a worker needs it."""

    job_id: str
    job: ScanJob
    actor_kind: str
    actor_name: str


def accept(
    connection: Connection, job: ScanJob, actor: Actor, rules_version: str, *, most_waiting: int, keep_seconds: float
) -> str:
    """Keep a job, unless it is kept already; return its name.

    The job of an earlier call is the answer where it has not ended, and where it ended in an answer that still holds:
    for a scan without a case always, for one with a case for ``keep_seconds``, since the clock is part of that answer.

    Raises
    ------
    QueueFull
        ``most_waiting`` jobs wait already.
    """
    key = job.content_key(rules_version)
    last = (
        connection.execute(
            select(scan_jobs).where(scan_jobs.c.content_key == key).order_by(scan_jobs.c.generation.desc()).limit(1)
        )
        .mappings()
        .one_or_none()
    )
    if last is not None and _still_holds(last, keep_seconds):
        return str(last["job_id"])
    if waiting(connection) >= most_waiting:
        raise QueueFull("Too many scans are waiting.")
    generation = last["generation"] + 1 if last is not None else 1
    job_id = f"{key[:_KEY_LENGTH]}-{generation}"
    number = append(
        connection,
        Event(actor, "scan.accepted", f"job/{job_id}", detail={"files": len(job.scan), "origin": job.origin}),
    )
    connection.execute(insert(scan_jobs).values(_row(job, actor, job_id, key, generation, number)))
    return job_id


def begin(connection: Connection, job_id: str, worker: str, actor: Actor) -> int | None:
    """Note that a reading begins; return which attempt it is, ``None`` where there may be no further one."""
    row = connection.execute(select(scan_jobs.c.state, scan_jobs.c.attempts).where(scan_jobs.c.job_id == job_id)).one()
    if row.attempts >= MOST_ATTEMPTS:
        return None
    values = {"state": JobState.RUNNING, "attempts": row.attempts + 1, "worker": worker, "started_at": _now()}
    connection.execute(update(scan_jobs).where(scan_jobs.c.job_id == job_id).values(values))
    append(connection, Event(actor, "scan.begun", f"job/{job_id}", detail={"attempt": row.attempts + 1}))
    return int(row.attempts) + 1


def put_back(connection: Connection, job_id: str, actor: Actor) -> None:
    """Undo `begin`: the worker stops in order, and the scan has no part in it."""
    values = {"state": JobState.WAITING, "attempts": scan_jobs.c.attempts - 1, "worker": None, "started_at": None}
    running = (scan_jobs.c.job_id == job_id) & (scan_jobs.c.state == JobState.RUNNING)
    if connection.execute(update(scan_jobs).where(running).values(values)).rowcount:
        append(connection, Event(actor, "scan.put_back", f"job/{job_id}"))


def finish(connection: Connection, job_id: str, result: JobResult, actor: Actor, detail: Mapping[str, Any]) -> bool:
    """Keep the answer; false where the job has ended already and nothing was changed."""
    state = connection.execute(select(scan_jobs.c.state).where(scan_jobs.c.job_id == job_id)).scalar_one()
    if state in ENDED:
        return False
    values = {
        "state": JobState.DONE,
        "finished_at": _now(),
        "answer_status": result.status,
        "answer": zlib.compress(result.body),
    }
    connection.execute(update(scan_jobs).where(scan_jobs.c.job_id == job_id).values(values))
    append(connection, Event(actor, "scan.read", f"job/{job_id}", detail=detail))
    return True


def keep_drawing(connection: Connection, job_id: str, drawing: str) -> None:
    """Note where the object store holds what was drawn of a scan."""
    connection.execute(update(scan_jobs).where(scan_jobs.c.job_id == job_id).values(drawing=drawing))


def claim_end(connection: Connection, job_id: str, case_id: str | None) -> bool:
    """Note to which case the reading goes; false where the job has ended already and nothing was changed."""
    still_open = (scan_jobs.c.job_id == job_id) & scan_jobs.c.state.not_in(ENDED)
    return connection.execute(update(scan_jobs).where(still_open).values(case_id=case_id)).rowcount > 0


def cancel(connection: Connection, job_id: str, actor: Actor) -> bool:
    """Take back a job that waits."""
    still_waits = (scan_jobs.c.job_id == job_id) & (scan_jobs.c.state == JobState.WAITING)
    values = {"state": JobState.CANCELLED, "finished_at": _now()}
    if not connection.execute(update(scan_jobs).where(still_waits).values(values)).rowcount:
        return False
    append(connection, Event(actor, "scan.cancelled", f"job/{job_id}"))
    return True


def waiting(connection: Connection) -> int:
    """How many jobs wait."""
    count = select(func.count()).select_from(scan_jobs).where(scan_jobs.c.state == JobState.WAITING)
    return int(connection.execute(count).scalar_one())


def stalled(connection: Connection) -> int:
    """How many jobs lie with a worker that has not been seen for a minute."""
    limit = utc_text(datetime.now(UTC) - STALLED_AFTER)
    seen = select(queue_workers.c.worker).where(queue_workers.c.seen_at >= limit)
    running = (scan_jobs.c.state == JobState.RUNNING) & scan_jobs.c.worker.not_in(seen)
    return int(connection.execute(select(func.count()).select_from(scan_jobs).where(running)).scalar_one())


def unfinished_after(connection: Connection, number: int, most: int) -> list[tuple[int, str]]:
    """Number and name of the jobs without an answer, in the order in which they came, beyond ``number``."""
    rows = connection.execute(
        select(scan_jobs.c.number, scan_jobs.c.job_id)
        .where(scan_jobs.c.number > number, scan_jobs.c.state.not_in(ENDED))
        .order_by(scan_jobs.c.number)
        .limit(most)
    )
    return [(row.number, row.job_id) for row in rows]


def first_unfinished(connection: Connection, job_ids: Sequence[str]) -> int | None:
    """The smallest number among those of these jobs that have no answer; ``None``: all have."""
    smallest = select(func.min(scan_jobs.c.number)).where(
        scan_jobs.c.job_id.in_(job_ids), scan_jobs.c.state.not_in(ENDED)
    )
    number: int | None = connection.execute(smallest).scalar_one()
    return number


def kept_job(connection: Connection, job_id: str) -> KeptJob | None:
    """A job with all that it asks; ``None`` where it has ended."""
    row = connection.execute(select(scan_jobs).where(scan_jobs.c.job_id == job_id)).one_or_none()
    if row is None or row.state in ENDED:
        return None
    job = ScanJob(
        scan=tuple(json.loads(row.scan)),
        request=None if row.request is None else zlib.decompress(row.request),
        identity=None if row.identity is None else Identity(**json.loads(row.identity)),
        overlay=row.overlay,
        origin=row.origin,
    )
    return KeptJob(job_id, job, row.actor_kind, row.actor_name)


def identity_of_case(connection: Connection, case_id: str) -> Identity | None:
    """Whose case it is, by the latest scan that was recorded to it and said so."""
    known = (scan_jobs.c.case_id == case_id) & scan_jobs.c.identity.is_not(None)
    text = connection.execute(
        select(scan_jobs.c.identity).where(known).order_by(scan_jobs.c.number.desc()).limit(1)
    ).scalar_one_or_none()
    return None if text is None else Identity(**json.loads(text))


def holds_identity(part: str, value: str) -> ColumnElement[bool]:
    """Whether a job's scan was said to have this value in this part of its `Identity`.

    The text of one member of the JSON is taken out of the whole: both databases do that to the letter.
    """
    member = json.dumps({part: value})[1:-1]
    return func.replace(scan_jobs.c.identity, member, "") != scan_jobs.c.identity


def result_of(connection: Connection, job_id: str) -> JobResult | None:
    """The answer of a job that is done."""
    row = connection.execute(
        select(scan_jobs.c.answer_status, scan_jobs.c.answer).where(
            scan_jobs.c.job_id == job_id, scan_jobs.c.state == JobState.DONE
        )
    ).one_or_none()
    return None if row is None else JobResult(row.answer_status, zlib.decompress(row.answer))


def views(
    connection: Connection, *, job_id: str | None = None, state: JobState | None = None, most: int = 100
) -> list[JobView]:
    """Jobs as others see them, the latest first."""
    wanted = select(scan_jobs, queue_workers.c.seen_at).outerjoin(
        queue_workers, queue_workers.c.worker == scan_jobs.c.worker
    )
    if job_id is not None:
        wanted = wanted.where(scan_jobs.c.job_id == job_id)
    if state is not None:
        wanted = wanted.where(scan_jobs.c.state == state)
    rows = connection.execute(wanted.order_by(scan_jobs.c.number.desc()).limit(most))
    return [_view(row) for row in rows.mappings()]


def _view(row: RowMapping) -> JobView:
    limit = utc_text(datetime.now(UTC) - STALLED_AFTER)
    return JobView(
        job_id=row["job_id"],
        state=JobState(row["state"]),
        origin=row["origin"],
        attempts=row["attempts"],
        worker=row["worker"],
        submitted_at=datetime.fromisoformat(row["submitted_at"]),
        started_at=_moment(row["started_at"]),
        finished_at=_moment(row["finished_at"]),
        stalled=row["state"] == JobState.RUNNING and (row["seen_at"] or "") < limit,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _still_holds(row: RowMapping, keep_seconds: float) -> bool:
    if row["state"] == JobState.CANCELLED:
        return False
    if row["state"] != JobState.DONE:
        return True
    if RefusalCode.READING_FAILED.encode() in zlib.decompress(row["answer"]):
        return False  # refused for the sake of the service: whoever sends it again gets a new try
    if row["request"] is None:
        return True
    return str(row["finished_at"]) > utc_text(datetime.now(UTC) - timedelta(seconds=keep_seconds))


def _row(job: ScanJob, actor: Actor, job_id: str, key: str, generation: int, number: int) -> dict[str, Any]:
    return {
        "job_id": job_id,
        "content_key": key,
        "generation": generation,
        "number": number,
        "origin": job.origin,
        "scan": json.dumps(job.scan),
        "request": None if job.request is None else zlib.compress(job.request),
        "identity": None if job.identity is None else json.dumps(asdict(job.identity)),
        "overlay": job.overlay,
        "actor_kind": actor.kind,
        "actor_name": actor.name,
        "state": JobState.WAITING,
        "attempts": 0,
        "submitted_at": _now(),
    }


def _now() -> str:
    return utc_text(datetime.now(UTC))

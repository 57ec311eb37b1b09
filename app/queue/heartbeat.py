"""Workers tell the record that they live, so that others see who reads and which scans lie with a dead one."""

from datetime import UTC, datetime

from sqlalchemy import Connection, delete, insert, select, update

from app.queue.job_rows import STALLED_AFTER
from app.store.audit import utc_text
from app.store.tables_queue import queue_workers

BEAT_SECONDS = 5.0


def appear(connection: Connection, worker: str) -> None:
    """A worker has started."""
    now = utc_text(datetime.now(UTC))
    connection.execute(delete(queue_workers).where(queue_workers.c.worker == worker))
    connection.execute(insert(queue_workers).values(worker=worker, started_at=now, seen_at=now))


def beat(connection: Connection, worker: str) -> None:
    """A worker is alive."""
    connection.execute(
        update(queue_workers).where(queue_workers.c.worker == worker).values(seen_at=utc_text(datetime.now(UTC)))
    )


def stop(connection: Connection, worker: str) -> None:
    """A worker stops in order."""
    now = utc_text(datetime.now(UTC))
    connection.execute(
        update(queue_workers).where(queue_workers.c.worker == worker).values(seen_at=now, stopped_at=now)
    )


def alive(connection: Connection) -> list[str]:
    """Names of the workers that were seen within the last minute."""
    limit = utc_text(datetime.now(UTC) - STALLED_AFTER)
    rows = connection.execute(
        select(queue_workers.c.worker).where(queue_workers.c.seen_at > limit, queue_workers.c.stopped_at.is_(None))
    )
    return [row.worker for row in rows]

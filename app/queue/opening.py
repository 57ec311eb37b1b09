"""Opens the queue and the outbox of a hospital's service, and has them watched."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from app.operations.watch import Watch
from app.outbox import delivery_rows
from app.outbox.announcer import Announcer
from app.outbox.targets import read_targets
from app.queue import heartbeat, job_rows
from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.objects import Objects
from app.store.records import Records


@dataclass(frozen=True, slots=True)
class QueueAndOutbox:
    """What takes scans in, and what tells others of results."""

    scans: StoredQueue
    files: Objects
    announcer: Announcer


def open_queue(settings: Settings, records: Records, objects: Objects, watch: Watch) -> QueueAndOutbox:
    """Open both. Raises `app.outbox.targets.DeliveriesUnusable`."""
    announcer = Announcer(read_targets(settings.deliveries_file))
    records.listeners.append(announcer.case_changed)
    _watch(settings, records.engine, watch)
    return QueueAndOutbox(StoredQueue(settings, records.engine, records.writer), objects, announcer)


def _watch(settings: Settings, engine: Engine, watch: Watch) -> None:
    waiting = _number(engine, job_rows.waiting)

    def queue_is_full() -> str | None:
        return "The queue of scans is full." if waiting() >= settings.queue_waiting_limit else None

    watch.add_check("queue", queue_is_full)
    watch.add_number("scan_jobs_waiting", waiting)
    watch.add_number("scan_jobs_stalled", _number(engine, job_rows.stalled))
    watch.add_number("scan_workers_alive", _number(engine, lambda connection: len(heartbeat.alive(connection))))
    watch.add_number(
        "deliveries_waiting", _number(engine, lambda connection: delivery_rows.counts(connection)["waiting"])
    )
    watch.add_number("deliveries_dead", _number(engine, lambda connection: delivery_rows.counts(connection)["dead"]))


def _number(engine: Engine, function: Callable[[Connection], int]) -> Callable[[], float]:
    def read() -> float:
        with engine.connect() as connection:
            return float(function(connection))

    return read

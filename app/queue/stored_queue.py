"""The queue of scans on the database of the record: a scan and its line in the audit trail are accepted together."""

import asyncio
from collections.abc import Sequence

from sqlalchemy import Connection, Engine

from app.access.actor import Actor
from app.queue import heartbeat, job_rows
from app.queue.queue import JobResult, JobState, JobView, ScanJob
from app.queue.room import check_room
from app.settings.settings import Settings
from app.store.database import read
from app.store.writer import Writer
from app.triage import rulebook


class StoredQueue:
    """The `ScanQueue` of a hospital's service; workers take from it what it keeps."""

    def __init__(self, settings: Settings, engine: Engine, writer: Writer) -> None:
        self._settings = settings
        self._engine = engine
        self._writer = writer

    async def submit(self, job: ScanJob, actor: Actor) -> str:
        """Accept a scan; see `ScanQueue`."""
        await asyncio.to_thread(self.check_room)
        return await self._writer.write(lambda connection: self.submit_in(connection, job, actor))

    def submit_blocking(self, job: ScanJob, actor: Actor) -> str:
        """The same for callers without an event loop."""
        self.check_room()
        return self._writer.write_blocking(lambda connection: self.submit_in(connection, job, actor))

    def submit_in(self, connection: Connection, job: ScanJob, actor: Actor) -> str:
        """The same in a transaction of the caller's; raises `QueueFull` where too many wait."""
        return job_rows.accept(
            connection,
            job,
            actor,
            rulebook().version,
            most_waiting=self._settings.queue_waiting_limit,
            keep_seconds=self._settings.job_keep_seconds,
        )

    def check_room(self) -> None:
        """Raise `QueueFull` where disk or memory run short: to be asked before a scan is kept."""
        check_room(self._settings)

    async def status(self, job_id: str) -> JobView | None:
        """Where a job stands."""
        found = await read(self._engine, lambda connection: job_rows.views(connection, job_id=job_id))
        return found[0] if found else None

    async def result(self, job_id: str) -> JobResult | None:
        """The answer of a job that is done."""
        return await read(self._engine, lambda connection: job_rows.result_of(connection, job_id))

    async def cancel(self, job_id: str, actor: Actor) -> bool:
        """Take back a job that waits."""
        return await self._writer.write(lambda connection: job_rows.cancel(connection, job_id, actor))

    async def jobs(self, state: JobState | None = None, most: int = 100) -> Sequence[JobView]:
        """The latest jobs first."""
        return await read(self._engine, lambda connection: job_rows.views(connection, state=state, most=most))

    async def waiting(self) -> int:
        """How many jobs wait, for metrics and readiness."""
        return await read(self._engine, job_rows.waiting)

    async def workers(self) -> list[str]:
        """Workers that were seen within the last minute."""
        return await read(self._engine, heartbeat.alive)

"""The way from chosen objects to the queue of scans."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import Connection

from app.access.actor import Actor
from app.queue.queue import ScanJob
from app.queue.room import check_room
from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.objects import Objects


@dataclass(frozen=True, slots=True)
class QueueHandover:
    """Keeps objects where workers find them, and queues scans."""

    settings: Settings
    files: Objects
    queue: StoredQueue

    def put(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Keep objects, all in one step; returns their keys in order."""
        with TemporaryDirectory(prefix="handover-", dir=paths[0].parent) as name:
            folder = Path(name)
            for number, path in enumerate(paths):
                (folder / f"{number:05d}").hardlink_to(path)
            return tuple(self.files.put(folder))

    def submit_in(self, connection: Connection, job: ScanJob, actor: Actor) -> str:
        """Queue a scan within a transaction. Raises QueueFull."""
        check_room(self.settings)
        return self.queue.submit_in(connection, job, actor)

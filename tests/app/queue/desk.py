"""A desk that takes scans in as a server would, and workers in processes of their own."""

import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import pytest
from sqlalchemy import Engine, select

from app.access.actor import Actor, ActorKind
from app.queue import job_rows
from app.queue.queue import JobState, JobView, ScanJob
from app.queue.stored_queue import StoredQueue
from app.scans.pool import WORKER_COMMAND
from app.settings.settings import Settings
from app.store.objects import Objects
from app.store.tables_audit import audit_events

ROOT = Path(__file__).parents[3]
FAKE_READER = Path(__file__).parents[1] / "scans" / "fake_worker.py"
ACTOR = Actor(ActorKind.KEY, "ris", frozenset())
START_SECONDS = 60.0

WORKER = """
import sys
from app.queue.worker import work_until_stopped
from app.settings.settings import Settings
work_until_stopped(Settings.model_validate_json(sys.argv[1]), sys.argv[2:])
"""


@dataclass
class Worker:
    """``aspects worker`` with a reader that the test chooses."""

    settings: Settings
    behaviour: str
    """Of the stand-in; empty: the real readers."""
    log: Path
    process: subprocess.Popen[bytes] | None = None
    start_seconds: float = START_SECONDS
    _out: list[IO[bytes]] = field(default_factory=list)

    def start(self) -> "Worker":
        reader = [sys.executable, str(FAKE_READER), self.behaviour] if self.behaviour else WORKER_COMMAND
        command = [sys.executable, "-c", WORKER, self.settings.model_dump_json(), *reader]
        out = self.log.open("ab")
        self._out.append(out)
        seen = self.log.read_text().count("reads scans")
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=out)
        until(
            lambda: self.log.read_text().count("reads scans") > seen or self.process.poll() is not None,
            self.start_seconds,
        )
        return self

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)

    def memory_mib(self) -> float:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) / 1024  # type: ignore[union-attr]

    def handles(self) -> tuple[int, int]:
        """How many files are open and how many threads there are."""
        assert self.process is not None
        process = Path("/proc") / str(self.process.pid)
        files, threads = (sum(1 for _ in (process / kind).iterdir()) for kind in ("fd", "task"))
        return files, threads

    def close(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()
        for out in self._out:
            out.close()


def until(holds: Callable[[], bool], seconds: float = START_SECONDS) -> None:
    """Wait until something holds; a test that waits in vain fails."""
    end_s = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end_s:
            pytest.fail("it did not come to pass in time")
        time.sleep(0.05)


@dataclass
class Desk:
    """Takes scans in as a server would, and looks after them."""

    queue: StoredQueue
    objects: Objects
    engine: Engine
    folder: Path
    keys: list[str] = field(default_factory=list)
    actor: Actor = ACTOR

    def submit(self, content: bytes, **options: object) -> str:
        file = self.folder / "scan"
        file.write_bytes(content)
        self.keys.extend(self.objects.put(file))
        return self.queue.submit_blocking(ScanJob((self.keys[-1],), **options), ACTOR)

    def views(self) -> list[JobView]:
        with self.engine.connect() as connection:
            return job_rows.views(connection, most=10_000)

    def states(self) -> dict[str, JobState]:
        return {view.job_id: view.state for view in self.views()}

    def events(self, action: str) -> list[str]:
        """What this was done to, by the audit trail."""
        with self.engine.connect() as connection:
            rows = connection.execute(select(audit_events.c.subject).where(audit_events.c.action == action))
            return [row.subject for row in rows]

    def all_done(self) -> bool:
        return set(self.states().values()) == {JobState.DONE}

    def result(self, job_id: str) -> bytes:
        with self.engine.connect() as connection:
            result = job_rows.result_of(connection, job_id)
        assert result is not None
        assert result.status == 200
        return result.body

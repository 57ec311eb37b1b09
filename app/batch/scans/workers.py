"""Processes that read scan after scan, each scan in a process forked for it; started when first needed."""

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.scans.pool import ScanPool, answer_in, too_much
from app.settings.settings import Settings

log = logging.getLogger("aspects.scans")

COMMAND = (sys.executable, "-P", "-m", "app.scans.forking_worker")


class ScanWorkers(ScanPool):
    """As many workers as scans may be read at once; a worker that ends or is ended is replaced by the next scan."""

    def __init__(self, settings: Settings, command: Sequence[str] = COMMAND) -> None:
        super().__init__(settings, command)
        self._idle: list[Process] = []

    async def read_with_thumbnail(self, scan: Path) -> dict[str, Any]:
        """Read a scan; the answer is a reading as JSON with its small picture. Raises WorkerUnavailable."""
        async with self._slots:
            worker = self._idle.pop() if self._idle else await self._start()
            answer_file = scan.parent / "reading.json"
            job = {"scan": str(scan), "answer": str(answer_file), "overlay": False, "thumbnail": True}
            try:
                async with asyncio.timeout(self._seconds):
                    exit_code = await _do(worker, job)
            except TimeoutError:
                log.warning("A scan was given up after %.0f s.", self._seconds)
                await _end_all(worker)
                return too_much()
            except BaseException:
                await _end_all(worker)
                raise
            if worker.returncode is None:
                self._idle.append(worker)
            return answer_in(answer_file, exit_code)

    async def close(self) -> None:
        """End the workers."""
        await super().close()
        while self._idle:
            await _end_all(self._idle.pop())


async def _do(worker: Process, job: dict[str, Any]) -> int | None:
    """Hand over a job and wait; the exit code of the process that did it, or of the worker, if that ended with it."""
    if worker.stdin is None or worker.stdout is None:
        return None
    with suppress(ConnectionError):
        worker.stdin.write(json.dumps(job).encode() + b"\n")
        await worker.stdin.drain()
    told = await worker.stdout.readline()
    return int(told) if told.strip() else await worker.wait()


async def _end_all(worker: Process) -> None:
    """End a worker and the process that it has forked."""
    with suppress(ProcessLookupError):
        os.killpg(worker.pid, signal.SIGKILL)
    await worker.wait()

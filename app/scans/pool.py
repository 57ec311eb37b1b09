"""Hands scans to child processes, one scan a process, and turns whatever becomes of them into an answer."""

import asyncio
import json
import logging
import math
import os
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import app
from app.operations import observers
from app.scans.worker import READY
from app.settings.settings import Settings
from imaging.refusals import RefusalCode
from imaging.result import Reading, Refusal

log = logging.getLogger("aspects.scans")

_START_SECONDS = 60.0
"""Longest time for a child to load the readers; a busy machine needs a few seconds."""

_START_CPU_SECONDS = 5
"""Processor time that loading the readers may take on top of the time for the scan."""

_ENDED_BY_LIMIT = {-signal.SIGKILL, -signal.SIGXCPU} if os.name == "posix" else set()
"""Exit codes of a child that the kernel ended: out of memory, out of processor time."""

WORKER_COMMAND = (sys.executable, "-P", "-m", "app.scans.worker")


class WorkerUnavailable(Exception):
    """No process for reading scans could be started."""


class ScanPool:
    """Child processes that read scans: a fresh one for each scan, one kept ready so that starting costs no time."""

    def __init__(self, settings: Settings, command: Sequence[str] = WORKER_COMMAND) -> None:
        self._command = command
        self._seconds = settings.scan_seconds_limit
        self._memory_mib = settings.scan_memory_limit_mib
        self._slots = asyncio.Semaphore(settings.scan_processes)
        self._spare: asyncio.Task[Process] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a scan would have to wait."""
        return self._slots.locked()

    def prepare(self) -> asyncio.Task[Process]:
        """Start a process for the next scan, in the background, unless one is waiting."""
        if self._spare is None:
            self._spare = asyncio.create_task(self._start())
        return self._spare

    async def check(self) -> None:
        """Raise `WorkerUnavailable` if a process for reading scans cannot be started."""
        if self.is_busy:
            return  # a scan is being read, so processes do start
        spare = self.prepare()
        try:
            await asyncio.shield(spare)
        except WorkerUnavailable:
            if self._spare is spare:
                self._spare = None  # the next call tries anew
            raise

    async def read(
        self,
        scan: Path,
        *,
        overlay: bool = False,
        thumbnail: bool = False,
        views: Path | None = None,
        drawing: Path | None = None,
    ) -> dict[str, Any]:
        """Read a scan; the answer is a reading as JSON, scored or refused.

        ``overlay``, ``thumbnail``: with this picture, of a scan that could be measured. ``views``: a folder that does
        not exist yet, for what a browser shows of the scan; ``None``: nobody looks at it. ``drawing``: a
        file that does not exist yet, for what DICOM objects show; it may be missing afterwards.

        A child that runs out of time or memory, or that dies, refuses the scan; it never takes the server with it.

        Raises
        ------
        WorkerUnavailable
            No process could be started.
        """
        async with self._slots:
            child = await self._take()
            try:
                files = {
                    name: None if path is None else str(path) for name, path in (("views", views), ("drawing", drawing))
                }
                reading = await self._answer(child, scan, {"overlay": overlay, "thumbnail": thumbnail} | files)
                observers.read(reading)
                return reading
            finally:
                await _end(child)
                self.prepare()

    async def close(self) -> None:
        """End the process that waits for a scan."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(WorkerUnavailable):
                await _end(await spare)

    async def _take(self) -> Process:
        """The process that was started ahead, or a new one if there is none or it died while waiting."""
        spare, self._spare = self._spare, None
        if spare is not None:
            with suppress(WorkerUnavailable):
                child = await spare
                if child.returncode is None:
                    return child
        return await self._start()

    async def _start(self) -> Process:
        limits = [str(self._memory_mib), str(math.ceil(self._seconds) + _START_CPU_SECONDS)]
        child = await asyncio.create_subprocess_exec(
            *self._command, *limits,
            stdin=PIPE, stdout=PIPE, stderr=DEVNULL, env=child_environment(), start_new_session=True,
        )  # fmt: skip
        if await _greeting(child) != READY:
            await _end(child)
            log.error("A process for reading scans did not start (exit code %s).", child.returncode)
            raise WorkerUnavailable
        return child

    async def _answer(self, child: Process, scan: Path, wanted: dict[str, Any]) -> dict[str, Any]:
        answer_file = scan.parent / "reading.json"
        job = json.dumps({"scan": str(scan), "answer": str(answer_file), **wanted})
        try:
            async with asyncio.timeout(self._seconds):
                await child.communicate(job.encode() + b"\n")
        except TimeoutError:
            log.warning("A scan was given up after %.0f s.", self._seconds)
            return too_much()
        return answer_in(answer_file, child.returncode)


def answer_in(answer_file: Path, exit_code: int | None) -> dict[str, Any]:
    """The reading that a process has left; one that left none, or a fault, has refused the scan."""
    if not answer_file.exists():
        log.error("The process reading a scan died (exit code %s).", exit_code)
        return too_much() if exit_code in _ENDED_BY_LIMIT else _unreadable()
    answer: dict[str, Any] = json.loads(answer_file.read_bytes())
    if "reading" in answer:
        reading: dict[str, Any] = answer["reading"]
        return reading
    log.error("Fault while reading a scan: %s at %s", answer["fault"], " < ".join(reversed(answer["frames"])))
    return too_much() if answer["fault"] == "MemoryError" else _unreadable()


def too_much() -> dict[str, Any]:
    """The answer where time or memory did not suffice."""
    return _refused(
        RefusalCode.TOO_LARGE,
        "The scan needs more time or memory than one reading may take.",
        "Send one series of the head at 1 to 5 mm, without other series or other body parts.",
    )


def _unreadable() -> dict[str, Any]:
    return _refused(
        RefusalCode.CORRUPT_FILE,
        "The scan could not be read to its end.",
        "Export the series again from the archive and send it; if that fails too, report it with the log.",
    )


def _refused(code: RefusalCode, text: str, remedy: str) -> dict[str, Any]:
    return Reading(status="refused", refusal=Refusal(code, text, remedy)).to_json()


async def _greeting(child: Process) -> bytes:
    if child.stdout is None:
        return b""
    try:
        async with asyncio.timeout(_START_SECONDS):
            return await child.stdout.readline()
    except TimeoutError:
        return b""


async def _end(child: Process) -> None:
    if child.returncode is None:
        with suppress(ProcessLookupError):
            child.kill()
        await child.wait()


def child_environment() -> dict[str, str]:
    """What a child needs and nothing else: keys and passwords of the server stay with the server."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR", "SYSTEMROOT") if name in os.environ}
    one_thread = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
    return kept | one_thread | {"PYTHONPATH": str(Path(app.__path__[0]).parent)}

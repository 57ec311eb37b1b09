"""Reads every scan below a folder, each in a process of its own, and carries on where an earlier run was stopped."""

import asyncio
import fcntl
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from app.batch import scan_results
from app.batch.faults import TableUnusable
from app.batch.scan_folder import ScanEntry, find_scans
from app.scan_pool import WORKER_COMMAND, ScanPool, WorkerUnavailable
from app.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What one scan may take, and how many are read at the same time."""

    workers: int
    seconds: float
    memory_mib: int
    command: Sequence[str] = WORKER_COMMAND
    """Command of the process that reads one scan."""


@dataclass(slots=True)
class Counts:
    """How a run stands."""

    scans: int
    done: int = 0
    earlier: int = 0
    """Of these, scans that an earlier run, or a scan of the same content, had settled."""
    statuses: dict[str, int] = field(default_factory=dict)


def run_scans(folder: Path, out: Path, limits: Limits) -> Counts:
    """Read the scans of ``folder`` and write ``scans/<sha256>.json`` and ``results.csv`` below ``out``.

    A scan whose result is there already, made by the same versions, is not read again; one that failed is.

    Raises
    ------
    TableUnusable
        No folder, no scan in it, nothing can be written to ``out``, another run is writing there, or no process for
        reading scans can be started.
    """
    if not folder.is_dir():
        raise TableUnusable(f"{folder}: not a folder.")
    try:
        (out / "scans").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableUnusable(f"{out}: {error.strerror}.") from None
    with _alone(out):
        entries = find_scans(folder, leave_out=out)
        if not entries:
            raise TableUnusable(f"{folder}: no NIfTI file, zip or DICOM folder was found.")
        try:
            return asyncio.run(_Run(out, limits, Counts(len(entries))).read_all(entries))
        except WorkerUnavailable:
            raise TableUnusable("No process for reading scans could be started.") from None
        except OSError as error:
            raise TableUnusable(f"{out}: {error.strerror}.") from None


class _Run:
    """One run: where it writes, and how far it is."""

    def __init__(self, out: Path, limits: Limits, counts: Counts) -> None:
        self._out = out
        self._made_by = scan_results.versions()
        self._limits = limits
        self._counts = counts
        self._being_read: dict[str, asyncio.Lock] = {}
        self._started = monotonic()

    async def read_all(self, entries: Sequence[ScanEntry]) -> Counts:
        """Read scan after scan with as many workers as allowed; the table is written at the end."""
        settings = Settings(
            scan_seconds_limit=self._limits.seconds,
            scan_memory_limit_mib=self._limits.memory_mib,
            scan_processes=self._limits.workers,
        )
        pool = ScanPool(settings, self._limits.command)
        waiting = iter(enumerate(entries))
        rows: dict[int, dict[str, Any]] = {}

        failures: list[Exception] = []

        async def work() -> None:
            """Take scans until there are none or the run cannot go on; a process that is starting is waited for."""
            while not failures and (following := next(waiting, None)) is not None:
                number, entry = following
                try:
                    rows[number] = await self._settle(entry, pool)
                except (OSError, WorkerUnavailable) as failure:
                    failures.append(failure)
                else:
                    self._tell(rows[number]["status"])

        try:
            await asyncio.gather(*(work() for _ in range(self._limits.workers)))
        finally:
            await pool.close()
        if failures:
            raise failures[0]
        if sys.stderr.isatty():
            sys.stderr.write("\n")
        scan_results.write_table(self._out / "results.csv", [rows[number] for number in sorted(rows)])
        return self._counts

    async def _settle(self, entry: ScanEntry, pool: ScanPool) -> dict[str, Any]:
        try:
            digest = await asyncio.to_thread(entry.digest)
        except OSError:
            return scan_results.row(entry.name, None, None)
        result = self._out / "scans" / f"{digest}.json"
        async with self._being_read.setdefault(digest, asyncio.Lock()):  # a second scan of the same content waits
            reading = scan_results.finished_reading(result, self._made_by)
            if reading is not None:
                self._counts.earlier += 1
                return scan_results.row(entry.name, digest, reading)
            with tempfile.TemporaryDirectory(prefix="aspects-scan-") as private:
                reading = await pool.read(_linked(entry, Path(private)))
            scan_results.write_reading(result, reading, digest, self._made_by)
        return scan_results.row(entry.name, digest, reading)

    def _tell(self, status: str) -> None:
        counts = self._counts
        counts.done += 1
        counts.statuses[status] = counts.statuses.get(status, 0) + 1
        if not sys.stderr.isatty():
            return
        read = counts.done - counts.earlier
        rate = read / (monotonic() - self._started)
        left = f", about {(counts.scans - counts.done) / rate / 60:.0f} min left" if read else ""
        sys.stderr.write(f"\r{counts.done} of {counts.scans} scans, {rate * 60:.0f} read a minute{left}    ")
        sys.stderr.flush()


def _linked(entry: ScanEntry, private: Path) -> Path:
    """Links to the scan's files in a private folder, beside which the reader's process may leave its answer."""
    if not entry.is_folder:
        link = private / "scan"
        link.symlink_to(entry.files[0].resolve())
        return link
    folder = private / "scan"
    folder.mkdir()
    for number, path in enumerate(entry.files):
        (folder / f"{number:06}").symlink_to(path.resolve())
    return folder


@contextmanager
def _alone(out: Path) -> Iterator[None]:
    """Hold the folder for this run; the system lets go of it when the process ends, however it ends."""
    with (out / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise TableUnusable(f"{out}: another run is writing there.") from None
        for leftover in (out / "scans").glob(".*.json.*"):  # what a run that was killed had not finished
            leftover.unlink(missing_ok=True)
        yield

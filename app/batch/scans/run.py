"""Reads every scan below a folder, each in a process of its own, and carries on where an earlier run was stopped."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from app.batch.faults import TableUnusable
from app.batch.scans import results
from app.batch.scans.child import read_entry
from app.batch.scans.contact_sheet import write_contact_sheet
from app.batch.scans.folder import ScanEntry, find_scans
from app.batch.scans.ledger import Counts, Ledger, alone, write_manifest
from app.batch.scans.workers import COMMAND, ScanWorkers
from app.scans.pool import WorkerUnavailable
from app.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Limits:
    """What one scan may take, and how many are read at the same time."""

    workers: int
    seconds: float
    memory_mib: int
    command: Sequence[str] = COMMAND
    """Command of the process that reads one scan."""

    def settings(self) -> Settings:
        """The limits as the pool of processes takes them."""
        return Settings(
            scan_seconds_limit=self.seconds, scan_memory_limit_mib=self.memory_mib, scan_processes=self.workers
        )


Engine = Callable[[Sequence[ScanEntry], Ledger, Iterator[int], Limits], None]
"""Settles the entries of these numbers in the ledger; raises OSError, WorkerUnavailable or TableUnusable."""


def run_scans(folder: Path, out: Path, limits: Limits, engine: Engine | None = None) -> Counts:
    """Read the scans of ``folder`` and write ``scans/<sha256>.json``, tables and a contact sheet below ``out``.

    A scan whose result is there already, made by the same versions, is not read again; one that failed is.

    Parameters
    ----------
    engine
        What has the scans read; ``None``: processes of this machine.

    Raises
    ------
    TableUnusable
        No folder, no scan in it, nothing can be written to ``out``, another run is writing there, or no process for
        reading scans can be started.
    """
    if not folder.is_dir():
        raise TableUnusable(f"{folder}: not a folder.")
    prepare_folder(out)
    with alone(out):
        entries = find_scans(folder, leave_out=out)
        if not entries:
            raise TableUnusable(f"{folder}: no NIfTI file, zip or DICOM folder was found.")
        ledger = read_entries(entries, out, limits, engine)
        with faults_told(out):
            results.write_tables(out, ledger.ordered())
            write_contact_sheet(out, ledger.ordered())
        return ledger.counts


def prepare_folder(out: Path) -> None:
    """Make the folder for the results."""
    try:
        (out / "scans").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableUnusable(f"{out}: {error.strerror}.") from None


def read_entries(
    entries: Sequence[ScanEntry],
    out: Path,
    limits: Limits,
    engine: Engine | None = None,
    refused: Mapping[str, str] | None = None,
) -> Ledger:
    """Settle every entry. ``refused``: reasons by name for entries that are not to be read at all."""
    with faults_told(out):
        write_manifest(out, entries)
        ledger = Ledger(out, entries)
        for number, entry in enumerate(entries):
            if refused and entry.name in refused:
                ledger.refuse(number, refused[entry.name])
        waiting = iter([number for number in range(len(entries)) if number not in ledger.rows])
        (engine or read_here)(entries, ledger, waiting, limits)
        return ledger


@contextmanager
def faults_told(out: Path) -> Iterator[None]:
    """Turn what ends a run into a sentence."""
    try:
        yield
    except WorkerUnavailable:
        raise TableUnusable("No process for reading scans could be started.") from None
    except OSError as error:
        raise TableUnusable(f"{out}: {error.strerror}.") from None


def read_here(entries: Sequence[ScanEntry], ledger: Ledger, waiting: Iterator[int], limits: Limits) -> None:
    """Read with child processes of this machine."""
    asyncio.run(_Run(entries, ledger, limits).read_all(waiting))


class _Run:
    """One run on this machine."""

    def __init__(self, entries: Sequence[ScanEntry], ledger: Ledger, limits: Limits) -> None:
        self._entries = entries
        self._ledger = ledger
        self._limits = limits
        self._being_read: dict[str, asyncio.Lock] = {}

    async def read_all(self, waiting: Iterator[int]) -> None:
        """Read scan after scan with as many workers as allowed."""
        workers = ScanWorkers(self._limits.settings(), self._limits.command)
        failures: list[Exception] = []

        async def work() -> None:
            """Take scans until there are none or the run cannot go on; a process that is starting is waited for."""
            while not failures and (number := next(waiting, None)) is not None:
                try:
                    await self._settle(number, workers)
                except (OSError, WorkerUnavailable, TableUnusable) as failure:
                    failures.append(failure)

        try:
            await asyncio.gather(*(work() for _ in range(self._limits.workers)))
        finally:
            await workers.close()
        if failures:
            raise failures[0]

    async def _settle(self, number: int, workers: ScanWorkers) -> None:
        entry, ledger = self._entries[number], self._ledger
        try:
            digest = await asyncio.to_thread(entry.digest)
        except OSError:
            ledger.settle(number, None, None)
            return
        async with self._being_read.setdefault(digest, asyncio.Lock()):  # a second scan of the same content waits
            reading = ledger.earlier(digest)
            earlier = reading is not None
            if reading is None:
                reading = await read_entry(entry, workers)
                ledger.keep(digest, reading)
        ledger.settle(number, digest, reading, earlier=earlier)

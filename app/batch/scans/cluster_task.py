"""What a Dask worker does for a run: hash a scan, or have it read by a child process with limits of its own."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from app.batch.scans import results
from app.batch.scans.child import read_entry
from app.batch.scans.folder import ScanEntry
from app.batch.scans.run import Limits
from app.batch.scans.workers import COMMAND, ScanWorkers

_MOST_THREADS = 64

Told = tuple[float, int, tuple[str, ...]]
"""Seconds, MiB and command of the process that reads one scan."""


class OtherVersions(Exception):
    """The worker's software, atlas or calibration is not that of the run."""


def digest_of(entry: ScanEntry) -> str:
    """SHA-256 of the scan's content. Raises OSError."""
    return entry.digest()


def read_scan(entry: ScanEntry, told: Told, made_by: Mapping[str, str]) -> dict[str, Any]:
    """Read a scan with limits on time and memory; whatever breaks its process ends in a refusal.

    Raises
    ------
    OtherVersions
        The result would not be one of this run.
    OSError, WorkerUnavailable
        See `app.batch.scans.child.read_entry`.
    """
    if results.versions() != dict(made_by):
        raise OtherVersions
    workers, loop = _workers(told)
    return asyncio.run_coroutine_threadsafe(read_entry(entry, workers), loop).result()


_pools: dict[Told, tuple[ScanWorkers, asyncio.AbstractEventLoop]] = {}
_starting = threading.Lock()


def _workers(told: Told) -> tuple[ScanWorkers, asyncio.AbstractEventLoop]:
    """The processes of this worker, which keep one ready between scans; the worker's threads say how many run."""
    with _starting:
        if told not in _pools:
            seconds, memory_mib, command = told
            command = COMMAND if command[1:] == COMMAND[1:] else command
            loop = asyncio.new_event_loop()
            threading.Thread(target=loop.run_forever, name="aspects-scans", daemon=True).start()
            _pools[told] = ScanWorkers(Limits(_MOST_THREADS, seconds, memory_mib, command).settings(), command), loop
    return _pools[told]

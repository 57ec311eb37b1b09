"""What a worker does with one job, in two steps that can each be repeated: read the scan, then record the outcome."""

import asyncio
import json
import logging
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from sqlalchemy import Connection, Engine

from app.access.actor import Actor
from app.queue import job_rows
from app.queue.job_rows import KeptJob
from app.queue.recording import Recorder
from app.scans.pool import ScanPool, WorkerUnavailable
from app.store.faults import CaseWentOn
from app.store.writer import RecordBusy, RecordUnavailable, Writer
from imaging.refusals import RefusalCode
from imaging.result import Reading, Refusal

log = logging.getLogger("aspects.worker")

_FETCH_ATTEMPTS = 4
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 30.0
_DRAWING = "drawing"

Json = dict[str, Any]
T = TypeVar("T")


class ScanFiles(Protocol):
    """Where the files of scans lie."""

    def fetch(self, keys: tuple[str, ...], folder: Path) -> Path:
        """Lay a scan into an empty folder; returns the file, or the folder where there are several.

        Raises ``LookupError`` for what is not there, ``OSError`` where the store cannot be reached.
        """

    def put_file(self, path: Path, kind: str = ...) -> str:
        """Keep a file; returns its key."""


@dataclass(slots=True)
class Pipeline:
    """The steps of a job, called from threads; scans are read by the pool on the worker's event loop."""

    engine: Engine
    writer: Writer
    files: ScanFiles
    pool: ScanPool
    loop: asyncio.AbstractEventLoop
    folder: Path
    """Private to this worker; emptied when it starts."""
    worker: str
    actor: Actor
    recorder: Recorder
    slots: threading.Semaphore
    """As many as scans may be read at the same time."""
    draws: bool = False
    """Whether anybody gets DICOM objects: what they show is then kept with the reading."""
    stopping: threading.Event = field(default_factory=threading.Event)
    under_way: set[str] = field(default_factory=set)
    """Jobs between the start of their reading and its record."""

    def read(self, job_id: str) -> Json:
        """First step: fetch the scan and read it. ``{}`` where there is nothing left to do."""
        with self.engine.connect() as connection:
            kept = job_rows.kept_job(connection, job_id)
        if kept is None:
            return {}
        folder = self.folder / job_id
        shutil.rmtree(folder, ignore_errors=True)
        try:
            scan = self._fetched(kept, folder / "scan")
            with self.slots:
                self._hold_if_stopping()
                told = {"reading": self._read(kept, scan, folder / _DRAWING)}
            return told | self._drawing(job_id, folder / _DRAWING)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def record(self, job_id: str, told: Json) -> None:
        """Second step: judge the case if there is one, and keep all of it in one transaction."""
        with self.engine.connect() as connection:
            kept = job_rows.kept_job(connection, job_id)
        if kept is not None and told:
            while not self._has_ended(kept, told):
                log.info("job %s: its case went on meanwhile and is judged anew", job_id)
        self.under_way.discard(job_id)

    def _has_ended(self, kept: KeptJob, told: Json) -> bool:
        """Keep the outcome; ``False``: somebody added to the case after it was judged."""
        ending = self._patiently(lambda: self.recorder.ending(kept, told["reading"]))

        def write(connection: Connection) -> None:
            ending(connection)
            if drawing := told.get("drawing"):
                job_rows.keep_drawing(connection, kept.job_id, drawing)

        try:
            self._write(write)
        except CaseWentOn:
            return False
        return True

    def put_back_unread(self) -> None:
        """Undo the start of what is still being read: the worker stops, and that is not the scan's fault."""
        for job_id in list(self.under_way):
            self._write(partial(job_rows.put_back, job_id=job_id, actor=self.actor))

    def _fetched(self, kept: KeptJob, folder: Path) -> Path | None:
        """The scan on the disk; ``None`` where it cannot be had even after a while."""
        for attempt in range(_FETCH_ATTEMPTS):
            folder.mkdir(parents=True, mode=0o700)
            try:
                return self.files.fetch(kept.job.scan, folder)
            except (LookupError, OSError) as error:
                log.warning("job %s: its scan could not be fetched (%s)", kept.job_id, type(error).__name__)
            shutil.rmtree(folder, ignore_errors=True)
            self.stopping.wait(_FIRST_PAUSE_SECONDS * 2**attempt)
        return None

    def _drawing(self, job_id: str, file: Path) -> Json:
        """Keep what was drawn, if anything was: a result is worth having without it."""
        if not file.exists():
            return {}
        try:
            return {"drawing": self.files.put_file(file, "drawing")}
        except (LookupError, OSError, RecordBusy, RecordUnavailable) as error:
            log.warning("job %s: what was drawn of it could not be kept (%s)", job_id, type(error).__name__)
            return {}

    def _read(self, kept: KeptJob, scan: Path | None, drawing: Path) -> Json:
        if scan is None:
            return _failed("The scan could not be fetched from where it is kept.")
        self.under_way.add(kept.job_id)
        begun = self._write(lambda connection: job_rows.begin(connection, kept.job_id, self.worker, self.actor))
        if begun is None:
            return _failed("The service was stopped hard each time that this scan was being read.")
        reading = self.pool.read(scan, overlay=kept.job.overlay, drawing=drawing if self.draws else None)
        try:
            return asyncio.run_coroutine_threadsafe(reading, self.loop).result()
        except WorkerUnavailable:
            return _failed("No process for reading scans could be started.")

    def _hold_if_stopping(self) -> None:
        """Wait for the end of the process: what is begun now would not be finished."""
        if self.stopping.is_set():
            threading.Event().wait()

    def _write(self, function: Callable[[Connection], T]) -> T:
        return self._patiently(lambda: self.writer.write_blocking(function))

    def _patiently(self, step: Callable[[], T]) -> T:
        """Where the database is away for a while, wait for it: an accepted scan is not given up for that."""
        pause_seconds = _FIRST_PAUSE_SECONDS
        while True:
            try:
                return step()
            except (RecordBusy, RecordUnavailable) as error:
                log.warning("the record does not answer (%s)", type(error).__name__)
            time.sleep(pause_seconds)
            pause_seconds = min(2 * pause_seconds, _LONGEST_PAUSE_SECONDS)


def _failed(text: str) -> Json:
    remedy = "Read the scan yourself. It may be sent again; if that fails too, tell whoever looks after this service."
    reading = Reading(status="refused", refusal=Refusal(RefusalCode.READING_FAILED, text, remedy))
    told: Json = json.loads(json.dumps(reading.to_json()))
    return told

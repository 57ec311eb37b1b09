"""Makes studies of received objects, and hands the right series of each complete study on to be read.

Any number of processes may run it on one folder: a lock of the operating system lets one of them work, and another
takes over when that one ends, however it ends. Each step can be repeated: an object counts once it is in the database,
and a study whose chosen objects were read already is not read again.
"""

import fcntl
import hashlib
import logging
import os
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from pydantic_core import to_json
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.access.actor import Actor, ActorKind, Scope
from app.interop.dicom_in import catalogue
from app.interop.dicom_in.catalogue import QUEUED, UNUSABLE, Outcome
from app.interop.dicom_in.reasons import SENTENCES, Aside
from app.interop.dicom_in.series_choice import Choice, choose
from app.interop.dicom_in.sorting import Sorted, headers_of, identity_of, sort_object
from app.interop.dicom_in.spool import Arrival, Spool
from app.queue.queue import STUDY, QueueFull, ScanJob
from app.settings.settings import Settings
from app.store import audit
from app.store.audit import utc_text
from app.store.writer import RecordBusy, RecordUnavailable, Writer
from imaging.dicom_headers import SliceHeader
from imaging.file_content import FileOnDisk
from imaging.refusals import ScanRefused

log = logging.getLogger(__name__)

_ROUND_SECONDS = 0.25
_OTHERS_SECONDS = 2.0
_SWEEP_SECONDS = 600.0
_FULL = timedelta(seconds=5)
"""Pause after the queue had no room or the record did not answer; that of a study with a fault of its own doubles."""
_LONGEST_DOUBLED = 9
_OF_ALL = (QueueFull, RecordBusy, RecordUnavailable, SQLAlchemyError, OSError)
"""What keeps every study waiting, not the one at hand."""
_BATCH = 200
"""Objects that share a transaction."""


class Handover(Protocol):
    """The way of the chosen objects to where scans are read."""

    def put(self, paths: Sequence[Path]) -> tuple[str, ...]:
        """Keep objects; returns their keys in order."""
        ...

    def submit_in(self, connection: Connection, job: ScanJob, actor: Actor) -> str:
        """Queue a scan within a transaction; returns the job. Raises QueueFull."""
        ...


@dataclass(frozen=True, slots=True)
class Record:
    """Where the assembler writes down what it does."""

    engine: Engine
    writer: Writer


class Assembler:
    """The work of one process; `run` in a thread, or `round` by round in a test."""

    def __init__(self, settings: Settings, folder: Path, record: Record, handover: Handover) -> None:
        self._spool = Spool(folder, settings.dicom_free_disk_mib * 2**20)
        self._folder = folder
        self._kept = folder / "kept"
        self._kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._not_before = datetime.min.replace(tzinfo=UTC)
        self._odd: dict[str, tuple[int, datetime]] = {}
        """Studies that could not be handed on: how often that was tried, and when to try again."""
        self._quiet = timedelta(seconds=settings.dicom_quiet_seconds)
        self._keep = timedelta(hours=settings.dicom_keep_hours)
        self._record = record
        self._handover = handover
        self._site = {} if settings.fhir_site_id is None else {"site_id": settings.fhir_site_id}

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop, whenever no other process does."""
        while not stop.is_set():
            with self._alone() as is_alone:
                swept_at: datetime | None = None
                while is_alone and not stop.is_set():
                    now = datetime.now(UTC)
                    if swept_at is None or (now - swept_at).total_seconds() > _SWEEP_SECONDS:
                        self._try(lambda: self.clean(datetime.now(UTC)))
                        swept_at = now
                    self._try(lambda: self.round(datetime.now(UTC)))
                    stop.wait(_ROUND_SECONDS)
            stop.wait(_OTHERS_SECONDS)

    def round(self, now: datetime) -> None:
        """Sort what arrived, then have read what is complete."""
        self.take_in()
        if now < self._not_before:
            return
        with self._record.engine.connect() as connection:
            due = [row.study_uid for row in catalogue.receiving(connection) if self._is_due(connection, row, now)]
        for study_uid in due:
            try:
                self.process(study_uid)
            except _OF_ALL as error:
                log.warning("Complete studies wait (%s).", type(error).__name__)
                self._not_before = now + _FULL
                return
            except Exception as error:  # one odd study must not hold up the others
                log.exception("A study waits: %s.", type(error).__name__)
                tried, _ = self._odd.get(study_uid, (0, now))
                self._odd[study_uid] = (tried + 1, now + _FULL * 2 ** min(tried, _LONGEST_DOUBLED))
            else:
                self._odd.pop(study_uid, None)

    def take_in(self) -> None:
        """Move every arrived object to where it is kept, and record it."""
        batch: list[tuple[Arrival, Sorted, str | None]] = []
        for arrival in self._spool.arrivals():
            found = sort_object(arrival.path)
            batch.append((arrival, found, self._keep_file(arrival, found)))
            if len(batch) == _BATCH:
                self._write_down(batch)
                batch.clear()
        if batch:
            self._write_down(batch)

    def process(self, study_uid: str) -> None:
        """Choose the series of a study and hand it on, unless the same objects were handed on before."""
        with self._record.engine.connect() as connection:
            row = catalogue.study(connection, study_uid)
            objects = catalogue.objects_of(connection, study_uid)
        if row is None:
            return
        slices: list[SliceHeader] = []
        hashes: dict[Path, str] = {}
        left: list[tuple[str | None, str, str]] = []
        for one in objects:
            if one.aside is not None or one.file is None:
                reason = Aside(one.aside or Aside.DAMAGED)
                left.append((one.series_uid, reason, SENTENCES[reason]))
                continue
            path = self._folder / one.file
            try:
                slices += headers_of(path)
            except (ScanRefused, OSError):
                left.append((one.series_uid, Aside.DAMAGED, SENTENCES[Aside.DAMAGED]))
                self._write(partial(catalogue.put_aside, sha256=one.sha256, reason=Aside.DAMAGED))
            hashes[path] = one.sha256
        self._hand_on(row, choose(slices, left), hashes)

    def clean(self, now: datetime) -> None:
        """Remove what is older than it has to be kept."""
        for file in self._write(lambda connection: catalogue.purge(connection, now - self._keep)):
            (self._folder / file).unlink(missing_ok=True)
        self._spool.sweep()

    def _is_due(self, connection: Connection, row: Any, now: datetime) -> bool:
        if now < self._odd.get(row.study_uid, (0, now))[1]:
            return False
        if row.asked_at is not None:
            return True
        if row.last_at > utc_text(now - self._quiet):
            return False
        return not self._spool.may_bring_more(catalogue.deliveries_of(connection, row.study_uid))

    def _hand_on(self, row: Any, choice: Choice, hashes: dict[Path, str]) -> None:
        """Queue the chosen objects and record it, both or neither."""
        chosen: dict[str, Path] = {}
        for one in choice.slices:
            if isinstance(one.file.content, FileOnDisk):
                chosen[hashes[one.file.content.path]] = one.file.content.path
        if not chosen:
            self._write(lambda connection: self._finish(connection, row, Outcome(UNUSABLE, choice)))
            return
        key = hashlib.sha256("\n".join(sorted(chosen)).encode()).hexdigest()
        if key == row.content_key and row.job_id is not None:
            known = Outcome(QUEUED, choice, key, row.job_id)
            self._write(lambda connection: self._finish(connection, row, known))
            return
        paths = [chosen[sha256] for sha256 in sorted(chosen)]
        case = to_json({"case_id": row.study_uid, "facts": {}, **self._site})
        job = ScanJob(self._handover.put(paths), case, identity_of(paths[0]), origin=STUDY)

        def hand_on(connection: Connection) -> None:
            job_id = self._handover.submit_in(connection, job, OWN)
            self._finish(connection, row, Outcome(QUEUED, choice, key, job_id))

        self._write(hand_on)

    def _finish(self, connection: Connection, row: Any, outcome: Outcome) -> None:
        catalogue.finish(connection, row.study_uid, row.last_at, outcome, datetime.now(UTC))
        if outcome.state == QUEUED and outcome.job_id == row.job_id:
            return
        refusal = outcome.choice.refusal
        detail: dict[str, int | str] = {"series": len(outcome.choice.accounts), "images": len(outcome.choice.slices)}
        detail |= {} if refusal is None else {"refusal": refusal.value}
        detail |= {} if outcome.job_id is None else {"job": outcome.job_id}
        action = "study.queued" if outcome.state == QUEUED else "study.unusable"
        audit.append(connection, audit.Event(OWN, action, f"study/{row.study_uid}", detail=detail))

    def _keep_file(self, arrival: Arrival, found: Sorted) -> str | None:
        """Give the object a second name where it is kept; the first goes once the database knows of it."""
        if not found.is_kept:
            return None
        target = self._kept / found.sha256[:2] / found.sha256
        target.parent.mkdir(mode=0o700, exist_ok=True)
        with suppress(FileExistsError):
            os.link(arrival.path, target)
        return str(target.relative_to(self._folder))

    def _write_down(self, batch: list[tuple[Arrival, Sorted, str | None]]) -> None:
        self._write(lambda connection: _add_all(connection, batch))
        for arrival, _, _ in batch:
            arrival.path.unlink(missing_ok=True)

    def _write(self, function: Callable[[Connection], Any]) -> Any:
        return self._record.writer.write_blocking(function)

    @contextmanager
    def _alone(self) -> Iterator[bool]:
        with (self._folder / "assembler.lock").open("a") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    @staticmethod
    def _try(step: Callable[[], object]) -> None:
        try:
            step()
        except Exception as error:  # the thread must outlive a full disk, a busy database, one odd study
            log.exception("Received DICOM objects wait: %s.", type(error).__name__)


OWN = Actor(ActorKind.SYSTEM, "dicom-in", frozenset({Scope.INGEST}))
"""This service, choosing a series by itself."""


def _add_all(connection: Connection, batch: list[tuple[Arrival, Sorted, str | None]]) -> None:
    new: Counter[tuple[str, str, str | None]] = Counter()
    aside: Counter[tuple[str, str, str | None]] = Counter()
    for arrival, found, file in batch:
        if catalogue.add(connection, arrival, found, file):
            key = (arrival.delivery.source, arrival.delivery.via, found.study_uid)
            new[key] += 1
            aside[key] += found.aside is not None
    for (source, via, study_uid), count in new.items():
        actor = Actor(ActorKind.SYSTEM, f"{via}/{source}", frozenset({Scope.INGEST}))
        detail = {"objects": count, "aside": aside[source, via, study_uid]}
        audit.append(connection, audit.Event(actor, "dicom.received", f"study/{study_uid or 'unknown'}", detail=detail))

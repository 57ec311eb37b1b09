"""Sends results to archives: makes their DICOM objects when the delivery's turn comes, in a process with limits.

The objects are made from the scan anew and have the same identifiers each time, so an archive keeps one of each; they
need not be stored here.
"""

import json
import math
import subprocess
import sys
import tempfile
import threading
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, select

from app.outbox.delivery import Parcel, Sender, Undelivered
from app.outbox.document_child import NO_SOURCES
from app.scan_pool import child_environment
from app.settings import Settings
from app.store.case_queries import show_revision
from app.store.database import read_blocking
from app.store.tables_queue import scan_jobs

_START_SECONDS = 30.0
_NOT_STATED = "not stated"


class ScanFiles(Protocol):
    """Where the files of scans lie; see `app.queue.pipeline.ScanFiles`."""

    def fetch(self, keys: tuple[str, ...], folder: Path) -> Path:
        """Lay a scan into an empty folder."""


@dataclass(frozen=True, slots=True)
class DocumentSender:
    """Makes the objects, then has them sent by the sender of a node."""

    send_documents: Sender
    """Takes ``payload_ref`` as names of files."""
    settings: Settings
    engine: Engine
    files: ScanFiles
    slots: threading.Semaphore
    """Shared with the readings of the worker: making the objects reads the scan again."""

    def send(self, parcel: Parcel) -> None:
        """Make and send. Raises `Undelivered`."""
        job = read_blocking(self.engine, lambda connection: _job(connection, parcel))
        with tempfile.TemporaryDirectory(prefix="documents-") as name:
            folder = Path(name)
            (folder / "scan").mkdir()
            try:
                scan = self.files.fetch(tuple(job.pop("keys")), folder / "scan")
            except LookupError:
                raise Undelivered("The scan is kept no longer.", again=False) from None
            except OSError:
                raise Undelivered("The object store could not be read.") from None
            job |= {"scan": str(scan), "out": str(folder / "out"), "zone": self.settings.site_time_zone}
            with self.slots:
                self._make(job)
            made = tuple(str(path) for path in sorted((folder / "out").glob("*.dcm")))
            self.send_documents.send(replace(parcel, payload_ref=made))

    def _make(self, job: dict[str, Any]) -> None:
        seconds = self.settings.scan_seconds_limit + _START_SECONDS
        limits = [str(self.settings.scan_memory_limit_mib), str(math.ceil(seconds))]
        try:
            told = subprocess.run(  # noqa: S603 -- our own program
                [sys.executable, "-P", "-m", "app.outbox.document_child", *limits],
                input=json.dumps(job).encode() + b"\n", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                timeout=seconds, check=False, env=child_environment(),
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            raise Undelivered("Making the DICOM objects took too long.") from None
        if told.returncode == NO_SOURCES:
            raise Undelivered("The scan names no study to put results into.", again=False)
        if told.returncode != 0:
            raise Undelivered(f"The DICOM objects could not be made (exit code {told.returncode}).")


def read_file(key: str) -> bytes:
    """The content of a made object."""
    return Path(key).read_bytes()


def _job(connection: Connection, parcel: Parcel) -> dict[str, Any]:
    """What the child needs, but for the scan's place: keys of the scan, answer, signature."""
    case_id = parcel.payload.get("case_id")
    of_result = scan_jobs.c.case_id == case_id if case_id else scan_jobs.c.job_id == parcel.payload.get("job_id")
    keys = connection.execute(
        select(scan_jobs.c.scan).where(of_result).order_by(scan_jobs.c.number.desc()).limit(1)
    ).scalar_one_or_none()
    if keys is None:
        raise Undelivered("The result has no scan.", again=False)
    job: dict[str, Any] = {"keys": json.loads(keys), "made_at": parcel.created_at, "triage": None, "sign_off": None}
    if case_id:
        content = show_revision(connection, case_id, parcel.payload["revision"])
        job["triage"] = json.loads(content.answer)
        if signature := content.summary.signature:
            job["sign_off"] = {
                "name": signature.actor_name,
                "organisation": _NOT_STATED,
                "at": signature.at,
            }
    return job

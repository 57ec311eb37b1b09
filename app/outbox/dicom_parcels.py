"""Sends results to archives: makes their DICOM objects when the delivery's turn comes, in a process with limits.

The objects are made from what was kept of the reading and have the same identifiers each time, so an archive keeps one
of each; they need not be stored here.
"""

import json
import math
import subprocess
import sys
import tempfile
import threading
from contextlib import nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, select

from app.interop.dicom_out.clinicians_reading import is_of_software
from app.outbox.delivery import Parcel, Sender, Undelivered
from app.outbox.document_child import NO_SOURCES
from app.outbox.reports import SentReport, keep_sent, report_before
from app.queue import job_rows
from app.queue.queue import scan_hash
from app.scans.pool import child_environment
from app.settings.settings import Settings
from app.store.case_queries import RevisionContent, show_revision
from app.store.database import read_blocking
from app.store.tables_queue import scan_jobs
from app.store.writer import RecordBusy, RecordUnavailable, Writer

_START_SECONDS = 30.0
_DRAWING, _REPORT = "drawing", "report.dcm"


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
    writer: Writer
    files: ScanFiles
    slots: threading.Semaphore
    """Shared with the readings of the worker, for a scan that has to be read again."""

    def send(self, parcel: Parcel) -> None:
        """Make and send. Raises `Undelivered`."""
        job = read_blocking(self.engine, lambda connection: self._job(connection, parcel))
        with tempfile.TemporaryDirectory(prefix="documents-") as name:
            folder = Path(name)
            job["scan"] = str(self._fetched(job.pop("keys"), folder / "scan"))
            job["drawing"] = self._drawing(job["drawing"], folder / _DRAWING)
            job["out"] = str(folder / "out")
            with nullcontext() if job["drawing"] else self.slots:
                self._make(job)
            made = tuple(str(path) for path in sorted((folder / "out").glob("*.dcm")))
            self.send_documents.send(replace(parcel, payload_ref=made))
            self._remember(parcel, folder / "out" / _REPORT)

    def _job(self, connection: Connection, parcel: Parcel) -> dict[str, Any]:
        """What the child needs: keys of the scan, reading, answer, signature, the report before."""
        case_id = parcel.payload.get("case_id")
        content = show_revision(connection, case_id, parcel.payload["revision"]) if case_id else None
        row = _scan_of(connection, parcel, content)
        before = report_before(connection, parcel)
        job: dict[str, Any] = {
            "keys": tuple(json.loads(row.scan)),
            "drawing": row.drawing,
            "made_at": parcel.created_at,
            "zone": self.settings.site_time_zone,
            "predecessor": asdict(before) if before else None,
        }
        if content is not None:
            return job | self._of_case(content)
        result = job_rows.result_of(connection, row.job_id)
        reading = None if result is None else json.loads(result.body).get("reading")
        return job | {"reading": reading, "triage": None, "sign_off": None, "is_edited": False}

    def _of_case(self, content: RevisionContent) -> dict[str, Any]:
        answer, signature = json.loads(content.answer), content.summary.signature
        signed = None
        if signature:
            organisation = self.settings.sign_off_organisation
            signed = {"name": signature.actor_name, "organisation": organisation, "at": signature.at}
        return {
            "reading": None if content.reading is None else json.loads(content.reading),
            "triage": answer,
            "sign_off": signed,
            "is_edited": signed is not None and not is_of_software(answer.get("aspects")),
        }

    def _fetched(self, keys: tuple[str, ...], folder: Path) -> Path:
        folder.mkdir()
        try:
            return self.files.fetch(keys, folder)
        except LookupError:
            raise Undelivered("The scan is kept no longer.", again=False) from None
        except OSError:
            raise Undelivered("The object store could not be read.") from None

    def _drawing(self, key: str | None, folder: Path) -> str | None:
        """What the reading's process drew; ``None`` where it is not kept: the scan is then read again."""
        if key is None:
            return None
        folder.mkdir()
        try:
            return str(self.files.fetch((key,), folder))
        except (LookupError, OSError):
            return None

    def _remember(self, parcel: Parcel, report: Path) -> None:
        """Note which report the archive has now, before the delivery counts as sent."""
        import pydicom  # noqa: PLC0415 -- the rest of the outbox does without

        told = pydicom.dcmread(report, stop_before_pixels=True)
        uids = (told.SOPClassUID, told.SOPInstanceUID, told.SeriesInstanceUID, told.StudyInstanceUID)
        sent = SentReport(*map(str, uids))
        try:
            self.writer.write_blocking(lambda connection: keep_sent(connection, parcel, sent))
        except (RecordBusy, RecordUnavailable):
            raise Undelivered("The record could not be written.") from None

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
            raise Undelivered("The scan's headers name no study to put results into.", again=False)
        if told.returncode != 0:
            raise Undelivered(f"The DICOM objects could not be made (exit code {told.returncode}).")


def _scan_of(connection: Connection, parcel: Parcel, content: RevisionContent | None) -> Any:
    """The job whose scan a result is of: a case may have had several, each revision is of one."""
    jobs = select(scan_jobs.c.job_id, scan_jobs.c.scan, scan_jobs.c.drawing).order_by(scan_jobs.c.number.desc())
    if content is None:
        found = connection.execute(jobs.where(scan_jobs.c.job_id == parcel.payload.get("job_id"))).all()
    else:
        of_case = connection.execute(jobs.where(scan_jobs.c.case_id == parcel.payload["case_id"])).all()
        found = [row for row in of_case if scan_hash(json.loads(row.scan)) == content.summary.scan_sha256]
    if not found:
        raise Undelivered("The result has no scan.", again=False)
    return found[0]


def read_file(key: str) -> bytes:
    """The content of a made object."""
    return Path(key).read_bytes()

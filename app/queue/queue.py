"""The words of the queue and its protocol: what a scan to be read is, where it stands, and what one may ask."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from app.access.actor import Actor
from app.store.audit import canonical_json
from app.version import __version__

MOST_ATTEMPTS = 2
"""Readings of one scan that may be begun: a scan whose worker was killed twice is refused, or it would go round for
ever."""


STUDY = "dicom"
"""Origin of a scan that came as a DICOM study; its case is named by the study's UID."""


class JobState(StrEnum):
    """Where a scan stands."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    """It has its answer: a reading, scored or refused."""
    CANCELLED = "cancelled"


ENDED = frozenset({JobState.DONE, JobState.CANCELLED})


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose scan it is, as the sender named it; goes into results, never into logs or the audit trail."""

    patient_id: str
    issuer: str = ""
    """Assigning authority of the patient's number."""
    accession_number: str = ""
    study_uid: str = ""


@dataclass(frozen=True, slots=True)
class ScanJob:
    """A scan to be read."""

    scan: tuple[str, ...]
    """Keys of its files in the object store: one file, or all DICOM files of one series."""
    request: bytes | None = None
    """The triage request as JSON text, checked already; ``None``: the scan is read and nothing is judged."""
    identity: Identity | None = None
    overlay: bool = False
    """Whether the answer is to hold a picture."""
    origin: str = "http"
    """How it came in: ``http`` or ``dicom``."""

    def content_key(self, rules_version: str) -> str:
        """What makes two jobs the same: files in any order, case, whose it is, picture, and the versions that judge."""
        identity = asdict(self.identity) if self.identity else None
        request = None if self.request is None else hashlib.sha256(self.request).hexdigest()
        parts = ["aspects-job-1", sorted(self.scan), request, identity, self.overlay, __version__, rules_version]
        return hashlib.sha256(canonical_json(parts).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as others see it; holds nothing about the patient."""

    job_id: str
    state: JobState
    origin: str
    attempts: int
    """Readings that were begun."""
    worker: str | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stalled: bool = False
    """Its worker has not been seen for a minute: it carries on once a worker of that name is started again."""


@dataclass(frozen=True, slots=True)
class JobResult:
    """The answer of a job that is done: an HTTP status and its JSON text."""

    status: int
    body: bytes


def scan_hash(scan: Sequence[str]) -> str:
    """One name for all files of a scan: that of its only file, or the hash over the names of all in their order."""
    return scan[0] if len(scan) == 1 else hashlib.sha256(canonical_json(list(scan)).encode()).hexdigest()


class QueueFull(Exception):
    """No scan can be taken in now; nothing was kept. The message says what is lacking."""


class ScanQueue(Protocol):
    """Keeps accepted scans until each has ended in a reading or a named refusal."""

    async def submit(self, job: ScanJob, actor: Actor) -> str:
        """Accept a scan; on disk when it returns. The same scan with the same case is the same job.

        Raises
        ------
        QueueFull
            Too many wait, or disk or memory run short.
        """

    async def status(self, job_id: str) -> JobView | None:
        """Where a job stands; ``None``: there is no such job."""

    async def result(self, job_id: str) -> JobResult | None:
        """The answer; ``None`` while there is none."""

    async def cancel(self, job_id: str, actor: Actor) -> bool:
        """Take back a job that waits; false where it is being read or has ended."""

    async def jobs(self, state: JobState | None = None, most: int = 100) -> Sequence[JobView]:
        """The latest jobs first."""

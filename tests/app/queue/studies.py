"""Studies as they reach the queue, and what a worker makes of them, without the process of a worker."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from app.access.actor import Actor, ActorKind
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.outbox.announcer import Announcer
from app.queue import job_rows
from app.queue.queue import STUDY, Identity, ScanJob
from app.queue.recording import Recorder
from app.store.records import Records
from app.store.writer import Writer
from app.triage import rulebook

UID = "1.2.826.0.1.3680043.8.498.1"
DICOM_IN = Actor(ActorKind.SYSTEM, "dicom-in", frozenset())
WORKER = Actor(ActorKind.SYSTEM, "worker", frozenset())


def accepted(
    writer: Writer, scan: Sequence[str] = ("a",), name: str = UID, origin: str = STUDY, identity: Identity | None = None
) -> job_rows.KeptJob:
    """A job in the queue, as a worker finds it."""
    job = ScanJob(tuple(scan), to_json({"case_id": name, "facts": {}}), identity, origin=origin)

    def accept(connection: Any) -> job_rows.KeptJob | None:
        version = rulebook().version
        job_id = job_rows.accept(connection, job, DICOM_IN, version, most_waiting=9, keep_seconds=9)
        return job_rows.kept_job(connection, job_id)

    kept = writer.write_blocking(accept)
    assert kept is not None
    return kept


def recorder_of(records: Records, announcer: Announcer | None = None) -> Recorder:
    """What ends jobs in a worker."""
    return Recorder(
        records, announcer or Announcer(()), lambda text: case_of(TriageRequest.model_validate_json(text)), WORKER
    )


def record(recorder: Recorder, kept: job_rows.KeptJob, reading: dict[str, Any]) -> None:
    """Keep what was read of a job."""
    recorder.records.writer.write_blocking(recorder.ending(kept, reading))

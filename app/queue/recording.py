"""The second step of a job: judges the case that came with the scan, and keeps answer, revision and deliveries."""

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pydantic_core import to_json
from sqlalchemy import Connection

from app.access.actor import Actor, ActorKind
from app.outbox.announcer import Announcer
from app.problems import Problem, contradiction
from app.queue import job_rows
from app.queue.faults import told_without_message
from app.queue.job_rows import KeptJob
from app.queue.queue import STUDY, JobResult, scan_hash
from app.store.audit import utc_text
from app.store.database import read_blocking
from app.store.faults import RecordUnavailable, UnusableCaseId
from app.store.judged_case import JudgedCase
from app.store.records import Records, judgement_of, with_record
from app.store.revisions import Judgement, Kept, Origin
from app.store.study_cases import known_of
from scoring.case import Case
from scoring.errors import CaseError

log = logging.getLogger("aspects.worker")

Reading = Mapping[str, Any]
CaseReader = Callable[[bytes], Case]
_PICTURE = "overlay_png_base64"
_CASE_AT = ("body", "case")


@dataclass(frozen=True, slots=True)
class Recorder:
    """Makes the write that ends a job."""

    records: Records
    announcer: Announcer
    case_of: CaseReader
    actor: Actor
    """The worker."""

    def ending(self, kept: KeptJob, reading: Reading) -> Callable[[Connection], None]:
        """What to write, once everything that takes time is done; writing it again changes nothing.

        The write raises CaseWentOn where somebody added to the case meanwhile. Raises RecordUnavailable.
        """
        if kept.job.request is None:
            return self._of_scan(kept, reading)
        try:
            judgement = self._judged(kept, kept.job.request, _without_picture(reading))
            return self._of_case(kept, reading, judgement)
        except CaseError as error:
            return self._of_problem(kept, reading, contradiction(error, _CASE_AT))
        except UnusableCaseId as error:
            return self._of_problem(kept, reading, Problem(422, str(error)))
        except RecordUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 -- whatever is wrong with the case, the scan must get its answer
            log.error("job %s: fault while judging: %s", kept.job_id, told_without_message(error))  # noqa: TRY400 -- its text may be about a patient
            return self._of_problem(kept, reading, Problem(500, "A fault of this software; its log says more."))

    def _judged(self, kept: KeptJob, request: bytes, reading: bytes) -> Judgement:
        """The case with what was read; a study's case goes on from the facts that are known of it already."""
        case, scan = self.case_of(request), scan_hash(kept.job.scan)
        if kept.job.origin != STUDY or case.case_id is None:
            judged = JudgedCase.beside(case, reading)
            return judgement_of(
                request, judged, case_id=kept.job_id, reading=reading, scan_sha256=scan, origin=Origin.SCAN
            )
        known = read_blocking(self.records.engine, partial(known_of, case_id=case.case_id))
        *sooner, last = known.requests or [request]
        for known_request in sooner:
            with suppress(CaseError):
                return self._of_study(known_request, case.case_id, known.revision, reading, scan)
        return self._of_study(last, case.case_id, known.revision, reading, scan)

    def _of_study(self, request: bytes, case_id: str, follows: int, reading: bytes, scan: str) -> Judgement:
        judged = JudgedCase.beside(replace(self.case_of(request), case_id=case_id), reading)
        return judgement_of(request, judged, reading=reading, scan_sha256=scan, origin=Origin.STUDY, follows=follows)

    def _of_scan(self, kept: KeptJob, reading: Reading) -> Callable[[Connection], None]:
        result = JobResult(200, to_json({"reading": reading, "triage": None}))

        def write(connection: Connection) -> None:
            if job_rows.finish(connection, kept.job_id, result, self.actor, _detail(reading, result)):
                self._announce_scan(connection, kept, reading)

        return write

    def _of_case(self, kept: KeptJob, reading: Reading, judgement: Judgement) -> Callable[[Connection], None]:
        keep = self.records.keeping(judgement, Actor(ActorKind(kept.actor_kind), kept.actor_name, frozenset()))
        told = to_json(reading)

        def write(connection: Connection) -> None:
            if not job_rows.claim_end(connection, kept.job_id, judgement.case_id):
                return
            where: Kept = keep(connection)
            result = JobResult(200, b'{"reading":' + told + b',"triage":' + with_record(judgement.answer, where) + b"}")
            job_rows.finish(connection, kept.job_id, result, self.actor, _detail(reading, result))

        return write

    def _of_problem(self, kept: KeptJob, reading: Reading, problem: Problem) -> Callable[[Connection], None]:
        """The case cannot be judged with what the scan shows: the caller hears why, others hear what was read."""
        result = JobResult(problem.status_code, problem.body())

        def write(connection: Connection) -> None:
            if job_rows.finish(connection, kept.job_id, result, self.actor, _detail(reading, result)):
                self._announce_scan(connection, kept, reading)

        return write

    def _announce_scan(self, connection: Connection, kept: KeptJob, reading: Reading) -> None:
        identity = None if kept.job.identity is None else asdict(kept.job.identity)
        now = utc_text(datetime.now(UTC))
        self.announcer.scan_read(connection, kept.job_id, reading, identity, now)


def _without_picture(reading: Reading) -> bytes:
    return to_json({name: value for name, value in reading.items() if name != _PICTURE})


def _detail(reading: Reading, result: JobResult) -> dict[str, Any]:
    refusal = reading.get("refusal") or {}
    return {"status": reading["status"], "refusal": refusal.get("code"), "answer": result.status}

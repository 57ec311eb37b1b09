"""How a service with a record takes scans in: into the object store and the queue, from which workers read them."""

import asyncio
import time

from app.access.actor import Actor
from app.hospital import Hospital
from app.problems import Problem
from app.queue.queue import JobState, QueueFull, ScanJob
from app.scans.desk import RETRY_AFTER, ScanRequest
from app.scans.jobs import Answer
from app.store.faults import UnusableCaseId
from app.store.revisions import check_case_id
from app.store.writer import RecordBusy, RecordUnavailable

_LOOK_SECONDS = 0.2
_NO_SUCH_JOB = "There is no such job, or its answer was kept long enough."


async def submit(hospital: Hospital, asked: ScanRequest, actor: Actor) -> str:
    """Keep a scan and queue it; returns the job's name, and both are on disk by then.

    Raises
    ------
    Problem
        422: the case's name cannot be kept. 503: there is no room for another scan.
    """
    queue = hospital.queue
    try:
        check_case_id(None if asked.case is None else asked.case.case_id)
        await asyncio.to_thread(queue.scans.check_room)
        keys = await asyncio.to_thread(queue.files.put, asked.scan)
        return await queue.scans.submit(ScanJob(keys, asked.case_text, overlay=asked.overlay), actor)
    except UnusableCaseId as error:
        raise Problem(422, str(error), [_case_id_error(error)]) from None
    except QueueFull as error:
        raise Problem(503, str(error), headers=RETRY_AFTER) from None
    except (RecordBusy, RecordUnavailable, OSError):
        raise Problem(503, "The scan could not be kept; nothing was.", headers=RETRY_AFTER) from None


async def answer_within(hospital: Hospital, job_id: str, seconds: float) -> Answer | None:
    """The answer of a job, waited for; ``None`` where it takes longer or nobody reads scans now."""
    end_s = time.monotonic() + seconds
    while True:
        result = await hospital.queue.scans.result(job_id)
        if result is not None:
            return Answer(result.status, result.body)
        if time.monotonic() >= end_s or not await hospital.queue.scans.workers():
            return None
        await asyncio.sleep(_LOOK_SECONDS)


async def answer_now(hospital: Hospital, job_id: str) -> Answer | None:
    """The answer of a job; ``None`` while there is none. Raises the 404 `Problem` for a job that is not there."""
    view = await hospital.queue.scans.status(job_id)
    if view is None:
        raise Problem(404, _NO_SUCH_JOB)
    if view.state is JobState.CANCELLED:
        raise Problem(404, "This job was taken back before it was read.")
    result = await hospital.queue.scans.result(job_id)
    return None if result is None else Answer(result.status, result.body)


def _case_id_error(error: UnusableCaseId) -> dict[str, object]:
    return {"loc": ["body", "case", "case_id"], "msg": str(error), "type": "value_error"}

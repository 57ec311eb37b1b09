"""Takes scans in, has them read and judged, and keeps what was answered until it is fetched."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from pydantic_core import to_json

from app.problems import Problem, contradiction
from app.scans.findings import with_reading
from app.scans.jobs import Answer, JobTable
from app.scans.pool import ScanPool, WorkerUnavailable
from app.triage import triage
from scoring.case import Case
from scoring.errors import CaseError

RETRY_AFTER = {"retry-after": "10"}
"""Seconds after which a turned-away caller may come back."""


@dataclass(frozen=True, slots=True)
class ScanRequest:
    """A scan that lies in its job's folder, and what is asked about it."""

    scan: Path
    case: Case | None
    overlay: bool
    case_text: bytes | None = None
    """The case as the caller sent it, for a service that keeps it."""
    views: Path | None = None
    """Where to lay what a browser shows of the scan; ``None``: nobody looks at it."""


class ScanDesk:
    """Admits a bounded number of scans; each is a job from its upload to its answer."""

    def __init__(self, pool: ScanPool, jobs: JobTable, most: int) -> None:
        """``most``: scans that may be uploaded, waiting and read at the same time."""
        self.pool = pool
        self.jobs = jobs
        self._most = most
        self._admitted: set[str] = set()
        self._running: set[asyncio.Task[Answer]] = set()

    def admit(self) -> str:
        """Open a job, whose upload folder is then ready; raises the 503 `Problem` when too many are under way."""
        if len(self._admitted) >= self._most:
            raise Problem(503, "Too many scans are waiting.", headers={**RETRY_AFTER, "connection": "close"})
        job_id = self.jobs.open()
        self._admitted.add(job_id)
        return job_id

    def drop(self, job_id: str) -> None:
        """End a job and remove its files."""
        self._admitted.discard(job_id)
        self.jobs.discard(job_id)

    def start(self, job_id: str, request: ScanRequest) -> asyncio.Task[Answer]:
        """Begin to read; the answer stays in the job table until it is fetched or too old."""
        task = asyncio.create_task(self._work(job_id, request))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def close(self) -> None:
        """Give up what is being read."""
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        await self.pool.close()

    async def _work(self, job_id: str, request: ScanRequest) -> Answer:
        try:
            answer = await self._answer(request)
            await asyncio.to_thread(self.jobs.finish, job_id, answer)
        except BaseException:
            self.jobs.discard(job_id)
            raise
        finally:
            self._admitted.discard(job_id)
        return answer

    async def _answer(self, request: ScanRequest) -> Answer:
        try:
            reading = await self.pool.read(request.scan, overlay=request.overlay, views=request.views)
            if request.case is None:
                return Answer(200, to_json({"reading": reading, "triage": None}))
            case, warnings = with_reading(request.case, reading)
            judged = triage(case)
        except WorkerUnavailable:
            problem = Problem(503, "No process for reading scans could be started.")
        except CaseError as error:
            problem = contradiction(error, ("body", "case"))
        else:
            judged["warnings"] = [*judged["warnings"], *warnings]
            return Answer(200, to_json({"reading": reading, "triage": judged}))
        return Answer(problem.status_code, problem.body())

"""What waits: scans to be read and results to be delivered. Only where a record is kept."""

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.api.service import hospital_of
from app.outbox import delivery_rows
from app.outbox.delivery import State
from app.problems import Problem
from app.queue.queue import JobState
from app.store.database import read

router = APIRouter(tags=["queue"])

Reader = Annotated[Actor, Depends(requires(Scope.READ))]
Sender = Annotated[Actor, Depends(requires(Scope.INGEST))]
Admin = Annotated[Actor, Depends(requires(Scope.ADMIN))]
JobId = Annotated[str, Path(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")]
DeliveryId = Annotated[str, Path(min_length=20, max_length=20, pattern=r"^[A-Z2-7]+$")]
Most = Annotated[int, Query(ge=1, le=1000, description="Most entries of the list.")]


class JobOut(BaseModel):
    """A scan in the queue."""

    job_id: str
    state: JobState
    origin: str
    attempts: int
    worker: str | None
    submitted_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    stalled: bool = Field(description="Its worker has not been seen for a minute; start one of that name again.")


class JobsOut(BaseModel):
    """The latest jobs first."""

    workers: list[str] = Field(description="Workers that were seen within the last minute.")
    waiting: int
    jobs: list[JobOut]


class DeliveryOut(BaseModel):
    """A result on its way."""

    delivery_id: str
    kind: str
    target: str
    event: str
    subject: str
    state: State
    attempts: int
    created_at: datetime
    next_at: datetime | None
    ended_at: datetime | None
    reason: str | None


class DeliveriesOut(BaseModel):
    """The latest deliveries first."""

    alert: bool = Field(description="Deliveries were given up: somebody must look at them.")
    counts: dict[State, int]
    deliveries: list[DeliveryOut]


@router.get("/v1/scans/jobs", summary="List scans in the queue")
async def list_jobs(request: Request, _actor: Reader, state: JobState | None = None, limit: Most = 100) -> JobsOut:
    """Who reads, how many wait, and the latest jobs; nothing about patients."""
    scans = hospital_of(request).queue.scans
    jobs = await scans.jobs(state, limit)
    return JobsOut(
        workers=await scans.workers(), waiting=await scans.waiting(), jobs=[JobOut(**asdict(job)) for job in jobs]
    )


@router.delete("/v1/scans/jobs/{job_id}", summary="Take back a scan that waits", status_code=204)
async def cancel_job(job_id: JobId, request: Request, actor: Sender) -> Response:
    """204; 409 where it is being read or has been."""
    scans = hospital_of(request).queue.scans
    if await scans.status(job_id) is None:
        raise Problem(404, "There is no such job.")
    if not await scans.cancel(job_id, actor):
        raise Problem(409, "The scan is being read, or has its answer, or was taken back already.")
    return Response(status_code=204)


@router.get("/v1/deliveries", summary="List deliveries of results")
async def list_deliveries(
    request: Request, _actor: Reader, state: State | None = None, limit: Most = 100
) -> DeliveriesOut:
    """What was sent to whom, what waits and why, and what was given up."""
    engine = hospital_of(request).engine
    found = await read(engine, lambda connection: delivery_rows.views(connection, state, limit))
    counts = await read(engine, delivery_rows.counts)
    listed = [DeliveryOut(**asdict(delivery)) for delivery in found]
    counted: dict[Any, int] = dict(counts)
    return DeliveriesOut(alert=counts[State.DEAD.value] > 0, counts=counted, deliveries=listed)


@router.post("/v1/deliveries/{delivery_id}/retry", summary="Try a delivery again now", status_code=204)
async def retry_delivery(delivery_id: DeliveryId, request: Request, actor: Admin) -> Response:
    """Also for one that was given up. 409 where it was sent or dropped, or is not there."""
    writer = hospital_of(request).writer
    if not await writer.write(lambda connection: delivery_rows.retry(connection, delivery_id, actor)):
        raise Problem(409, "There is no delivery of this name that waits or was given up.")
    return Response(status_code=204)


@router.post("/v1/deliveries/{delivery_id}/drop", summary="Decide that a delivery need not be sent", status_code=204)
async def drop_delivery(delivery_id: DeliveryId, request: Request, actor: Admin) -> Response:
    """The next one for its target follows. 409 where it was sent or dropped, or is not there."""
    writer = hospital_of(request).writer
    if not await writer.write(lambda connection: delivery_rows.drop(connection, delivery_id, actor)):
        raise Problem(409, "There is no delivery of this name that waits or was given up.")
    return Response(status_code=204)

"""Addresses for load balancers and monitors: whether the process is alive and can do its work."""

from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json

from app.access.guard import open_to_all
from app.api.service import service_of
from app.problems import Problem
from app.scans.pool import WorkerUnavailable
from app.triage import rules_catalogue
from app.version import __version__

router = APIRouter(tags=["health"], dependencies=[Depends(open_to_all)])

_ALIVE = to_json({"status": "alive"})


@router.get("/livez", summary="Is the process alive?")
async def livez() -> Response:
    """Touch nothing: no rules, no atlas, no disk."""
    return Response(_ALIVE, media_type="application/json")


@router.get("/readyz", summary="Can it do its work?")
async def readyz(request: Request) -> Response:
    """Rules are loaded, and a process that reads scans could be started and found its atlas whole; else 503.

    A service with a record also asks its database, schema, rule files, disk and queues; `errors` names what fails.
    """
    clauses = len(rules_catalogue())
    service = service_of(request)
    if service.hospital is not None and (faults := await service.hospital.watch.faults()):
        told = [{"loc": ["readyz", name], "msg": fault, "type": "not_ready"} for name, fault in faults.items()]
        raise Problem(503, "Not ready.", told)
    try:
        await service.desk.pool.check()
    except WorkerUnavailable:
        raise Problem(503, "No process for reading scans could be started; the log of the server says more.") from None
    body = {"status": "ready", "software": __version__, "clauses": clauses, "scan_worker": "ready"}
    return Response(to_json(body), media_type="application/json")

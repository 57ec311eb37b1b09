"""GET /metrics: the numbers for Prometheus, for callers with the scope admin."""

from fastapi import APIRouter, Depends, Response

from app.access.actor import Scope
from app.access.guard import requires
from app.operations import metrics

router = APIRouter(include_in_schema=False, dependencies=[Depends(requires(Scope.ADMIN))])


@router.get("/metrics")
def read_metrics() -> Response:
    """All numbers of all processes of this server; it reads files, so it runs in a thread."""
    return Response(metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

"""POST /v1/triage: one case in, one answer out."""

from typing import Annotated

from fastapi import Depends, FastAPI, Request

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.answers.schemas import TriageAnswer
from app.api.direct_route import DirectRoute
from app.api.service import service_of
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.triage import triage_text


def mount(app: FastAPI) -> None:
    """Add the route to the application itself: of routers that are included each is asked twice for every request."""
    app.router.add_api_route(
        "/v1/triage",
        judge,
        methods=["POST"],
        tags=["triage"],
        summary="Judge one case",
        responses={200: {"model": TriageAnswer}},
        response_model=None,
        route_class_override=DirectRoute,
    )


async def judge(
    body: TriageRequest, request: Request, actor: Annotated[Actor, Depends(requires(Scope.TRIAGE))]
) -> bytes:
    """ASPECTS, the time window, and what each guideline and trial says of thrombectomy and transfer.

    Absent and null facts are not known; an answer that they could still change is NEED_DATA and names them.

    A service with a record keeps the case before it answers: as the next revision of the case_id, or as a case of its
    own; `record` says where.
    """
    service = service_of(request)
    case = case_of(body, service.sites)
    if service.hospital is not None:
        return await service.hospital.records.judge_and_keep(await request.body(), case, body.parts, actor)
    return triage_text(case, body.parts)

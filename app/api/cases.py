"""/v1/cases: what the record holds, its replay, and the clinician's signature. Only where a record is kept."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Path, Query, Request, Response
from pydantic_core import to_json

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.api.case_json import case_json, revision_json, signed_off_json
from app.api.case_schemas import (
    CaseListOut,
    CaseOut,
    ConfirmIn,
    EditIn,
    ReplayOut,
    RevisionContentOut,
    SignedOffOut,
)
from app.api.service import hospital_of, service_of
from app.api.strict_route import StrictJsonRoute
from app.edits import edited
from app.intake import strict_json
from app.problems import Problem, contradiction
from app.store.records import Records
from app.store.replaying import replay_revision
from scoring.errors import CaseError

router = APIRouter(prefix="/v1/cases", tags=["cases"], route_class=StrictJsonRoute)

_LARGEST = 2**31 - 1
CaseId = Annotated[str, Path(min_length=1, max_length=128, pattern=r"^[^\x00-\x1f\x7f]+$")]
RevisionNumber = Annotated[int, Path(ge=1, le=_LARGEST)]
Reader = Annotated[Actor, Depends(requires(Scope.READ))]
Judge = Annotated[Actor, Depends(requires(Scope.TRIAGE))]


def _records(request: Request) -> Records:
    return hospital_of(request).records


@router.get("", summary="List kept cases", responses={200: {"model": CaseListOut}})
async def list_cases(
    request: Request,
    actor: Reader,
    limit: Annotated[int, Query(ge=1, le=200, description="Most cases of one page.")] = 50,
    cursor: Annotated[int | None, Query(ge=1, le=2**63 - 1, description="The next_cursor of the last page.")] = None,
) -> Response:
    """The newest first, each with its revisions but without their contents."""
    cases = await _records(request).list_cases(actor, limit, cursor)
    body = {
        "cases": [case_json(case) for case in cases],
        "next_cursor": cases[-1].number if len(cases) == limit else None,
    }
    return _json(body)


@router.get(
    "/{case_id:path}/revisions/{revision:int}",
    summary="Show one revision",
    responses={200: {"model": RevisionContentOut}},
)
async def show_revision(case_id: CaseId, revision: RevisionNumber, request: Request, actor: Reader) -> Response:
    """What was received, understood and answered, exactly as it was."""
    content = await _records(request).show_revision(actor, case_id, revision)
    return Response(revision_json(content), media_type="application/json")


@router.get("/{case_id:path}", summary="Show one case", responses={200: {"model": CaseOut}})
async def show_case(case_id: CaseId, request: Request, actor: Reader) -> Response:
    """The case with all its revisions, their status and who signed them."""
    return _json(case_json(await _records(request).show_case(actor, case_id)))


@router.post(
    "/{case_id:path}/revisions/{revision:int}/replay",
    summary="Give an answer again",
    responses={200: {"model": ReplayOut}},
)
async def replay(case_id: CaseId, revision: RevisionNumber, request: Request, actor: Reader) -> Response:
    """Under the rule book it was given by, compared byte for byte; and under today's, with what differs."""
    return _json(await replay_revision(_records(request), actor, case_id, revision))


@router.post(
    "/{case_id:path}/revisions/{revision:int}/sign-off",
    summary="Sign a revision",
    responses={200: {"model": SignedOffOut}},
)
async def sign_off(
    case_id: CaseId,
    revision: RevisionNumber,
    body: Annotated[ConfirmIn | EditIn, Body(discriminator="decision")],
    request: Request,
    actor: Judge,
) -> Response:
    """Confirm the latest revision, or change the case: the change becomes a new revision, and that one is signed.

    The first signed revision is final, a later one is a correction and supersedes it; nothing is overwritten.
    """
    records = _records(request)
    if isinstance(body, ConfirmIn):
        signed = await records.confirm(actor, case_id, revision, body.comment)
        return _json(signed_off_json(signed))
    if body.request.case_id not in {None, case_id}:
        raise Problem(422, "The changed case names another case_id than the address.")
    raw: Any = strict_json.parse(await request.body())
    before = await records.show_revision(actor, case_id, revision)
    try:
        changed = edited(before, case_id, to_json(raw["request"]), body.request, service_of(request).sites)
    except CaseError as error:
        raise contradiction(error, ("body", "request")) from None
    return _json(signed_off_json(await records.edit(actor, case_id, revision, changed, body.comment)))


def _json(value: object) -> Response:
    return Response(to_json(value), media_type="application/json")

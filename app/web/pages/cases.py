"""The record on the page: recent cases, one case with its revisions, keeping, and the clinician's signature."""

import json
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic_core import to_json
from starlette.responses import RedirectResponse

from app.access.actor import Actor, ActorKind, Scope
from app.access.guard import requires
from app.api.service import service_of
from app.intake.cases import case_of
from app.store.faults import AlreadyDecided, NotInRecord, RecordBusy, RecordUnavailable, UnusableCaseId
from app.web.answer.parts import lead_of
from app.web.answer.record_text import say_score
from app.web.answer.wording import state_of, title_of
from app.web.form.bodies import form_fields
from app.web.form.kept_fields import fields_of
from app.web.form.read_form import problem_at, read_form
from app.web.form.reading import FormReading
from app.web.judging import judged_page
from app.web.rendering import render
from app.web.scan.beside import DECISION, DECISIONS, ScanBeside, scan_beside
from app.web.scan.words import stops_the_path
from app.web.times.site_clock import Now, site_zone
from app.web.times.words import say_moment
from app.web.words.catalogue import _
from app.web.words.choice import answer_in_its_language, without_language
from app.web.workspace import workspace_page
from scoring.case import Case
from scoring.errors import CaseError

if TYPE_CHECKING:
    from app.store.records import Records

router = APIRouter(include_in_schema=False, dependencies=[Depends(answer_in_its_language)])

_LISTED = 50
_LONGEST_COMMENT = 500
_FAULTS: dict[type[Exception], int] = {
    NotInRecord: 404,
    AlreadyDecided: 409,
    UnusableCaseId: 422,
    RecordBusy: 503,
    RecordUnavailable: 503,
}

Reader = Annotated[Actor, Depends(requires(Scope.READ))]
Judge = Annotated[Actor, Depends(requires(Scope.TRIAGE))]

STATUS_WORDS = {
    "preliminary": "not signed",
    "final": "signed",
    "corrected": "signed, corrected",
    "superseded": "superseded",
}
"""The standing of a revision in words."""


@router.get("/cases")
async def cases(
    request: Request, actor: Reader, before: Annotated[int | None, Query(ge=1, le=2**63 - 1)] = None
) -> Response:
    """Recent cases, the newest first, each with its standing."""
    hospital = service_of(request).hospital
    if hospital is None:
        return _keeps_nothing(request)
    try:
        kept = await hospital.records.list_cases(actor, _LISTED, before)
    except tuple(_FAULTS) as fault:
        return _sorry(request, fault)
    more = kept[-1].number if len(kept) == _LISTED else None
    return render(
        request,
        "cases.html",
        cases=kept,
        more=more,
        words=STATUS_WORDS,
        say_kept=_say_kept(request),
        signed_in=actor.kind is ActorKind.PERSON,
    )


@router.post("/cases")
async def keep(request: Request, actor: Judge, now: Now) -> Response:
    """Keep what was entered, as the next revision of its case or as a case of its own, and show it."""
    hospital = service_of(request).hospital
    if hospital is None:
        return _keeps_nothing(request)
    fields = await form_fields(request)
    if fields is None:
        return render(request, "unreadable.html", 400, title="The form could not be read", detail="")
    fields = without_language(request, fields)
    fields.pop("keep", None)
    scan = await scan_beside(request, fields)
    reading = read_form(fields, now, site_zone(request))
    if reading.request is None or stops_the_path(reading, scan):
        return await judged_page(request, fields, now, site_zone(request))
    try:
        case = case_of(reading.request, service_of(request).sites)
        case_id = await _kept(hospital.records, reading, case, scan, actor)
    except CaseError as error:
        problem_at(reading, error.loc, error.message)
        return workspace_page(request, reading, now, scan=scan)
    except tuple(_FAULTS) as fault:
        return _sorry(request, fault)
    return _to_case(request, case_id)


async def _kept(records: "Records", reading: FormReading, case: Case, scan: ScanBeside | None, actor: Actor) -> str:
    """Keep the case and its answer, with a scan its reading and what the reader made of it; the name of the case."""
    from app.store.judged_case import JudgedCase  # noqa: PLC0415 -- a service that keeps nothing needs none of it
    from app.store.records import judgement_of  # noqa: PLC0415
    from app.store.revisions import check_case_id  # noqa: PLC0415

    check_case_id(case.case_id)
    request = json.dumps(reading.payload).encode()
    if scan is None or scan.reading is None:
        told = json.loads(await records.judge_and_keep(request, case, None, actor))
        return str(told["record"]["case_id"])
    case, warnings = scan.bring_into(case)
    decided = DECISIONS.get(reading.kept.get(DECISION, ""), "not decided on" if scan.is_shown else "not looked at")
    judged = JudgedCase(case, None, (*warnings, f"The software's reading was {decided}."))
    software = to_json({name: part for name, part in scan.reading.items() if name != "overlay_png_base64"})
    return (await records.keep(judgement_of(request, judged, reading=software), actor)).case_id


@router.get("/cases/{case_id:path}")
async def show(request: Request, case_id: str, actor: Reader) -> Response:
    """One case: its latest answer, its revisions, and the way to sign or change it."""
    hospital = service_of(request).hospital
    if hospital is None:
        return _keeps_nothing(request)
    try:
        case = await hospital.records.show_case(actor, case_id)
        content = await hospital.records.show_revision(actor, case_id, case.revisions[-1].revision)
    except tuple(_FAULTS) as fault:
        return _sorry(request, fault)
    answer = json.loads(content.answer)
    fields, left_out = fields_of(json.loads(content.request))
    return render(
        request,
        "case.html",
        case=case,
        latest=case.revisions[-1],
        answer=answer,
        state=state_of(answer["evt_summary"]["verdict"]) if "evt_summary" in answer else None,
        score=say_score(answer["aspects"]) if "aspects" in answer else None,
        lead=lead_of(answer) if {"evt", "evt_summary"} <= answer.keys() else None,
        evaluated=_say_kept(request)(answer["evaluated_at"]),
        fields=fields | {"case_id": case_id},
        left_out=[title_of(name) for name in left_out],
        may_sign=Scope.TRIAGE in actor.scopes and content.summary.signature is None,
        words=STATUS_WORDS,
        say_kept=_say_kept(request),
    )


@router.post("/cases/{case_id:path}/sign-off")
async def sign(request: Request, case_id: str, actor: Judge) -> Response:
    """Sign the revision that was shown, as it is; a change is kept first and signed then."""
    hospital = service_of(request).hospital
    if hospital is None:
        return _keeps_nothing(request)
    fields = await form_fields(request)
    revision = (fields or {}).get("revision", "")
    if fields is None or not (revision.isascii() and revision.isdecimal() and len(revision) < 10):  # noqa: PLR2004 -- figures of a 32-bit number
        return render(request, "unreadable.html", 400, title="The form could not be read", detail="")
    comment = fields.get("comment", "").strip()[:_LONGEST_COMMENT] or None
    try:
        await hospital.records.confirm(actor, case_id, int(revision), comment)
    except tuple(_FAULTS) as fault:
        return _sorry(request, fault)
    return _to_case(request, case_id)


def _to_case(request: Request, case_id: str) -> Response:
    address = request.url_for("show", case_id=case_id)
    return RedirectResponse(address.path, 303)


def _say_kept(request: Request) -> Any:
    zone: ZoneInfo = site_zone(request)
    return lambda text: say_moment(datetime.fromisoformat(text), zone)


def _keeps_nothing(request: Request) -> Response:
    return render(request, "unreadable.html", 404, title="This service keeps no cases", detail="")


def _sorry(request: Request, fault: Exception) -> Response:
    status = next(code for kind, code in _FAULTS.items() if isinstance(fault, kind))
    detail = _("The record is busy. Try again in a moment.") if isinstance(fault, RecordBusy) else str(fault)
    return render(request, "unreadable.html", status, title="The record says no", detail=detail)

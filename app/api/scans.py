"""POST /v1/scans: a head CT in, a reading out, and a triage answer where a case comes with it."""

import asyncio
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import ValidationError
from pydantic_core import to_json

from app.access.actor import Scope
from app.access.guard import actor_of, requires
from app.answers.scan_schemas import JobAnswer, ScanAnswer
from app.api.service import Service, service_of
from app.hospital import Hospital
from app.intake import strict_json
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.problems import MEDIA_TYPE, Problem, contradiction, invalid
from app.scans.desk import RETRY_AFTER, ScanRequest
from app.scans.jobs import Answer
from app.scans.uploads import receive_within_limits
from app.triage import triage
from scoring.case import Case
from scoring.errors import CaseError

router = APIRouter(prefix="/v1/scans", tags=["scans"], dependencies=[Depends(requires(Scope.INGEST))])

_CASE_AT = ("body", "case")
_POLL_SECONDS = "2"

_UPLOAD_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "required": ["scan"],
                "properties": {
                    "scan": {
                        "type": "array",
                        "items": {"type": "string", "format": "binary"},
                        "minItems": 1,
                        "description": "One .nii, .nii.gz or .zip of DICOM, or all DICOM files of one series.",
                    },
                    "case": {"$ref": "#/components/schemas/TriageRequest"},
                },
            },
            "encoding": {"case": {"contentType": "application/json"}},
        }
    },
}


@router.post(
    "",
    summary="Read a head CT",
    openapi_extra={"requestBody": _UPLOAD_BODY},
    responses={200: {"model": ScanAnswer}, 202: {"model": JobAnswer}},
)
async def read_scan(
    request: Request,
    *,
    overlay: Annotated[bool, Query(description="Add a picture of the regions on the scan, as base64 PNG.")] = False,
    prefer: Annotated[str, Header(description="respond-async: answer 202 with the address of a job.")] = "",
) -> Response:
    """Multipart: `scan` (.nii, .nii.gz, a .zip of DICOM, or several DICOM files), and `case` (a triage request).

    A scan that cannot be scored is answered with 200 and the reason. A busy server answers 202 with the address of a
    job to poll, or 503 when no more scans may wait. The findings of the software are used only where the case brings
    none; where it does, they are compared.
    """
    service = service_of(request)
    desk = service.desk
    job_id = desk.admit()
    try:
        scan_request = await _received(request, service, job_id, overlay=overlay)
    except BaseException:
        desk.drop(job_id)
        raise
    if service.hospital is not None:
        return await _queued(request, service.hospital, job_id, scan_request, prefer)
    later = _asks_for_later(prefer) or desk.pool.is_busy
    task = desk.start(job_id, scan_request)
    if later:
        return _accepted(request, job_id, applied=_asks_for_later(prefer))
    try:
        return _response(await asyncio.shield(task))
    finally:
        desk.jobs.discard(job_id)


@router.get(
    "/jobs/{job_id}",
    summary="Fetch the answer of a scan",
    responses={200: {"model": ScanAnswer}, 202: {"model": JobAnswer}},
)
async def fetch_job(job_id: str, request: Request) -> Response:
    """202 while the scan waits or is read; then what POST /v1/scans would have answered, for a limited time."""
    service = service_of(request)
    if service.hospital is not None:
        from app.api.queued_scans import answer_now  # noqa: PLC0415 -- a service that keeps nothing needs none of it

        kept = await answer_now(service.hospital, job_id)
        return _accepted(request, job_id, applied=False) if kept is None else _response(kept)
    jobs = service.desk.jobs
    if not jobs.is_known(job_id):
        raise Problem(404, "There is no such job, or its answer was kept long enough.")
    answer = jobs.answer(job_id)
    if answer is None:
        return _accepted(request, job_id, applied=False)
    return _response(answer)


async def _queued(
    request: Request, hospital: Hospital, upload_id: str, scan_request: ScanRequest, prefer: str
) -> Response:
    """Keep the scan, and wait a while for the workers unless the caller would rather not."""
    from app.api.queued_scans import answer_within, submit  # noqa: PLC0415 -- see fetch_job

    desk, later = service_of(request).desk, _asks_for_later(prefer)
    try:
        job_id = await submit(hospital, scan_request, actor_of(request))
    finally:
        desk.drop(upload_id)
    answer = await answer_within(hospital, job_id, 0 if later else hospital.settings.scan_wait_seconds)
    return _accepted(request, job_id, applied=later) if answer is None or later else _response(answer)


async def _received(request: Request, service: Service, job_id: str, *, overlay: bool) -> ScanRequest:
    folder = service.desk.jobs.upload_folder(job_id)
    upload = await receive_within_limits(request, folder, service.settings)
    case = None if upload.case is None else _checked_case(upload.case, service)
    return ScanRequest(upload.scan, case, overlay, case_text=upload.case)


def _checked_case(text: bytes, service: Service) -> Case:
    """Read the case and judge it once without the scan: a case that is refused need not wait for the reading."""
    try:
        case = case_of(TriageRequest.model_validate(strict_json.parse(text)), service.sites)
        triage(case)
    except strict_json.UnreadableJson as error:
        raise Problem(400, f"The case: {error}") from None
    except ValidationError as error:
        raise invalid(error.errors(), _CASE_AT) from None
    except CaseError as error:
        raise contradiction(error, _CASE_AT) from None
    return case


def _asks_for_later(prefer: str) -> bool:
    return "respond-async" in {preference.strip().lower() for preference in prefer.split(",")}


def _accepted(request: Request, job_id: str, *, applied: bool) -> Response:
    url = request.app.url_path_for("fetch_job", job_id=job_id)
    headers = {"location": url, "retry-after": _POLL_SECONDS}
    if applied:
        headers["preference-applied"] = "respond-async"
    body = to_json({"job": {"id": job_id, "status": "running", "url": url}})
    return Response(body, 202, headers=headers, media_type="application/json")


def _response(answer: Answer) -> Response:
    media_type = "application/json" if answer.status == HTTPStatus.OK else MEDIA_TYPE
    headers = RETRY_AFTER if answer.status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Response(answer.body, answer.status, headers=headers, media_type=media_type)

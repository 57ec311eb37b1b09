"""The scan beside the reader: takes a CT from the answer page and shows what the software reads next to the reader."""

import asyncio
import json
from datetime import datetime
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from app.api.service import Service, service_of
from app.cases import case_of
from app.problems import Problem
from app.scan_desk import ScanRequest
from app.triage import triage
from app.uploads import Upload, receive_upload
from app.web.form_reading import FormReading
from app.web.forms import read_form
from app.web.pages import render
from app.web.workspace import workspace_page
from scoring.case import Case
from scoring.errors import CaseError


async def scan_page(request: Request, now: datetime, zone: ZoneInfo) -> Response:
    """Read the scan that was sent and answer with the case's page, the reading on it.

    The form carries the entered fields as JSON in the part ``case``, so nothing has to be typed again.
    """
    service = service_of(request)
    try:
        job_id = service.desk.admit()
    except Problem as problem:
        return _sorry(request, problem.status_code, problem.detail)
    try:
        upload = await _receive(request, service, job_id)
        form, case = _case(request, upload, now, zone)
    except Problem as problem:
        service.desk.drop(job_id)
        return _sorry(request, problem.status_code, problem.detail)
    except BaseException:
        service.desk.drop(job_id)
        raise
    task = service.desk.start(job_id, ScanRequest(upload.scan, case, overlay=True))
    try:
        answer = await asyncio.shield(task)
    finally:
        service.desk.jobs.discard(job_id)
    body: dict[str, Any] = json.loads(answer.body)
    if answer.status != HTTPStatus.OK:
        return _sorry(request, answer.status, body["detail"])
    return workspace_page(request, form, now, body["triage"], body["reading"])


async def _receive(request: Request, service: Service, job_id: str) -> Upload:
    settings = service.settings
    try:
        async with asyncio.timeout(settings.upload_seconds_limit):
            return await receive_upload(
                request,
                service.desk.jobs.upload_folder(job_id),
                files_limit=settings.upload_files_limit,
                case_limit_bytes=settings.json_body_limit_bytes,
            )
    except TimeoutError:
        raise Problem(408, "The upload took too long.", headers={"connection": "close"}) from None


def _case(request: Request, upload: Upload, now: datetime, zone: ZoneInfo) -> tuple[FormReading, Case]:
    """The case of the page that sent the scan. Raises the 400 `Problem` if it is not one that the page would send."""
    try:
        fields = json.loads(upload.case or b"")
        if not isinstance(fields, dict) or not all(isinstance(text, str) for text in fields.values()):
            raise Problem(400, "The case that came with the scan could not be read.")
        form = read_form(fields, now, zone)
        if form.request is None:
            raise Problem(400, "The case that came with the scan is not complete.")
        case = case_of(form.request, service_of(request).sites)
        triage(case)
    except (ValueError, RecursionError) as error:
        message = (
            error.message if isinstance(error, CaseError) else "The case that came with the scan could not be read."
        )
        raise Problem(400, message) from None
    return form, case


def _sorry(request: Request, status: int, detail: str) -> Response:
    return render(request, "unreadable.html", status, title="The scan was not read", detail=detail)

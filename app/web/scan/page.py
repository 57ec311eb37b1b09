"""The scan beside the reader: takes a CT from the answer page and shows what the software reads next to the reader."""

import asyncio
import json
from datetime import datetime
from http import HTTPStatus
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from app.api.service import service_of
from app.intake.cases import case_of
from app.problems import Problem
from app.scans.desk import ScanRequest
from app.scans.uploads import Upload, receive_within_limits
from app.triage import triage
from app.web.form.read_form import read_form
from app.web.judging import judged_page
from app.web.rendering import render
from app.web.scan.beside import CHOICE, DECISION, SCAN, SHOWN
from app.web.words.choice import without_language
from scoring.errors import CaseError

_UNREADABLE = "The case that came with the scan could not be read."


async def scan_page(request: Request, now: datetime, zone: ZoneInfo) -> Response:
    """Read the scan that was sent and answer with the case's page, the reading on it.

    The form carries the entered fields as JSON in the part ``case``, so nothing has to be typed again. The reading is
    kept for as long as the settings say, so that it stays beside the case while facts are changed.
    """
    service = service_of(request)
    try:
        job_id = service.desk.admit()
    except Problem as problem:
        return _sorry(request, problem.status_code, problem.detail)
    try:
        upload = await receive_within_limits(request, service.desk.jobs.upload_folder(job_id), service.settings)
        fields = _fields(request, upload, now, zone)
    except Problem as problem:
        service.desk.drop(job_id)
        return _sorry(request, problem.status_code, problem.detail)
    except BaseException:
        service.desk.drop(job_id)
        raise
    asked = ScanRequest(upload.scan, case=None, overlay=True, views=service.desk.jobs.views_folder(job_id))
    answer = await asyncio.shield(service.desk.start(job_id, asked))
    if answer.status != HTTPStatus.OK:
        service.desk.jobs.discard(job_id)
        return _sorry(request, answer.status, json.loads(answer.body)["detail"])
    return await judged_page(request, fields | {SCAN: job_id}, now, zone)


def _fields(request: Request, upload: Upload, now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """The form that came with the scan. Raises the 400 `Problem` if it is not one that the page would send."""
    try:
        fields = json.loads(upload.case or b"")
        if not isinstance(fields, dict) or not all(isinstance(text, str) for text in fields.values()):
            raise Problem(400, _UNREADABLE)
        fields = without_language(request, fields)
        form = read_form(fields, now, zone)
        if form.request is None:
            raise Problem(400, "The case that came with the scan has entries that need a look: mend them first.")
        triage(case_of(form.request, service_of(request).sites))
    except CaseError as error:
        raise Problem(400, error.message) from None
    except (ValueError, RecursionError):
        raise Problem(400, _UNREADABLE) from None
    return {name: text for name, text in fields.items() if name not in (SCAN, SHOWN, DECISION, CHOICE)}


def _sorry(request: Request, status: int, detail: str) -> Response:
    return render(request, "unreadable.html", status, title="The scan was not read", detail=detail)

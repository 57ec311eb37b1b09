"""One form, judged: the workspace with its answer, or with the problems named and nothing lost."""

from collections.abc import Mapping
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request, Response

from app.api.service import service_of
from app.intake.cases import case_of
from app.triage import triage
from app.web.form.read_form import problem_at, read_form
from app.web.scan.beside import scan_beside, with_choice
from app.web.workspace import workspace_page
from scoring.errors import CaseError


async def judged_page(request: Request, fields: Mapping[str, str], now: datetime, zone: ZoneInfo) -> Response:
    """Read the form, judge its case with the scan that it names, and fill in the page.

    Parameters
    ----------
    fields
        The fields of the form.
    now
        The server's clock.
    zone
        The zone in which times are read unless the form names another.
    """
    scan = await scan_beside(request, fields)
    if scan is not None:
        fields = with_choice(fields, scan)
    reading = read_form(fields, now, zone)
    if reading.request is not None:
        try:
            case = case_of(reading.request, service_of(request).sites)
            case, warnings = (case, []) if scan is None else scan.bring_into(case)
            answer = triage(case)
        except CaseError as error:
            problem_at(reading, error.loc, error.message)
        else:
            answer["warnings"] = [*reading.warnings(), *answer["warnings"], *warnings]
            return workspace_page(request, reading, now, answer, scan)
    return workspace_page(request, reading, now, scan=scan)

"""Kept cases over FHIR: searched for as DiagnosticReports, read by address. Only where a record is kept."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Request, Response
from sqlalchemy import Connection

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.api.service import hospital_of
from app.hospital import Hospital
from app.interop.fhir.kept_kinds import KEPT_KINDS, REPORTS, RESULTS
from app.interop.fhir.kept_reports import KeptReport, kept_report, report_bundle
from app.interop.fhir.kept_search import Search, find_cases, read_search
from app.interop.fhir.negotiation import acceptable
from app.interop.fhir.outcomes import operation_outcome
from app.interop.fhir.responses import fhir_response
from app.interop.fhir.systems import Json
from app.problems import Problem
from app.store import audit
from app.store.database import read

_INCLUDE = "_include"

router = APIRouter(prefix="/fhir", tags=["fhir"], include_in_schema=False, dependencies=[Depends(acceptable)])

Reader = Annotated[Actor, Depends(requires(Scope.READ))]


@router.get(f"/{REPORTS}")
async def search_reports(request: Request, actor: Reader) -> Response:
    """The reports of kept cases, the newest first; ``_include=DiagnosticReport:result`` adds their Observations."""
    parameters = request.query_params.multi_items()
    wanted = [text for name, text in parameters if name == _INCLUDE]
    if set(wanted) - {RESULTS}:
        raise Problem(422, f"Only {RESULTS} can be included.")
    search = read_search((name, text) for name, text in parameters if name != _INCLUDE)
    hospital = hospital_of(request)
    found = await read(hospital.engine, lambda connection: _found(connection, search))
    shown = found[: search.count]
    await _note(hospital, actor, shown)
    base = _base(request)
    entries: list[Json] = []
    for report in shown:
        entries += _entries(report, base, with_results=bool(wanted))
    links = [{"relation": "self", "url": str(request.url)}]
    if len(found) > search.count:
        following = [(name, text) for name, text in parameters if name != "before"]
        following.append(("before", str(shown[-1].number)))
        links.append({"relation": "next", "url": f"{base}/{REPORTS}?{urlencode(following)}"})
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "link": links}
    return fhir_response(bundle | ({"entry": entries} if entries else {}))


async def read_kept(kind: str, identifier: str, request: Request, actor: Reader) -> Response:
    """One resource of a kept case, as it stands now."""
    hospital = hospital_of(request)
    number = identifier.partition(".")[0]
    if number.isascii() and number.isdecimal() and len(number) < len(str(2**63 - 1)):
        search = replace(Search(), number=int(number))
        found = await read(hospital.engine, lambda connection: _found(connection, search))
        bundle = report_bundle(found[0], _base(request)) if found else None
        for resource in [bundle, *(entry["resource"] for entry in bundle["entry"])] if bundle else []:
            if (resource["resourceType"], resource["id"]) == (kind, identifier):
                await _note(hospital, actor, found)
                return fhir_response(resource)
    raise Problem(404, "There is no such resource here.")


def _read_route(kind: str) -> Any:
    async def read_one(identifier: str, request: Request, actor: Reader) -> Response:
        return await read_kept(kind, identifier, request, actor)

    return read_one


for _kind in KEPT_KINDS:
    router.add_api_route(f"/{_kind}/{{identifier}}", _read_route(_kind), methods=["GET"])


def _found(connection: Connection, search: Search) -> list[KeptReport]:
    return [kept_report(connection, row.number, row.case_id) for row in find_cases(connection, search)]


def _entries(report: KeptReport, base: str, *, with_results: bool) -> list[Json]:
    bundle = report_bundle(report, base)
    entries: list[Json] = []
    for entry in bundle["entry"] if bundle else ():
        kind = entry["resource"]["resourceType"]
        if kind == REPORTS or (kind == "Observation" and with_results):
            entries.append({**entry, "search": {"mode": "match" if kind == REPORTS else "include"}})
    if bundle is None:
        entries.append(
            _told(report, "not-supported", "holds a part of an answer alone, or was kept by another release")
        )
    elif report.unsigned is not None:
        entries.append(_told(report, "incomplete", f"has a later revision that nobody signed: {report.unsigned}"))
    return entries


def _told(report: KeptReport, code: str, what: str) -> Json:
    told = f"Case {report.case_id} {what}; see /v1/cases."
    outcome = operation_outcome([{"severity": "warning", "code": code, "diagnostics": told}])
    return {"resource": outcome, "search": {"mode": "outcome"}}


async def _note(hospital: Hospital, actor: Actor, reports: Sequence[KeptReport]) -> None:
    """Each case that is shown stands in the audit trail."""

    def write(connection: Connection) -> None:
        for report in reports:
            detail = {"revision": report.content.summary.revision, "via": "fhir"}
            audit.append(connection, audit.Event(actor, "case.read", f"case/{report.case_id}", detail=detail))

    if reports:
        await hospital.writer.write(write)


def _base(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/fhir"

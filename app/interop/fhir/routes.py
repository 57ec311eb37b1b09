"""The FHIR endpoint: ``$triage``, and what describes it. It needs no record to work."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic_core import from_json, to_json

from app.access.actor import Actor, Scope
from app.access.guard import open_to_all, requires
from app.api.service import Service, service_of
from app.intake import strict_json
from app.intake.cases import case_of
from app.interop.fhir.answer_bundle import answer_bundle
from app.interop.fhir.case_reading import FhirCase, place_of, read_case
from app.interop.fhir.conformance import capability_statement, operation_definition
from app.interop.fhir.negotiation import acceptable, require_fhir_json
from app.interop.fhir.nodes import fault
from app.interop.fhir.outcomes import MEDIA_TYPE
from app.interop.fhir.systems import Json
from app.interop.fhir.terminology import code_systems, value_sets
from app.problems import Problem
from app.triage import triage
from scoring.case import Case
from scoring.errors import CaseError

TRIAGE_PATH = "/fhir/$triage"

router = APIRouter(prefix="/fhir", tags=["fhir"], include_in_schema=False, dependencies=[Depends(acceptable)])
"""Not in the OpenAPI document: FHIR clients ask for the CapabilityStatement."""


@router.post("/$triage")
async def judge(request: Request, actor: Annotated[Actor, Depends(requires(Scope.TRIAGE))]) -> Response:
    """One patient as a Bundle or Parameters to the answer as a Bundle."""
    require_fhir_json(request)
    try:
        body = strict_json.parse(await request.body())
    except strict_json.UnreadableJson as error:
        raise Problem(400, str(error)) from None
    service = service_of(request)
    settings = service.settings
    read = read_case(body, datetime.now(UTC), settings.fhir_observation_hours, settings.fhir_site_id)
    try:
        case = judged_case(read, case_of(read.request, service.sites))
        answer = await _answered(read, case, service, actor)
    except CaseError as error:
        raise fault(place_of(error.loc, read.places), error.message, "conflict") from None
    return fhir_response(answer_bundle(read, case, answer))


async def _answered(read: FhirCase, case: Case, service: Service, actor: Actor) -> dict[str, Any]:
    """The whole answer; a service with a record keeps the case first, in the words of a triage request."""
    if service.hospital is None:
        return triage(case)
    request = read.request.model_dump_json(by_alias=True, exclude_none=True, exclude={"parts"}).encode()
    answer: dict[str, Any] = from_json(await service.hospital.records.judge_and_keep(request, case, None, actor))
    return answer


def judged_case(read: FhirCase, case: Case) -> Case:
    """The case, with the mark of findings that no reader has confirmed."""
    if not read.findings_from_software:
        return case
    return replace(case, findings_from_software=True)


def fhir_response(resource: Json) -> Response:
    """A FHIR resource as an answer."""
    return Response(to_json(resource), media_type=MEDIA_TYPE)


@router.get("/metadata", dependencies=[Depends(open_to_all)])
async def metadata() -> Response:
    """What this endpoint can do."""
    return fhir_response(capability_statement())


@router.get("/{kind}", dependencies=[Depends(open_to_all)])
async def search(kind: str, url: Annotated[str | None, Query()] = None) -> Response:
    """Everything published of one type, or the one with this canonical address."""
    found = [resource for resource in _published(kind).values() if url in (None, resource["url"])]
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in found]
    bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    return fhir_response(bundle | ({"entry": entries} if entries else {}))


@router.get("/{kind}/{identifier}", dependencies=[Depends(open_to_all)])
async def read_published(kind: str, identifier: str) -> Response:
    """One code system, value set or operation definition of ours."""
    resource = _published(kind).get(identifier)
    if resource is None:
        raise Problem(404, "There is no such resource here.")
    return fhir_response(resource)


def _published(kind: str) -> dict[str, Json]:
    match kind:
        case "CodeSystem":
            return code_systems()
        case "ValueSet":
            return value_sets()
        case "OperationDefinition":
            return {"triage": operation_definition()}
    if kind == "$triage":
        raise Problem(405, "Post to this address.", headers={"allow": "POST"})
    raise Problem(404, "Resources of this type are not kept here.")

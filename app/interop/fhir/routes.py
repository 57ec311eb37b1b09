"""The FHIR endpoint: ``$triage``, and what describes it. It needs no record to work."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic_core import from_json

from app.access.actor import Actor, Scope
from app.access.guard import open_to_all, requires
from app.api.service import Service, service_of
from app.hospital import Hospital
from app.intake import strict_json
from app.intake.cases import case_of
from app.interop.fhir.answer_bundle import answer_bundle
from app.interop.fhir.case_reading import FhirCase, place_of, read_case
from app.interop.fhir.conformance import capability_statement, operation_definition
from app.interop.fhir.negotiation import acceptable, require_fhir_json
from app.interop.fhir.nodes import fault
from app.interop.fhir.responses import fhir_response
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
    if service.hospital is not None:
        read = await _of_study(read, service.hospital)
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


async def _of_study(read: FhirCase, hospital: Hospital) -> FhirCase:
    """The case of the study that the request names, where it names no case: the only one, or the only one known."""
    from app.store import database  # noqa: PLC0415 -- a service without a record has no database, nor its driver
    from app.store.study_cases import kept_among, may_be_study  # noqa: PLC0415

    studies: Sequence[str] = [uid for uid in read.studies if may_be_study(uid)]
    if read.request.case_id is not None or not studies:
        return read
    if len(studies) > 1:
        studies = await database.read(hospital.engine, lambda connection: kept_among(connection, studies))
    if len(studies) != 1:
        return read
    return replace(read, request=read.request.model_copy(update={"case_id": studies[0]}))


def judged_case(read: FhirCase, case: Case) -> Case:
    """The case, with the mark of findings that no reader has confirmed."""
    if not read.findings_from_software:
        return case
    return replace(case, findings_from_software=True)


@router.get("/metadata", dependencies=[Depends(open_to_all)])
async def metadata(request: Request) -> Response:
    """What this endpoint can do."""
    return fhir_response(capability_statement(keeps=service_of(request).hospital is not None))


PUBLISHED: Mapping[str, Callable[[], Mapping[str, Json]]] = {
    "CodeSystem": code_systems,
    "ValueSet": value_sets,
    "OperationDefinition": lambda: {"triage": operation_definition()},
}
"""By type, what anybody may read by its id: it holds nothing of a case."""


def _publish(kind: str, resources: Callable[[], Mapping[str, Json]]) -> None:
    """Add the addresses of one type."""

    async def search(url: Annotated[str | None, Query()] = None) -> Response:
        found = [resource for resource in resources().values() if url in (None, resource["url"])]
        entries = [{"resource": resource, "search": {"mode": "match"}} for resource in found]
        bundle: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
        return fhir_response(bundle | ({"entry": entries} if entries else {}))

    async def read_one(identifier: str) -> Response:
        resource = resources().get(identifier)
        if resource is None:
            raise Problem(404, "There is no such resource here.")
        return fhir_response(resource)

    for path, route in ((f"/{kind}", search), (f"/{kind}/{{identifier}}", read_one)):
        router.add_api_route(path, route, methods=["GET"], dependencies=[Depends(open_to_all)])


for _kind, _resources in PUBLISHED.items():
    _publish(_kind, _resources)

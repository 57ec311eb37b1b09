"""Bundles that were damaged anywhere are answered or refused in FHIR's words; none brings the service down."""

import copy
import json
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from tests.app.interop.calling import Caller
from tests.app.interop.cds_hooks.ehr import call, chart
from tests.app.interop.fhir.case_bundles import (
    LOINC,
    SNOMED,
    Json,
    bundle,
    case_bundle,
    coded,
    fact_observation,
    nihss,
    parameters,
)
from tests.app.interop.fhir.test_answer import EARLY
from tests.app.interop.fhir.test_equality import answered

CONDITION = {
    "resourceType": "Condition",
    "clinicalStatus": coded("http://terminology.hl7.org/CodeSystem/condition-clinical", "resolved"),
    "verificationStatus": coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "confirmed"),
    "code": coded(SNOMED, "1386000"),
}
OTHERS = [
    CONDITION,
    {
        "resourceType": "MedicationStatement",
        "status": "active",
        "medicationCodeableConcept": coded("http://www.whocc.no/atc", "B01AF02"),
    },
    {
        "resourceType": "Procedure",
        "status": "completed",
        "code": coded(SNOMED, "472191000119101"),
        "performedPeriod": {"start": "2026-03-14T09:45:00Z"},
    },
    {
        "resourceType": "Encounter",
        "status": "in-progress",
        "class": {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "EMER"},
        "period": {"start": "2026-03-14T09:00:00Z"},
    },
    {
        "resourceType": "ImagingStudy",
        "status": "available",
        "started": "2026-03-14T09:30:00Z",
        "procedureCode": [coded(LOINC, "30799-1")],
        "series": [{"bodySite": {"system": SNOMED, "code": "69536005"}}],
    },
    fact_observation("inr", 1.2) | {"effectiveDateTime": "2026-03-14T09:30:00Z"},
    fact_observation("minutes_since_imaging", 0) | {"issued": "2026-03-14T09:30:00Z"},
    nihss({"1a": 1, "5b": "UN"}) | {"effectivePeriod": {"start": "2026-03-14T09:30:00Z"}},
]
PATIENT = {"resourceType": "Patient", "id": "p1", "birthDate": "1955-03-02", "deceasedBoolean": False}
WHOLE = case_bundle(EARLY)
WHOLE["entry"] += bundle(*OTHERS)["entry"][1:]
WHOLE["entry"][0]["resource"] = PATIENT
WHOLE["entry"][0]["fullUrl"] = "https://ehr.example/fhir/Patient/p1"

JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**30, 1e308, "", "x", "Bundle", "Patient/p2", "2026-03-14", "2026-03-14T09:00:00",
    "0000", "0001-01", "9999", "9999-12-31", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00", "Z" * 5000,
    "\x00", "é", [], {}, [[]], [{}],
    [None], {"value": None}, {"coding": None}, {"coding": [None]}, {"coding": [{"system": 1, "code": []}]},
    {"reference": 5}, {"reference": "//"}, {"resourceType": "Bundle", "type": "collection"},
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for name, inner in value.items():
            found += places(inner, (*path, name))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            found += places(inner, (*path, index))
    return found


def damaged(body: Json, path: tuple[Any, ...], junk: Any) -> Json:
    made = copy.deepcopy(body)
    holder = made
    for step in path[:-1]:
        holder = holder[step]
    holder[path[-1]] = copy.deepcopy(junk)
    return made


BODIES = {"bundle": WHOLE, "parameters": parameters(EARLY)}


@pytest.mark.parametrize("name", BODIES)
@hypothesis.settings(max_examples=150, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(data=st.data())
def test_damaged_bodies_are_answered_or_refused(caller: Caller, name: str, data: st.DataObject) -> None:
    body = BODIES[name]
    changed = damaged(body, data.draw(st.sampled_from(places(body))), data.draw(st.sampled_from(JUNK)))
    status, answer = answered(caller, changed)
    assert status in {200, 400, 422}, json.dumps(answer)
    assert answer["resourceType"] == ("Bundle" if status == 200 else "OperationOutcome")


def test_the_undamaged_body_is_answered(caller: Caller) -> None:
    assert answered(caller, WHOLE)[0] == 200


@hypothesis.settings(max_examples=100, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
@hypothesis.given(data=st.data())
def test_damaged_calls_of_an_ehr_are_answered_or_refused(caller: Caller, data: st.DataObject) -> None:
    orders = {"resourceType": "Bundle", "entry": [{"resource": CONDITION | {"resourceType": "ServiceRequest"}}]}
    body = call(chart())
    body["prefetch"]["conditions"] = bundle(CONDITION)
    if data.draw(st.booleans()):
        orders["entry"][0]["resource"]["code"] = coded(SNOMED, "397046001")  # type: ignore[index]
        body |= {"hook": "order-sign", "context": body["context"] | {"draftOrders": orders}}
    path = "/cds-services/aspects-order-sign" if body["hook"] == "order-sign" else "/cds-services/aspects-patient-view"
    changed = damaged(body, data.draw(st.sampled_from(places(body))), data.draw(st.sampled_from(JUNK)))
    response = caller.post(path, content=json.dumps(changed), headers={"content-type": "application/json"})
    assert response.status_code in {200, 400, 412, 422}, response.text

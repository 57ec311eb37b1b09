"""The Bundle that answers: nothing final, nothing ordered, nothing lost, and the same each time."""

import json
import re
from typing import Any

import pytest

from app.interop.fhir.case_reading import read_case
from scoring.regions import Region
from tests.app.interop.calling import Caller
from tests.app.interop.fhir.case_bundles import (
    LOINC,
    OWN,
    SNOMED,
    Json,
    aspects,
    bundle,
    case_bundle,
    coded,
    fact_observation,
    observation,
    parameters,
)
from tests.app.interop.fhir.test_equality import NOW, answered, resources

REGIONS = {
    **dict.fromkeys(["C", "L", "IC", "M1", "M2", "M3", "M5"], "unaffected"),
    "I": "affected",
    "M4": "not_assessable",
}
EARLY = {
    "evaluated_at": "2026-03-14T10:00:00+00:00",
    "facts": {
        "age_years": 71,
        "prestroke_mrs": 0,
        "last_known_well_at": "2026-03-14T07:00:00+00:00",
        "nihss_total": 16,
        "occlusion_site": "mca_m1",
        "haemorrhage_on_imaging": False,
        "mass_effect": False,
    },
    "findings": {"side": "left", "regions": {**REGIONS, "M6": "unaffected"}, "old_infarct": ["M3"]},
    "site": {"capability": "primary", "minutes_to_thrombectomy_centre": 70, "thrombectomy_centre": "Central <b>&"},
}


@pytest.fixture(scope="module")
def early(caller: Caller) -> Json:
    status, answer = answered(caller, case_bundle(EARLY))
    assert status == 200
    return answer


def only(answer: Json, kind: str) -> Json:
    (resource,) = resources(answer, kind)
    return resource


def test_the_same_request_gives_the_same_bundle_with_the_same_ids(caller: Caller, early: Json) -> None:
    assert answered(caller, case_bundle(EARLY))[1] == early


def test_another_patient_or_fact_gives_other_ids(caller: Caller, early: Json) -> None:
    other = EARLY | {"facts": EARLY["facts"] | {"nihss_total": 17}}  # type: ignore[operator]
    ids = {entry["fullUrl"] for entry in early["entry"]}
    assert not ids & {entry["fullUrl"] for entry in answered(caller, case_bundle(other))[1]["entry"]}


def test_every_reference_within_the_bundle_leads_to_an_entry(early: Json) -> None:
    urls = {entry["fullUrl"] for entry in early["entry"]}
    assert len(urls) == len(early["entry"])
    referred = set(re.findall(r'"(urn:uuid:[0-9a-f-]+)"', json.dumps([e["resource"] for e in early["entry"]])))
    assert referred
    assert referred <= urls


def test_nothing_is_final_and_nothing_is_ordered(early: Json) -> None:
    assert only(early, "DiagnosticReport")["status"] == "preliminary"
    assert only(early, "Observation")["status"] == "preliminary"
    assert {risk["status"] for risk in resources(early, "RiskAssessment")} == {"preliminary"}
    proposal = only(early, "ServiceRequest")
    assert (proposal["intent"], proposal["status"]) == ("proposal", "draft")
    assert proposal["code"]["coding"][0]["code"] == "TRANSFER_NOW"


def test_no_transfer_proposes_nothing(caller: Caller) -> None:
    mild = {"evaluated_at": EARLY["evaluated_at"], "facts": {**EARLY["facts"], "occlusion_site": "none"}}  # type: ignore[dict-item]
    _, answer = answered(caller, case_bundle(mild))
    assert resources(answer, "ServiceRequest") == []


def components(score: Json) -> dict[str, Json]:
    return {part["code"]["coding"][0]["code"]: part for part in score["component"]}


def test_aspects_has_a_component_a_region_and_its_bounds(early: Json) -> None:
    score = only(early, "Observation")
    assert score["code"]["coding"][0] | {"display": ""} == {"system": SNOMED, "code": "1290002002", "display": ""}
    assert score["valueInteger"] == 9
    parts = components(score)
    assert {f"ASPECTS-{region}" for region in Region} <= parts.keys()
    assert (parts["aspects-low"]["valueInteger"], parts["aspects-high"]["valueInteger"]) == (8, 9)
    assert parts["ASPECTS-I"]["valueCodeableConcept"]["coding"][0]["code"] == "52101004"
    assert parts["ASPECTS-C"]["valueCodeableConcept"]["coding"][0]["code"] == "2667000"
    assert "dataAbsentReason" in parts["ASPECTS-M4"]
    assert "valueCodeableConcept" not in parts["ASPECTS-M4"]
    assert "left" in parts["ASPECTS-M4"]["code"]["text"]


def test_without_all_regions_there_is_no_total_but_a_reason(caller: Caller) -> None:
    part = {
        "facts": {},
        "evaluated_at": EARLY["evaluated_at"],
        "findings": {"side": "left", "regions": {"I": "affected"}},
    }
    score = only(answered(caller, case_bundle(part))[1], "Observation")
    assert "valueInteger" not in score
    assert score["dataAbsentReason"]["coding"][0]["code"] == "unknown"
    assert components(score)["ASPECTS-C"]["dataAbsentReason"]["coding"][0]["code"] == "not-performed"


def test_our_own_aspects_is_understood_again(early: Json) -> None:
    score = only(early, "Observation")
    read = read_case(bundle(score), NOW, 24)
    assert read.request.findings is not None
    again = read.request.findings.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    assert again == EARLY["findings"]
    assert not [note for note in read.notes.listed if note.place.startswith("Bundle.entry[1]")]


def test_unconfirmed_software_findings_stay_marked(caller: Caller) -> None:
    score = aspects(EARLY["findings"]) | {"status": "preliminary", "device": {"reference": "Device/1"}}  # type: ignore[arg-type]
    _, answer = answered(caller, bundle(score))
    assert "device" in only(answer, "Observation")
    notes = [note["text"] for note in only(answer, "GuidanceResponse")["note"]]
    assert any("no reader has confirmed" in note for note in notes)


def test_each_rule_set_has_its_clause_source_and_check(early: Json) -> None:
    risk = next(
        one for one in resources(early, "RiskAssessment") if one["method"]["coding"][0]["code"] == "aha-asa-2026"
    )
    rationale = risk["prediction"][0]["rationale"]
    assert "Clause 4.7.2-1." in rationale
    assert "Checked: " in rationale
    assert risk["basis"] == [
        {"reference": next(e["fullUrl"] for e in early["entry"] if e["resource"]["resourceType"] == "Observation")}
    ]


def test_missing_facts_are_data_requirements_with_codes_to_send(caller: Caller) -> None:
    _, answer = answered(caller, bundle(observation(coded(LOINC, "72089-6"), valueInteger=16)))
    guidance = only(answer, "GuidanceResponse")
    assert guidance["status"] == "data-required"
    codes = {
        code["code"]
        for need in guidance["dataRequirement"]
        for part in need.get("codeFilter", [])
        for code in part["code"]
    }
    assert {"occlusion_site", "last_known_well_at", "prestroke_mrs"} <= codes
    assert "Patient" in {need["type"] for need in guidance["dataRequirement"]}
    assert codes & {"72089-6", "nihss_total"} == set()


def test_sending_what_was_required_ends_the_requirement(caller: Caller) -> None:
    """The codes that an answer names as missing are codes that are read."""
    values = {
        "occlusion_site": "mca_m1", "prestroke_mrs": 0, "last_known_well_at": "2026-03-14T07:00:00Z", "age_years": 70,
        "aspects_total": 9, "haemorrhage_on_imaging": False,
    }  # fmt: skip
    sent = [fact_observation(fact, value) for fact, value in values.items()]
    _, answer = answered(caller, bundle(observation(coded(LOINC, "72089-6"), valueInteger=16), *sent))
    assert only(answer, "GuidanceResponse")["status"] == "success"


def test_provenance_names_software_rules_and_inputs(caller: Caller) -> None:
    patient = {"resourceType": "Patient", "id": "p1", "birthDate": "1955-03-02"}
    score = observation(coded(LOINC, "72089-6"), valueInteger=16, id="n1")
    _, answer = answered(caller, bundle(score, patient=patient))
    provenance = only(answer, "Provenance")
    assert {entity["what"]["reference"] for entity in provenance["entity"]} == {"Patient/p1", "Observation/n1"}
    versions = {part["type"]["text"]: part["value"] for part in only(answer, "Device")["version"]}
    assert versions.keys() == {"software", "rules", "atlas"}
    made = {entry["fullUrl"] for entry in answer["entry"]} - {
        entry["fullUrl"]
        for entry in answer["entry"]
        if entry["resource"]["resourceType"] in {"Device", "Provenance", "OperationOutcome"}
    }
    assert {target["reference"] for target in provenance["target"]} == made


def test_what_was_not_used_comes_back_with_its_place(caller: Caller) -> None:
    unread = observation(coded(LOINC, "718-7"), valueInteger=1)
    _, answer = answered(caller, bundle(unread, {"resourceType": "Coverage"}))
    outcome = only(answer, "OperationOutcome")
    places = {issue["expression"][0] for issue in outcome["issue"]}
    assert {"Bundle.entry[1].resource", "Bundle.entry[2].resource"} <= places
    assert {issue["severity"] for issue in outcome["issue"]} <= {"information", "warning"}


def test_narratives_hold_text_and_no_markup(caller: Caller) -> None:
    request = EARLY | {"case_id": "<script>alert(1)</script>"}
    _, answer = answered(caller, case_bundle(request))
    texts = [entry["resource"]["text"]["div"] for entry in answer["entry"] if "text" in entry["resource"]]
    assert texts
    for text in texts:
        assert re.sub(r"</?(div|p)( xmlns=\"[^\"]*\")?>", "", text).count("<") == 0
    assert "<script" not in json.dumps(answer)


def test_nothing_of_an_unread_resource_comes_back(caller: Caller) -> None:
    private = "Very Private 19521207"
    unread: dict[str, Any] = {"resourceType": "Flag", "id": "x", "code": {"text": private}}
    named = {"resourceType": "Patient", "id": "p1", "name": [{"text": private}]}
    _, answer = answered(caller, bundle(unread, patient=named))
    assert private not in json.dumps(answer)


def test_parameters_without_a_patient_are_answered_of_the_patient_of_the_request(caller: Caller) -> None:
    status, answer = answered(caller, parameters(EARLY))
    assert status == 200
    assert only(answer, "ServiceRequest")["subject"] == {"display": "The patient of this request"}


def test_an_unknown_site_is_refused(caller: Caller) -> None:
    status, answer = answered(caller, parameters({"site_id": "nowhere", "facts": {}}))
    assert status == 422
    assert answer["issue"][0]["expression"] == ["Parameters.parameter[0]"]
    assert OWN not in answer["issue"][0]["diagnostics"]

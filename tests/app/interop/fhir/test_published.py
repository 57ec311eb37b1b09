"""Our codes: published as they are used, and readable from a running service and from files."""

import json

import pytest

from app.interop.fhir.publish import FOLDER, published, text_of
from app.interop.fhir.systems import OWN
from scoring.facts import FACTS
from scoring.outcomes import Action, Outcome
from scoring.regions import Region
from tests.app.interop.calling import Caller
from tests.app.interop.fhir.case_bundles import Json, case_bundle
from tests.app.interop.fhir.test_answer import EARLY
from tests.app.interop.fhir.test_equality import answered


def codes_of(caller: Caller, identifier: str) -> set[str]:
    system = caller.get(f"/fhir/CodeSystem/{identifier}").json()
    codes = [concept["code"] for concept in system["concept"]]
    assert len(codes) == len(set(codes)) == system["count"]
    return set(codes)


def test_every_fact_region_outcome_and_action_has_a_code(caller: Caller) -> None:
    assert codes_of(caller, "facts") == set(FACTS) - {"nihss_items"}
    assert {f"ASPECTS-{region}" for region in Region} <= codes_of(caller, "regions")
    assert codes_of(caller, "outcomes") == set(Outcome)
    assert codes_of(caller, "actions") == set(Action)
    assert codes_of(caller, "occlusion-site") == set(FACTS["occlusion_site"].choices)


def own_codings(value: object) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    if isinstance(value, dict):
        if isinstance(value.get("system"), str) and value["system"].startswith(f"{OWN}codesystem:"):
            found.add((value["system"], value["code"]))
        return found.union(*map(own_codings, value.values()))
    return found.union(*map(own_codings, value)) if isinstance(value, list) else found


def test_every_code_of_ours_in_an_answer_is_published(caller: Caller) -> None:
    used = own_codings(answered(caller, case_bundle(EARLY))[1])
    assert used
    systems: Json = caller.get("/fhir/CodeSystem").json()
    known = {
        (entry["resource"]["url"], concept["code"])
        for entry in systems["entry"]
        for concept in entry["resource"]["concept"]
    }
    assert used <= known


@pytest.mark.parametrize("kind", ["CodeSystem", "ValueSet", "OperationDefinition"])
def test_resources_are_found_by_their_canonical_address(caller: Caller, kind: str) -> None:
    for entry in caller.get(f"/fhir/{kind}").json()["entry"]:
        resource = entry["resource"]
        found = caller.get(f"/fhir/{kind}", params={"url": resource["url"]}).json()
        assert (found["total"], found["entry"][0]["resource"]) == (1, resource)
        assert caller.get(f"/fhir/{kind}/{resource['id']}").json() == resource
    assert caller.get(f"/fhir/{kind}", params={"url": "urn:nothing"}).json()["total"] == 0


def test_capability_statement_declares_r4_and_the_operation(caller: Caller) -> None:
    statement = caller.get("/fhir/metadata").json()
    assert statement["fhirVersion"] == "4.0.1"
    operation = statement["rest"][0]["operation"][0]
    assert caller.get("/fhir/OperationDefinition", params={"url": operation["definition"]}).json()["total"] == 1


def test_files_in_the_package_are_what_the_service_publishes() -> None:
    """Refresh them with ``python -m app.interop.fhir.publish``."""
    wanted = {name: text_of(resource) for name, resource in published()}
    assert {path.name: path.read_text() for path in FOLDER.glob("*.json")} == wanted
    assert json.loads(wanted["CodeSystem-facts.json"])["resourceType"] == "CodeSystem"

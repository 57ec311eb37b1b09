"""With a FHIR server of another project: it takes what we answer, and what it holds is understood here."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.interop.calling import Caller
from tests.app.interop.ehr_server import EhrServer, ehr_server
from tests.app.interop.fhir.case_bundles import Json, case_bundle
from tests.app.interop.fhir.test_answer import EARLY
from tests.app.interop.fhir.test_equality import answered, expected, told

pytestmark = pytest.mark.peers


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EhrServer]:
    folder: Path = tmp_path_factory.mktemp("ehr")
    with ehr_server(folder) as server:
        yield server


def test_what_we_answer_is_stored_and_read_back_unchanged(caller: Caller, ehr: EhrServer) -> None:
    _, answer = answered(caller, case_bundle(EARLY))
    for entry in answer["entry"]:
        resource = entry["resource"]
        ehr.put(resource)
        kept = ehr.get(f"{resource['resourceType']}/{resource['id']}")
        assert without_meta(kept) == without_meta(resource)
        assert kept["meta"].get("tag") == resource.get("meta", {}).get("tag")


def without_meta(resource: Json) -> Json:
    return {name: value for name, value in resource.items() if name != "meta"}


def stored(ehr: EhrServer, request: Json) -> None:
    for number, entry in enumerate(case_bundle(request)["entry"]):
        resource = entry["resource"]
        if resource["resourceType"] != "Parameters":
            ehr.put({"id": f"o{number}", **resource})


def test_a_bundle_that_the_server_makes_is_judged_like_the_case(caller: Caller, ehr: EhrServer) -> None:
    stored(ehr, EARLY)
    found = ehr.get("Observation?patient=p1&_count=100")
    assert found["type"] == "searchset"
    patient = {"resource": ehr.get("Patient/p1")}
    site = case_bundle(EARLY)["entry"][-1]
    body = found | {"entry": [patient, site, *found["entry"]], "timestamp": EARLY["evaluated_at"]}
    status, answer = answered(caller, body)
    assert status == 200, json.dumps(answer)
    assert told(answer) == expected(caller.post("/v1/triage", json=EARLY).json())

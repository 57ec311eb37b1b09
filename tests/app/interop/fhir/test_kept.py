"""Kept cases as FHIR clients find and read them: a study of the archive, facts of the EHR, a clinician's signature."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.access.actor import Actor, ActorKind, Scope
from app.hospital import Hospital
from app.main import create_app
from app.queue.queue import Identity
from app.settings.settings import Settings
from app.store.tables_audit import audit_events
from tests.app.interop.calling import Caller, calling
from tests.app.interop.fhir.case_bundles import Json, bundle, case_bundle, fact_observation
from tests.app.interop.fhir.test_answer import EARLY
from tests.app.interop.fhir.test_validators import errors_by_pyrofile, faults_by_fhirkit, faults_by_resources
from tests.app.queue.studies import UID, accepted, record, recorder_of
from tests.app.scans.fake_worker import REFUSAL, REGIONS, scored
from tests.app.store.databases import database_url, hospital_settings, postgresql

__all__ = ["database_url", "hospital_settings", "postgresql"]

DOCTOR = Actor(ActorKind.PERSON, "dr-who", frozenset({Scope.READ, Scope.TRIAGE}))
STUDY: Json = {
    "resourceType": "ImagingStudy",
    "id": "s1",
    "status": "available",
    "subject": {"reference": "Patient/p1"},
    "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{UID}"}],
}
OWN_CALLS = {"side": "left", "regions": dict.fromkeys(REGIONS, "unaffected") | {"I": "affected"}}


NOT_KNOWN_TO_PYROFILE = {("status", "Code 'corrected' is not")}
"""It leaves out codes that stand below another: ``corrected`` is a kind of ``amended`` in both systems of R4."""


@dataclass
class Service:
    """A service with a record, in memory."""

    caller: Caller
    hospital: Hospital

    def read(self, reading: dict[str, Any] | None = None, name: str = UID, **identity: str) -> None:
        """A study comes in and is read."""
        told = Identity(**{"patient_id": "4711", "study_uid": name, "accession_number": "A-1", **identity})
        kept = accepted(self.hospital.writer, (name,), name, identity=told)
        record(recorder_of(self.hospital.records), kept, reading or scored())

    def search(self, query: str = "", status: int = 200) -> Json:
        answer = self.caller.get(f"/fhir/DiagnosticReport{query}")
        assert answer.status_code == status, answer.text
        assert answer.headers["content-type"].startswith("application/fhir+json")
        found: Json = answer.json()
        return found

    def reports(self, query: str = "") -> list[Json]:
        found = self.search(query)
        return [entry["resource"] for entry in found.get("entry", ()) if entry["search"]["mode"] == "match"]

    def get(self, reference: str) -> Json:
        answer = self.caller.get(f"/fhir/{reference}")
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    def whole(self) -> list[Json]:
        """All resources of the only report."""
        (report,) = self.reports()
        bundle: Json = self.get(f"Bundle/{report['id'].partition('.')[0]}.bundle")
        return [entry["resource"] for entry in bundle["entry"]]

    def sign(self, revision: int, **edit: Any) -> None:
        body = {"decision": "edit", "request": edit} if edit else {"decision": "confirm"}
        answer = self.caller.post(f"/v1/cases/{UID}/revisions/{revision}/sign-off", json=body)
        assert answer.status_code == 200, answer.text

    def trail(self, action: str) -> list[tuple[str, str, Any]]:
        with self.hospital.engine.connect() as connection:
            rows = connection.execute(select(audit_events).where(audit_events.c.action == action)).all()
        return [(row.actor_name, row.subject, json.loads(row.detail)) for row in rows]


@pytest.fixture
def service(hospital_settings: Settings) -> Iterator[Service]:
    app = create_app(hospital_settings, everyone=DOCTOR)
    with calling(app) as caller:
        hospital = app.state.service.hospital
        yield Service(caller, hospital)
        asyncio.run(hospital.close())


def by_kind(resources: list[Json], kind: str) -> Json:
    (found,) = [one for one in resources if one["resourceType"] == kind]
    return found


def test_a_study_of_the_archive_is_found_by_its_uid_its_patient_and_its_number(service: Service) -> None:
    service.read()
    service.read(name="1.2.3", patient_id="4712", accession_number="A-12")
    (report,) = service.reports(f"?identifier=urn:dicom:uid|urn:oid:{UID}")
    for query in (
        f"identifier={UID}", f"identifier=urn:aspects-triage:case|{UID}", "identifier=A-1", "patient.identifier=4711",
        "patient:identifier=4711",
    ):  # fmt: skip
        assert service.reports(f"?{query}") == [report], query
    assert len(service.reports("?patient.identifier=4711,4712")) == 2
    assert len(service.reports(f"?identifier=A-12,{UID}")) == 2
    both = "patient.identifier=4711&identifier=1.2.3"
    for query in ("identifier=1.2", "identifier=a-1", "patient.identifier=471", both):
        assert service.reports(f"?{query}") == [], query
    assert report["status"] == "preliminary"
    assert report["subject"]["identifier"]["value"] == "4711"
    assert report["imagingStudy"] == [{"type": "ImagingStudy", "identifier": STUDY["identifier"][0]}]


def test_what_a_search_finds_can_be_read_and_every_reference_leads_somewhere(service: Service) -> None:
    service.read()
    (report,) = service.reports()
    assert service.get(f"DiagnosticReport/{report['id']}") == report
    found = service.search("?_include=DiagnosticReport:result")["entry"]
    assert [entry["search"]["mode"] for entry in found] == ["include", "match"]
    score = found[0]["resource"]
    assert (score["valueInteger"], score["status"], score["resourceType"]) == (8, "preliminary", "Observation")
    assert report["result"] == [{"reference": f"Observation/{score['id']}"}]
    resources = service.whole()
    for reference in references(resources):
        kind, _, identifier = reference.partition("/")
        assert service.get(reference)["id"] == identifier, kind


def references(value: Any) -> set[str]:
    if isinstance(value, dict):
        own = (
            {value["reference"]} if isinstance(value.get("reference"), str) and value["reference"][0] != "#" else set()
        )
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


def test_facts_of_the_ehr_join_the_scan_of_the_study_that_they_name(service: Service) -> None:
    service.read()
    sent = bundle(STUDY, fact_observation("nihss_total", 16), fact_observation("occlusion_site", "mca_m1"))
    answer = service.caller.post("/fhir/$triage", json=sent)
    assert answer.status_code == 200, answer.text
    score = by_kind([entry["resource"] for entry in answer.json()["entry"]], "Observation")
    assert (score["valueInteger"], "device" in score) == (8, True)
    (report,) = service.reports()
    assert {"system": "urn:aspects-triage:case", "value": UID} in report["identifier"]
    parameters = by_kind(service.whole(), "GuidanceResponse")["contained"][0]["parameter"]
    missing = {part["valueString"] for part in parameters if part["name"] == "missing"}
    assert not missing & {"nihss_total", "occlusion_site"}


def test_of_several_studies_the_one_that_is_kept_is_meant(service: Service) -> None:
    other = STUDY | {"id": "s2", "identifier": [{"system": "urn:dicom:uid", "value": "urn:oid:1.2.3.4"}]}
    for known, expected in ((False, None), (True, 8)):
        if known:
            service.read()
        answer = service.caller.post("/fhir/$triage", json=bundle(STUDY, other, fact_observation("nihss_total", 16)))
        scores = [e["resource"] for e in answer.json()["entry"] if e["resource"]["resourceType"] == "Observation"]
        assert [one["valueInteger"] for one in scores] == ([] if expected is None else [expected])


def test_a_signature_makes_it_final_and_a_change_corrected_with_a_trace(service: Service) -> None:
    service.read()
    (first,) = service.reports()
    service.sign(1)
    (final,) = service.reports()
    assert (first["id"], final["status"]) == (final["id"], "final")
    assert final["resultsInterpreter"] == [{"display": "dr-who"}]
    assert int(final["meta"]["versionId"]) > int(first["meta"]["versionId"])
    service.sign(1, facts={}, findings=OWN_CALLS)
    (corrected,) = service.reports()
    assert (corrected["id"], corrected["status"]) == (first["id"], "corrected")
    resources = service.whole()
    score = by_kind(resources, "Observation")
    assert (score["valueInteger"], score["status"]) == (9, "corrected")
    signature = next(one for one in resources if one["id"].endswith(".signature"))
    assert signature["agent"][0]["who"] == {"display": "dr-who"}
    assert signature["entity"][0]["what"]["identifier"]["value"] == f"{UID}/revisions/1"
    assert [len(service.reports(f"?status={one}")) for one in ("preliminary", "final", "corrected")] == [0, 0, 1]


def test_a_later_result_that_nobody_signed_does_not_take_the_place_of_a_signed_one(service: Service) -> None:
    service.read()
    service.sign(1)
    service.caller.post("/v1/triage", json={"case_id": UID, "facts": {"nihss_total": 20}})
    (report,) = service.reports()
    assert report["status"] == "final"
    outcomes = [e["resource"] for e in service.search()["entry"] if e["search"]["mode"] == "outcome"]
    assert "a later revision that nobody signed: 2" in outcomes[0]["issue"][0]["diagnostics"]


def test_a_scan_that_was_refused_is_reported_with_the_reason(service: Service) -> None:
    refused = scored() | {"status": "refused", "refusal": REFUSAL, "regions": {}, "side": None, "total": None}
    service.read(refused)
    (report,) = service.reports()
    assert "NOT_A_HEAD" in report["conclusion"]
    assert "result" not in report


def test_pages_lead_through_all_reports_newest_first(service: Service) -> None:
    for number in range(5):
        service.read(name=f"1.2.{number}")
    query, seen = "?_count=2", []
    while query is not None:
        found = service.search(query)
        seen += [entry["resource"]["identifier"][0]["value"] for entry in found["entry"]]
        following = [link["url"] for link in found["link"] if link["relation"] == "next"]
        query = "?" + following[0].partition("?")[2] if following else None
    assert seen == [f"1.2.{number}" for number in reversed(range(5))]


def test_only_what_changed_since_is_asked_for(service: Service) -> None:
    service.read()
    (report,) = service.reports()
    moment = report["meta"]["lastUpdated"]
    assert len(service.reports(f"?_lastUpdated=ge{moment}")) == 1
    assert service.reports("?_lastUpdated=ge2999-01-01T00:00:00%2B02:00") == []
    service.sign(1)
    assert len(service.reports(f"?_lastUpdated=gt{moment}")) == 1


@pytest.mark.parametrize(
    "query",
    [
        "subject=Patient/1", "patient=4711", "identifier=", "identifier=http://x|1", "status=amended", "_count=many",
        "_lastUpdated=2026", "_lastUpdated=gesoon", "_lastUpdated=ge2026-01-01T00:00", "_include=*", "before=-1",
        "identifier=1&identifier=2", "patient.identifier=http://x|4711", "before=99999999999999999999",
    ],
)  # fmt: skip
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_search_that_is_not_understood_is_refused_and_never_widened(service: Service, query: str) -> None:
    service.read()
    assert service.search(f"?{query}", 422)["resourceType"] == "OperationOutcome"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "address",
    [
        "DiagnosticReport/1", "Observation/99.aspects", "Bundle/x.bundle", "Bundle/٣.bundle",
        "Device/9999999999999999999999.software", "Observation/2.report",
    ],
)  # fmt: skip
def test_what_is_not_there_is_not_found(service: Service, address: str) -> None:
    service.read()
    answer = service.caller.get(f"/fhir/{address}")
    assert (answer.status_code, answer.json()["resourceType"]) == (404, "OperationOutcome")


def test_who_read_which_case_stands_in_the_trail(service: Service) -> None:
    service.read()
    (report,) = service.reports()
    service.get(f"DiagnosticReport/{report['id']}")
    assert service.trail("case.read") == [("dr-who", f"case/{UID}", {"revision": 1, "via": "fhir"})] * 2


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_answer_of_parts_alone_is_told_and_not_made_up(service: Service) -> None:
    service.caller.post("/v1/triage", json={"case_id": "bay 4", "facts": {}, "parts": ["aspects"]})
    (entry,) = service.search()["entry"]
    assert entry["search"]["mode"] == "outcome"
    assert "bay 4" in entry["resource"]["issue"][0]["diagnostics"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_validators_of_other_projects_find_nothing_wrong(service: Service, tmp_path: Path) -> None:
    service.read()
    service.caller.post("/fhir/$triage", json=case_bundle(EARLY))
    service.sign(1)
    service.sign(1, facts={}, findings=OWN_CALLS)
    made = {"search": service.search("?_include=DiagnosticReport:result"), "metadata": service.get("metadata")}
    for report in service.reports():
        number = report["id"].partition(".")[0]
        made[number] = service.get(f"Bundle/{number}.bundle")
    assert len(made) == 4
    assert {name: found for name, one in made.items() if (found := faults_by_resources(one))} == {}
    assert {name: found for name, one in made.items() if (found := faults_by_fhirkit(one))} == {}
    folder = tmp_path / "kept" / "in"
    folder.mkdir(parents=True)
    for name, resource in made.items():
        (folder / f"{name}.json").write_text(json.dumps(resource))
    found = {
        (issue["path"].rpartition(".")[2], issue["message"].partition(" in ")[0])
        for issue in errors_by_pyrofile(folder)
    }
    assert found == NOT_KNOWN_TO_PYROFILE


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_capability_statement_tells_what_can_be_searched_for(service: Service) -> None:
    told = {one["type"]: one for one in service.get("metadata")["rest"][0]["resource"]}
    for parameter in told["DiagnosticReport"]["searchParam"]:
        assert service.caller.get("/fhir/DiagnosticReport", params={parameter["name"]: "x"}).status_code in {200, 422}
    assert "Bundle" in told


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_whoever_may_not_read_reads_nothing(hospital_settings: Settings) -> None:
    sender = Actor(ActorKind.KEY, "router", frozenset({Scope.INGEST, Scope.TRIAGE}))
    app = create_app(hospital_settings, everyone=sender)
    with calling(app) as caller:
        assert caller.get("/fhir/DiagnosticReport").status_code == 403
        assert caller.get("/fhir/Observation/1.aspects").status_code == 403
        assert caller.get("/fhir/CodeSystem").status_code == 200
        asyncio.run(app.state.service.hospital.close())

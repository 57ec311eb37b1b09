"""A service with a record keeps what $triage judges and what became of cards, each with who sent it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling
from tests.app.interop.cds_hooks.conftest import ehr_file
from tests.app.interop.cds_hooks.ehr import ISSUER, token
from tests.app.interop.cds_hooks.test_services import FEEDBACK
from tests.app.interop.fhir.case_bundles import Json, bundle, case_bundle
from tests.app.interop.fhir.test_answer import EARLY
from tests.app.interop.fhir.test_equality import answered, resources
from tests.app.store.databases import database_url, hospital_settings, postgresql

__all__ = ["database_url", "hospital_settings", "postgresql"]

SOMEBODY = Actor(ActorKind.KEY, "ward", frozenset({Scope.TRIAGE, Scope.READ}))


class Kept:
    """A service with a record, and what its trail says."""

    def __init__(self, caller: Caller, service: object) -> None:
        self.caller = caller
        self._service = service

    def trail(self, action: str) -> list[Json]:
        engine = self._service.hospital.engine  # type: ignore[attr-defined]
        with engine.connect() as connection:
            rows = connection.execute(text("select * from audit_events order by sequence")).mappings().all()
        return [dict(row) for row in rows if row["action"] == action]


@pytest.fixture
def kept(hospital_settings: Settings, tmp_path: Path) -> Iterator[Kept]:
    settings = hospital_settings.model_copy(update={"cds_hooks_file": ehr_file(tmp_path)})
    app = create_app(settings, everyone=SOMEBODY)
    with calling(app) as caller:
        yield Kept(caller, app.state.service)
        caller.run(app.state.service.hospital.close())


def test_a_case_of_fhir_is_kept_before_it_is_answered(kept: Kept) -> None:
    status, answer = answered(kept.caller, case_bundle(EARLY | {"case_id": "fhir-1"}))
    assert status == 200, answer
    (report,) = resources(answer, "DiagnosticReport")
    assert report["identifier"][0]["value"] == "fhir-1"
    (event,) = kept.trail("case.kept")
    assert (event["actor_name"], event["subject"]) == ("ward", "case/fhir-1")


def test_a_case_that_is_refused_is_not_kept(kept: Kept) -> None:
    assert answered(kept.caller, bundle({"resourceType": "Patient", "id": "p2"}))[0] == 422
    assert kept.trail("case.kept") == []


def test_a_case_name_that_the_record_cannot_take_is_an_operation_outcome(kept: Kept) -> None:
    status, answer = answered(kept.caller, case_bundle(EARLY | {"case_id": "a/../b"}))
    assert (status, answer["resourceType"]) == (422, "OperationOutcome")


def test_feedback_stands_in_the_trail_with_the_ehr_and_without_free_text(kept: Kept) -> None:
    path = "/cds-services/aspects-patient-view/feedback"
    headers = {"authorization": f"Bearer {token(path)}"}
    assert kept.caller.post(path, json={"feedback": [FEEDBACK]}, headers=headers).status_code == 200
    (event,) = kept.trail("cds.feedback")
    assert event["actor_name"] == f"ehr:{ISSUER}"
    assert event["outcome"] == "overridden"
    assert "declined" in event["detail"]
    assert "about the patient" not in json.dumps(event, default=str)


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[Caller]:
    settings = Settings(data_dir=tmp_path / "data", cds_hooks_file=ehr_file(tmp_path), allowed_hosts="aspects.test")
    app = create_app(settings)
    with calling(app) as caller:
        yield caller
        caller.run(app.state.service.hospital.close())


def test_at_a_closed_door_errors_are_told_in_fhirs_words_and_ehrs_show_their_own_token(closed: Caller) -> None:
    status, answer = answered(closed, case_bundle(EARLY))
    assert (status, answer["issue"][0]["code"]) == (401, "login")
    assert closed.get("/fhir/metadata").status_code == 200
    assert closed.get("/fhir/CodeSystem/facts").status_code == 200
    assert closed.get("/cds-services").status_code == 401
    signed = {"authorization": f"Bearer {token('/cds-services')}"}
    assert closed.get("/cds-services", headers=signed).status_code == 200

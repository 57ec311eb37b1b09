"""The contract of CDS Hooks 2.0: discovery, calls, and cards that are short, sourced, safe and never idle."""

import re
import uuid
from pathlib import Path
from typing import Any

import pytest

from app.interop.cds_hooks.discovery import PREFETCH, SERVICES
from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling
from tests.app.interop.cds_hooks.ehr import (
    call,
    chart,
    medication,
    minutes_ago,
    quiet_chart,
    recently,
    searchset,
    service,
    signing,
)
from tests.app.interop.fhir.case_bundles import LOINC, OWN, SNOMED, Json, coded, fact_observation, observation

VIEW = "/cds-services/aspects-patient-view"
SIGN = "/cds-services/aspects-order-sign"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ALTEPLASE = medication(RXNORM, "8410")


def cards(caller: Caller, body: Json, path: str = VIEW) -> list[Json]:
    response = caller.post(path, json=body)
    assert response.status_code == 200, response.text
    answer = response.json()
    assert isinstance(answer["cards"], list)
    for card in answer["cards"]:
        assert_card(card)
    return list(answer["cards"])


def assert_card(card: Json) -> None:
    """The invariants of the specification on a card."""
    assert 0 < len(card["summary"]) < 140
    assert card["indicator"] in {"info", "warning", "critical"}
    assert card["source"]["label"]
    uuid.UUID(card["uuid"])
    if suggestions := card.get("suggestions"):
        assert card["selectionBehavior"] in {"at-most-one", "any"}
        for suggestion in suggestions:
            assert suggestion["label"]
            for action in suggestion["actions"]:
                assert action["description"]
                assert action["type"] in {"create", "update", "delete"}
                assert (action["type"] == "delete") == ("resourceId" in action)
    else:
        assert "selectionBehavior" not in card
    for reason in card.get("overrideReasons", []):
        assert reason["display"]
        assert reason["code"]
    for link in card.get("links", []):
        assert link["type"] == "absolute"
        assert re.match(r"https?://", link["url"])
        assert "appContext" not in link
    assert_nothing_null(card)


def assert_nothing_null(value: Any) -> None:
    assert value is not None
    assert value not in ({}, "", [])
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else []:
        assert_nothing_null(inner)


def test_discovery_tells_each_service_with_its_prefetch(caller: Caller) -> None:
    services = caller.get("/cds-services").json()["services"]
    assert {service["hook"] for service in services} == {"patient-view", "order-sign"}
    for told in services:
        assert {"hook", "title", "description", "id", "prefetch"} <= told.keys()
        assert re.fullmatch(r"[a-z0-9-]+", told["id"])
        assert told["prefetch"] == PREFETCH
        assert_nothing_null(told)


def test_prefetch_asks_only_what_the_specification_lets_ask() -> None:
    assert {token for query in PREFETCH.values() for token in re.findall(r"{{(.*?)}}", query)} == {"context.patientId"}
    for query in PREFETCH.values():
        parameters = dict(part.split("=", 1) for part in query.partition("?")[2].split("&") if part)
        assert set(parameters) <= {"patient", "code", "status", "_count", "_sort"}
        assert not any(":" in name for name in parameters)
        assert len(query) < 2000


def test_a_stroke_that_calls_for_thrombectomy(caller: Caller) -> None:
    (card,) = cards(caller, call(chart()))
    assert "Thrombectomy is recommended" in card["summary"]
    assert "Clause 4.7.2-1." in card["detail"]
    assert "Checked: " in card["detail"]
    assert "not for clinical use" in card["detail"]


def test_haemorrhage_is_critical_and_never_hides_behind_missing_data(caller: Caller) -> None:
    (card,) = cards(caller, call(chart(haemorrhage_on_imaging=True, prestroke_mrs=None)))
    assert card["indicator"] == "critical"
    assert "haemorrhage" in card["summary"].lower()


def test_missing_facts_are_named(caller: Caller) -> None:
    (card,) = cards(caller, call(chart(occlusion_site=None, last_known_well_at=None)))
    assert "Missing: Occluded vessel" in card["summary"]
    assert "suggestions" not in card


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"scores": searchset(observation(coded(LOINC, "72089-6"), valueInteger=16, effectiveDateTime="2024-01-01"))},
        {"measured": searchset(recently(observation(coded(LOINC, "8480-6"), valueInteger=1)))},
        {
            "conditions": searchset(
                {
                    "resourceType": "Condition",
                    "code": coded("http://hl7.org/fhir/sid/icd-10", "I63.9"),
                    "recordedDate": "2021-05-01T10:00:00Z",
                }
            )
        },
        {"scores": None, "facts": None},
    ],
)
def test_without_signs_of_an_acute_stroke_there_is_no_card(caller: Caller, change: Json) -> None:
    assert cards(caller, call(quiet_chart() | change)) == []


def test_a_fresh_diagnosis_of_stroke_asks_for_the_facts(caller: Caller) -> None:
    diagnosis = {
        "resourceType": "Condition",
        "code": coded(SNOMED, "230690007"),
        "recordedDate": minutes_ago(30),
    }
    (card,) = cards(caller, call(quiet_chart() | {"conditions": searchset(diagnosis)}))
    assert "Missing" in card["summary"]


def test_nothing_is_said_of_the_dead(caller: Caller) -> None:
    prefetch = chart()
    prefetch["patient"]["deceasedBoolean"] = True
    assert cards(caller, call(prefetch)) == []


def test_a_record_that_contradicts_itself_is_told_as_such(caller: Caller) -> None:
    prefetch = chart()
    prefetch["facts"]["entry"].append({"resource": recently(fact_observation("last_known_well_at", minutes_ago(500)))})
    (card,) = cards(caller, call(prefetch))
    assert "last_known_well_at" in card["summary"]
    assert card["indicator"] == "warning"


def test_transfer_is_suggested_as_a_proposal(tmp_path: Path) -> None:
    network = tmp_path / "network.yaml"
    network.write_text("spoke: {name: Spoke <b>, capability: primary, minutes_to_thrombectomy_centre: 40}\n")
    settings = Settings(site_network_file=network, fhir_site_id="spoke")
    with calling(create_app(settings)) as local:
        (card,) = cards(local, call(chart()))
    assert card["indicator"] == "critical"
    assert card["summary"].startswith("Transfer now")
    resource = card["suggestions"][0]["actions"][0]["resource"]
    assert (resource["intent"], resource["status"], resource["subject"]) == (
        "proposal",
        "draft",
        {"reference": "Patient/p1"},
    )


def test_cards_hold_no_markup_from_elsewhere(caller: Caller) -> None:
    (card,) = cards(caller, call(chart()))
    assert not re.search(r"(?<!\\)[<\[]", card["detail"])


def test_the_same_call_gives_the_same_cards(caller: Caller) -> None:
    body = call(chart())
    assert [card["uuid"] for card in cards(caller, body)] == [card["uuid"] for card in cards(caller, body)]
    assert cards(caller, body)[0]["uuid"] != cards(caller, call(chart()))[0]["uuid"]


@pytest.mark.parametrize(
    "order",
    [
        medication(RXNORM, "161"),
        service(LOINC, "2345-7"),
        {"resourceType": "NutritionOrder"},
        {"resourceType": "MedicationRequest", "medicationReference": {"reference": "Medication/1"}},
    ],
)
def test_other_orders_get_no_card_and_need_no_data(caller: Caller, order: Json) -> None:
    assert cards(caller, signing([order], {}), SIGN) == []


def test_thrombolysis_orders_hear_of_contraindications(caller: Caller) -> None:
    (card,) = cards(caller, signing([ALTEPLASE], chart(haemorrhage_on_imaging=True)), SIGN)
    assert card["indicator"] == "critical"
    assert "contraindicated" in card["summary"]
    (fine,) = cards(caller, signing([medication("http://www.whocc.no/atc", "B01AD11")], chart()), SIGN)
    assert fine["indicator"] != "critical"
    assert "Thrombolysis" in fine["summary"]


@pytest.mark.parametrize(
    "order",
    [
        service(LOINC, "30799-1"),
        service(SNOMED, "397046001"),
        service(f"{OWN}actions", "TRANSFER_NOW"),
        {"resourceType": "ServiceRequest", "bodySite": [coded(SNOMED, "69536005")]},
    ],
)
def test_imaging_thrombectomy_and_transfer_orders_get_the_answer(caller: Caller, order: Json) -> None:
    (card,) = cards(caller, signing([order], chart()), SIGN)
    assert "Thrombectomy is recommended" in card["summary"]


def test_orders_for_a_patient_without_a_stroke_get_no_card(caller: Caller) -> None:
    assert cards(caller, signing([ALTEPLASE], quiet_chart()), SIGN) == []


@pytest.mark.parametrize("missing", ["patient", "scores", "facts"])
def test_data_that_cannot_be_had_are_412(caller: Caller, missing: str) -> None:
    prefetch = chart()
    del prefetch[missing]
    assert caller.post(VIEW, json=call(prefetch)).status_code == 412
    failed = chart() | {missing: {"resourceType": "OperationOutcome", "issue": []}}
    assert caller.post(VIEW, json=call(failed)).status_code == 412


def test_without_prefetch_and_server_it_is_412_and_no_server_is_asked(caller: Caller) -> None:
    body = call(fhirServer="http://169.254.169.254/latest", fhirAuthorization=None)
    del body["fhirAuthorization"]
    assert caller.post(VIEW, json=body).status_code == 412


def test_optional_data_that_were_not_sent_are_named(caller: Caller) -> None:
    prefetch = chart()
    del prefetch["medications"]
    (card,) = cards(caller, call(prefetch))
    assert "not known: medications" in card["detail"]


def test_the_patient_must_be_the_one_whose_record_is_open(caller: Caller) -> None:
    prefetch = chart() | {"patient": {"resourceType": "Patient", "id": "p2"}}
    assert caller.post(VIEW, json=call(prefetch)).status_code == 422
    mixed = chart() | {
        "measured": searchset(observation(coded(LOINC, "8480-6")) | {"subject": {"reference": "Patient/p2"}})
    }
    assert caller.post(VIEW, json=call(mixed)).status_code == 422


@pytest.mark.parametrize(
    "change",
    [
        {"hook": "order-sign"},
        {"hook": None},
        {"hookInstance": "not-a-uuid"},
        {"hookInstance": None},
        {"context": {}},
        {"context": {"userId": "Practitioner/1"}},
        {"context": {"userId": "Practitioner/1", "patientId": "../../etc"}},
        {"context": None},
        {"fhirAuthorization": {"access_token": "x", "token_type": "Bearer"}},
        {"prefetch": []},
    ],
)
def test_calls_that_break_the_contract_are_refused(caller: Caller, change: Json) -> None:
    response = caller.post(VIEW, json=call(chart()) | change)
    assert response.status_code == 422
    assert response.headers["content-type"] == "application/problem+json"


def test_fields_of_later_versions_pass(caller: Caller) -> None:
    body = call(chart(), hookVersion="1.1", extension={"com.example": {"x": 1}})
    body["context"]["encounterId"] = "e1"
    assert len(cards(caller, body)) == 1


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"hook": 1, "hook": 2}', b"null"])
def test_bodies_that_are_no_call_are_refused(caller: Caller, body: bytes) -> None:
    response = caller.post(VIEW, content=body, headers={"content-type": "application/json"})
    assert response.status_code in {400, 422}


def test_unknown_services_and_types_are_refused(caller: Caller) -> None:
    assert caller.post("/cds-services/nothing", json=call(chart())).status_code == 404
    assert caller.post(VIEW, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


FEEDBACK: Json = {
    "card": "4e0a3a1e-3283-4575-ab82-028d55fe2719",
    "outcome": "overridden",
    "outcomeTimestamp": "2026-11-24T10:00:00Z",
    "overrideReason": {
        "reason": {"code": "declined", "system": f"{OWN}override-reasons"},
        "userComment": "about the patient",
    },
}


def test_feedback_is_taken(caller: Caller) -> None:
    taken = {
        "card": FEEDBACK["card"],
        "outcome": "accepted",
        "outcomeTimestamp": "2026-11-24T10:00:00+01:00",
        "acceptedSuggestions": [{"id": "a-b-c"}],
    }
    for path in SERVICES:
        response = caller.post(f"/cds-services/{path}/feedback", json={"feedback": [FEEDBACK, taken]})
        assert response.status_code == 200, response.text


@pytest.mark.parametrize(
    "change",
    [
        {"card": "x"},
        {"outcome": "ignored"},
        {"outcome": "accepted"},
        {"outcomeTimestamp": "2026-11-24"},
        {"overrideReason": {"reason": {"code": "words about the patient", "system": "x"}}},
    ],
)
def test_feedback_that_breaks_the_contract_is_refused(caller: Caller, change: Json) -> None:
    assert caller.post(f"{VIEW}/feedback", json={"feedback": [FEEDBACK | change]}).status_code == 422
    assert caller.post(f"{VIEW}/feedback", json={"feedback": []}).status_code == 422

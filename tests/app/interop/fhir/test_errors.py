"""Whatever goes wrong below /fhir is told as an OperationOutcome, and nothing that was sent comes back in it."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fhir.resources.R4B.operationoutcome import OperationOutcome

from app.interop.fhir import routes
from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling

TRIAGE = "/fhir/$triage"
FHIR = {"content-type": "application/fhir+json"}


def typed(content: bytes, media_type: str = "application/fhir+json") -> dict[str, Any]:
    return {"content": content, "headers": {"content-type": media_type}}


def wanting(media_type: str) -> dict[str, Any]:
    return {"headers": {"accept": media_type}}


def assert_outcome(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status
    assert response.headers["content-type"] == "application/fhir+json"
    assert response.headers["content-length"] == str(len(response.content))
    outcome: dict[str, Any] = response.json()
    OperationOutcome.model_validate(outcome)
    assert {issue["severity"] for issue in outcome["issue"]} == {"error"}
    return outcome


@pytest.mark.parametrize(
    ("method", "path", "options", "status", "code"),
    [
        ("GET", "/fhir", {}, 404, "not-found"),
        ("GET", "/fhir/", {}, 404, "not-found"),
        ("GET", "/fhir/Patient", {}, 404, "not-found"),
        ("GET", "/fhir/CodeSystem/nothing", {}, 404, "not-found"),
        ("GET", "/fhir/a/b/c/d", {}, 404, "not-found"),
        ("GET", TRIAGE, {}, 405, "not-supported"),
        ("DELETE", TRIAGE, {}, 405, "not-supported"),
        ("POST", "/fhir/metadata", {}, 405, "not-supported"),
        ("GET", "/fhir/metadata", wanting("application/fhir+xml"), 406, "not-supported"),
        ("GET", "/fhir/metadata?_format=xml", {}, 406, "not-supported"),
        ("GET", "/fhir/metadata", wanting("application/fhir+json; fhirVersion=3.0"), 406, "not-supported"),
        ("POST", TRIAGE, typed(b"<Bundle/>", "application/fhir+xml"), 415, "not-supported"),
        ("POST", TRIAGE, {"content": b"{}"}, 415, "not-supported"),
        ("POST", TRIAGE, typed(b"{}", "application/fhir+json; charset=utf-16"), 415, "not-supported"),
        ("POST", TRIAGE, typed(b"{}", "application/fhir+json; fhirVersion=5.0"), 415, "not-supported"),
        ("POST", TRIAGE, typed(b" " * 5_000_000), 413, "too-long"),
        ("POST", TRIAGE, typed(b""), 400, "structure"),
        ("POST", TRIAGE, typed(b'{"a": 1, "a": 2}'), 400, "structure"),
        ("POST", TRIAGE, typed(b"[" * 100_000), 400, "structure"),
        ("POST", TRIAGE, typed(b"[]"), 422, "structure"),
        ("POST", TRIAGE, typed(b'{"resourceType": "Patient"}'), 422, "structure"),
        ("POST", TRIAGE, typed(b'{"resourceType": "Bundle", "type": "collection", "entry": {}}'), 422, "structure"),
        ("POST", TRIAGE, typed(b'{"resourceType": "Bundle", "type": "collection", "entry": [3]}'), 422, "structure"),
    ],
)  # fmt: skip
def test_errors_are_operation_outcomes(
    caller: Caller, method: str, path: str, options: dict[str, Any], status: int, code: str
) -> None:
    outcome = assert_outcome(caller.request(method, path, **options), status)
    assert outcome["issue"][0]["code"] == code


@pytest.mark.parametrize(
    "accept", ["*/*", "application/*", "application/json", "text/html, application/fhir+json;q=0.5"]
)
def test_answers_suit_what_is_asked_for(caller: Caller, accept: str) -> None:
    response = caller.get("/fhir/metadata", headers={"accept": accept})
    assert (response.status_code, response.headers["content-type"]) == (200, "application/fhir+json")


def test_format_overrides_accept(caller: Caller) -> None:
    response = caller.get("/fhir/metadata?_format=application/fhir+json", headers={"accept": "text/html"})
    assert response.status_code == 200


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> Iterator[Caller]:
    def fail(*_arguments: object) -> None:
        raise RuntimeError("secret 19521207")

    monkeypatch.setattr(routes, "read_case", fail)
    with calling(create_app(Settings())) as caller:
        yield caller


def test_a_fault_of_our_own_is_an_operation_outcome_without_its_reason(broken: Caller) -> None:
    body = b'{"resourceType": "Bundle", "type": "collection"}'
    outcome = assert_outcome(broken.post(TRIAGE, content=body, headers=FHIR), 500)
    assert "19521207" not in str(outcome)


def test_errors_elsewhere_keep_their_shape(caller: Caller) -> None:
    assert caller.get("/v1/nothing").headers["content-type"] == "application/problem+json"
    assert caller.get("/fhirish").headers["content-type"] == "application/problem+json"


def test_errors_do_not_repeat_what_was_sent(caller: Caller) -> None:
    body = b'{"resourceType": "Bundle", "type": "secret 19521207", "entry": [{"resource": {"resourceType": 5}}]}'
    assert "19521207" not in caller.post(TRIAGE, content=body, headers=FHIR).text


def test_a_streamed_body_that_is_too_long_is_refused(app: FastAPI) -> None:
    async def pieces() -> Any:
        for _ in range(6):
            yield b" " * 1_000_000

    async def sent() -> httpx.Response:
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
            return await client.post(TRIAGE, content=pieces(), headers=FHIR)

    assert_outcome(asyncio.run(sent()), 413)

"""The API describes itself truly: examples work, real answers fit, and no drawn request breaks the service."""

import html
import json
import re
from typing import Any

import httpx
import hypothesis
import pytest
import schemathesis
from pydantic import BaseModel
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

from app.answers.schemas import TriageAnswer
from app.api.examples import TRIAGE_EXAMPLES
from app.main import create_app
from app.settings.settings import Settings
from scoring.facts import FACTS

APPLICATION = create_app(Settings())
"""Not the fixture: the drawn requests need it when this file is collected."""

api = schemathesis.openapi.from_asgi("/openapi.json", APPLICATION).exclude(path="/readyz").exclude(path="/v1/scans")
"""All addresses but those that start processes; test_scans and test_scan_pool look after these."""


@api.parametrize()
@hypothesis.settings(max_examples=75, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
def test_drawn_requests_are_answered_as_described(case: schemathesis.Case) -> None:
    case.call_and_validate(
        checks=[
            not_a_server_error,
            status_code_conformance,
            content_type_conformance,
            response_schema_conformance,
            negative_data_rejection,
        ]
    )


FULL = {
    "evaluated_at": "2026-03-01T10:00:00+00:00",
    "facts": {
        "arrived_at": "2026-03-01T08:40:00+00:00",
        "last_known_well_at": "2026-03-01T08:00:00+00:00",
        "weight_kg": 80,
        "inr": 2.5,
        "anticoagulant": "warfarin",
        "days_since_neurosurgery": 30,
    },
    "site": {"capability": "primary", "minutes_to_thrombectomy_centre": 70, "door_to_groin_minutes": 60},
}
"""Brings out the parts of an answer that most cases lack: cautions, doses, the time since arrival."""


@pytest.mark.anyio
@pytest.mark.parametrize("name", TRIAGE_EXAMPLES)
async def test_examples_get_the_answers_that_are_shown(client: httpx.AsyncClient, name: str) -> None:
    document = (await client.get("/openapi.json")).json()
    operation = document["paths"]["/v1/triage"]["post"]
    request = operation["requestBody"]["content"]["application/json"]["examples"][name]["value"]
    shown = operation["responses"]["200"]["content"]["application/json"]["examples"][name]["value"]
    response = await client.post("/v1/triage", json=request)
    assert response.status_code == 200
    assert response.json() == shown


def undocumented(value: Any, model: Any, at: str = "") -> list[str]:
    """Places in ``value`` that the parsed ``model`` does not know."""
    if isinstance(model, BaseModel):
        known = {field.alias or name: getattr(model, name) for name, field in type(model).model_fields.items()}
        return [
            place
            for name, inner in value.items()
            for place in (undocumented(inner, known[name], f"{at}.{name}") if name in known else [f"{at}.{name}"])
        ]
    if isinstance(model, list):
        return [place for part, known in zip(value, model, strict=True) for place in undocumented(part, known, at)]
    return []


@pytest.mark.anyio
@pytest.mark.parametrize("case", [*TRIAGE_EXAMPLES.values(), {"facts": {}}, FULL])
async def test_nothing_in_a_real_answer_is_undocumented(client: httpx.AsyncClient, case: dict[str, Any]) -> None:
    answer = (await client.post("/v1/triage", json=case)).json()
    assert undocumented(answer, TriageAnswer.model_validate(answer)) == []


@pytest.mark.anyio
async def test_every_answer_that_is_not_one_is_described_as_a_problem(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    for path, operations in document["paths"].items():
        for operation in operations.values():
            problems = [status for status in operation["responses"] if int(status) >= 400]
            assert problems, path
            for status in problems:
                assert list(operation["responses"][status]["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in json.dumps(document)


@pytest.mark.anyio
async def test_the_description_can_be_read_by_people_without_another_server(client: httpx.AsyncClient) -> None:
    document = (await client.get("/openapi.json")).json()
    response = await client.get("/docs")
    assert response.status_code == 200
    page = response.text
    for path in document["paths"]:
        assert f"<code>{path}</code>" in page
    for fact in FACTS:
        assert f"<code>{fact}</code>" in page
    assert not re.findall(r'<script(?! type="application/json")', page), "words for scripts are data, not a script"
    assert not re.findall(r'(?:src|href)="(?:https?:)?//', page)
    answer = (await client.post("/v1/triage", json=next(iter(TRIAGE_EXAMPLES.values())))).json()
    assert answer["evt_summary"]["text"] in html.unescape(page)

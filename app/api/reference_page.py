"""GET /docs: the HTTP interface described for people, from its own OpenAPI document, without scripts or other servers.

A hospital's network often reaches no other server, and a page that may one day hold a case loads no foreign script.
"""

import json
from functools import lru_cache
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter, Depends, FastAPI, Request, Response
from starlette.responses import JSONResponse

from app.access.guard import signed_in
from app.web.rendering import render
from scoring.facts import FactSpec, Kind

router = APIRouter(include_in_schema=False, dependencies=[Depends(signed_in)])

_CALLS = {
    "/v1/triage": "curl -H 'content-type: application/json' -d @case.json {base}/v1/triage",
    "/v1/scans": "curl -F scan=@head.nii.gz -F 'case=<case.json' '{base}/v1/scans?overlay=1'",
}

_KINDS = {
    Kind.BOOLEAN: "true or false",
    Kind.TIME: "time with an offset, such as 2026-03-01T09:30:00+00:00",
    Kind.NIHSS_ITEMS: "object of the items 1a to 11; UN: untestable",
}


@router.get("/docs")
async def describe(request: Request) -> Response:
    """The page."""
    root: str = request.scope.get("root_path", "")
    base = str(request.base_url).rstrip("/")
    return render(
        request,
        "api.html",
        document=request.app.openapi(),
        openapi=f"{root}/openapi.json",
        operations=[
            {**operation, "call": operation["call"].format(base=base)} for operation in _operations(request.app)
        ],
        value_in_words=value_in_words,
    )


@router.get("/openapi.json")
async def openapi(request: Request) -> JSONResponse:
    """The document that the page describes."""
    return JSONResponse(request.app.openapi())


@lru_cache(maxsize=1)
def _operations(app: FastAPI) -> list[dict[str, Any]]:
    """Every operation in the order of the document."""
    return [
        {
            "id": operation["operationId"],
            "method": method.upper(),
            "path": path,
            "summary": operation["summary"],
            "paragraphs": operation.get("description", "").split("\n\n"),
            "call": _CALLS.get(path, ""),
            "examples": _examples(operation),
            "statuses": [(status, HTTPStatus(int(status)).phrase) for status in sorted(operation["responses"])],
        }
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]


def _examples(operation: dict[str, Any]) -> list[dict[str, str]]:
    request = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("examples", {})
    answers = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("examples", {})
    return [
        {"name": name, "request": _pretty(example["value"]), "answer": _pretty(answers[name]["value"])}
        for name, example in request.items()
    ]


def _pretty(value: object) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)


def value_in_words(fact: FactSpec) -> str:
    """Which values a fact takes.

    >>> from scoring.facts import FACTS
    >>> value_in_words(FACTS["core_volume_ml"])
    'number from 0 to 2000, ml'
    >>> value_in_words(FACTS["collaterals"])
    'absent, poor, moderate, good'
    """
    if fact.kind in _KINDS:
        return _KINDS[fact.kind]
    if fact.kind is Kind.CHOICE:
        return ", ".join(fact.choices)
    unit = f", {fact.unit}" if fact.unit else ""
    return f"{fact.kind.value} from {fact.minimum:g} to {fact.maximum:g}{unit}"

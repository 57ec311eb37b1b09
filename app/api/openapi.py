"""Completes the OpenAPI document: real examples, and the problems that each address can answer with."""

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI

from app.api.examples import answer_examples, request_examples
from app.problems import MEDIA_TYPE

DESCRIPTION = """Reads ASPECTS from region findings or a head CT and says, by published guidelines and trials, whether
thrombectomy is suitable and whether to transfer. Decision support and research; not a cleared device.

Absent and null mean *not known*. Times carry an offset from UTC, units close the names, left is the patient's left.
Errors are `application/problem+json` and repeat nothing of what was sent."""

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "errors"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg", "type"],
                "properties": {
                    "loc": {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}},
                    "msg": {"type": "string"},
                    "type": {"type": "string"},
                },
            },
        },
    },
}

_PROBLEMS = {
    "/v1/triage": (400, 413, 415, 422),
    "/v1/prehospital": (400, 413, 415, 422),
    "/v1/scans": (400, 408, 413, 415, 422, 503),
    "/v1/scans/jobs/{job_id}": (404, 409, 413, 422, 503),
    "/v1/scans/jobs": (413, 422, 503),
    "/v1/studies": (413, 422, 503),
    "/v1/studies/{study_uid}": (404, 413, 503),
    "/v1/studies/{study_uid}/process": (404, 413, 503),
    "/v1/studies/{study_uid}/pull": (400, 404, 413, 415, 422, 502, 503),
    "/dicom-web/studies": (400, 408, 413, 415, 503),
    "/dicom-web/studies/{study_uid}": (400, 404, 408, 413, 415, 503),
    "/v1/deliveries": (413, 422, 503),
    "/v1/deliveries/{delivery_id}/retry": (409, 413, 422, 503),
    "/v1/deliveries/{delivery_id}/drop": (409, 413, 422, 503),
    "/v1/rules/{rule_id}": (404, 413),
    "/v1/cases": (401, 403, 413, 422, 503),
    "/v1/cases/{case_id}": (401, 403, 404, 413, 422, 503),
    "/v1/cases/{case_id}/revisions/{revision}": (401, 403, 404, 413, 422, 503),
    "/v1/cases/{case_id}/revisions/{revision}/replay": (401, 403, 404, 405, 413, 422, 503),
    "/v1/cases/{case_id}/revisions/{revision}/sign-off": (400, 401, 403, 404, 405, 409, 413, 415, 422, 503),
    "/readyz": (413, 503),
}
_PROBLEMS_ANYWHERE = (413,)


def document(app: FastAPI) -> None:
    """Let the application complete its own document; it is made on the first request for it."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        schema = plain()
        if "Problem" not in schema["components"]["schemas"]:
            _complete(schema)
            if app.state.service.hospital is not None:
                from app.access.described import describe  # noqa: PLC0415 -- only such a service has callers to tell apart

                describe(app, schema, _problem_response)
        return schema

    app.openapi = openapi  # type: ignore[method-assign]


def _complete(schema: dict[str, Any]) -> None:
    schemas = schema["components"]["schemas"]
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    for path, operations in schema["paths"].items():
        for operation in operations.values():
            operation["responses"].pop("422", None)
            for status in _PROBLEMS.get(path, _PROBLEMS_ANYWHERE):
                operation["responses"][str(status)] = _problem_response(status)
    judge = schema["paths"]["/v1/triage"]["post"]
    judge["requestBody"]["content"]["application/json"]["examples"] = request_examples()
    judge["responses"]["200"]["content"]["application/json"]["examples"] = answer_examples()


def _problem_response(status: int) -> dict[str, Any]:
    return {
        "description": HTTPStatus(status).phrase,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }

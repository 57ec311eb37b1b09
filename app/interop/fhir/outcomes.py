"""OperationOutcome: how FHIR callers hear of faults, and of what in their request was not used."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from app.interop.fhir.nodes import Notes
from app.interop.fhir.systems import Json

MEDIA_TYPE = "application/fhir+json"

_ISSUES = {
    400: "structure",
    401: "login",
    403: "forbidden",
    404: "not-found",
    405: "not-supported",
    406: "not-supported",
    408: "timeout",
    413: "too-long",
    415: "not-supported",
    422: "invalid",
    429: "throttled",
    500: "exception",
    503: "transient",
}
_ISSUE_TYPES = frozenset({
    "invalid", "structure", "required", "value", "not-supported", "duplicate", "not-found", "too-costly",
    "business-rule", "conflict",
})  # fmt: skip


def operation_outcome(issues: Iterable[Json]) -> Json:
    """An OperationOutcome of these issues."""
    return {"resourceType": "OperationOutcome", "issue": list(issues)}


def outcome_of_problem(problem: Mapping[str, Any]) -> Json:
    """A problem of `app.problems` as an OperationOutcome: one issue a fault, each with its place."""
    code = _ISSUES.get(problem["status"], "processing")
    listed: Sequence[Mapping[str, Any]] = problem["errors"]
    if not listed:
        return operation_outcome([_issue(code, problem["detail"])])
    return operation_outcome(
        _issue(error["type"] if error["type"] in _ISSUE_TYPES else code, error["msg"], expression(error["loc"]))
        for error in listed
    )


def outcome_of_notes(notes: Notes) -> Json:
    """What was not used, as the content of an OperationOutcome of an answer that was given all the same."""
    return {
        "issue": [
            {"severity": note.severity, "code": note.code, "diagnostics": note.text, "expression": [note.place]}
            for note in notes.listed
        ]
    }


def expression(loc: Sequence[str | int]) -> str:
    """A place as FHIRPath.

    >>> expression(["body", "facts", 3, "value"])
    'body.facts[3].value'
    """
    path = ""
    for part in loc:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path or "$this"


def _issue(code: str, told: str, place: str | None = None) -> Json:
    issue: Json = {"severity": "error", "code": code, "diagnostics": told}
    return issue | ({"expression": [place]} if place else {})

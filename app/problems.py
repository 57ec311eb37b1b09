"""The one shape of every error that HTTP callers see: RFC 9457 ``application/problem+json``.

A problem names the place and the fault and never repeats what was sent: error bodies end up in logs, and what was sent
may be about a patient.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic_core import to_json
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from app.store.faults import AlreadyDecided, NotInRecord, RecordBusy, RecordUnavailable, UnusableCaseId
from scoring.errors import CaseError

MEDIA_TYPE = "application/problem+json"
MOST_ERRORS_LISTED = 50
"""Errors that one answer lists; a hostile body can hold thousands."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,63}\Z")
_UNKNOWN_NAME = "(unknown name)"


class Problem(HTTPException):
    """A fault in a request, raised anywhere below a route and turned into problem+json in one place."""

    def __init__(
        self,
        status: int,
        detail: str,
        errors: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """``errors`` are ``{"loc": [...], "msg": "...", "type": "..."}``; ``headers`` go with the answer."""
        super().__init__(status, detail, dict(headers or {}))
        self.errors = errors

    def body(self) -> bytes:
        """The problem as JSON text."""
        problem = {
            "type": "about:blank",
            "title": HTTPStatus(self.status_code).phrase,
            "status": self.status_code,
            "detail": self.detail,
            "errors": list(self.errors)[:MOST_ERRORS_LISTED],
        }
        return to_json(problem)

    def response(self) -> Response:
        """The answer to the caller."""
        return Response(self.body(), self.status_code, headers=self.headers, media_type=MEDIA_TYPE)


def field_errors(errors: Iterable[Mapping[str, Any]], prefix: Sequence[str | int] = ()) -> list[dict[str, Any]]:
    """Reduce pydantic's errors to place, message and type.

    Pydantic's own list repeats the input, and so may a message made from a caller's key: names of fields are kept only
    where they look like one.
    """
    return [
        {"loc": [*prefix, *map(_safe_name, error["loc"])], "msg": error["msg"], "type": error["type"]}
        for error in errors
    ]


def invalid(errors: Iterable[Mapping[str, Any]], prefix: Sequence[str | int] = ()) -> Problem:
    """The 422 problem for pydantic's list of errors; ``prefix`` is the place in the request that was checked."""
    listed = field_errors(errors, prefix)
    count = f"{len(listed)} values are" if len(listed) != 1 else "1 value is"
    return Problem(422, f"{count} not valid; nothing was evaluated.", listed)


def contradiction(error: CaseError, prefix: Sequence[str | int]) -> Problem:
    """The 422 problem for a case whose values contradict each other."""
    return Problem(422, error.message, [{"loc": [*prefix, *error.loc], "msg": error.message, "type": "contradiction"}])


def install(app: FastAPI) -> None:
    """Make every error of the application, the framework's own included, answer in this shape."""

    @app.exception_handler(Problem)
    async def on_problem(_request: Request, error: Problem) -> Response:
        return error.response()

    @app.exception_handler(HTTPException)
    async def on_http_error(_request: Request, error: HTTPException) -> Response:
        return Problem(error.status_code, sentence(error), headers=error.headers).response()

    @app.exception_handler(RequestValidationError)
    async def on_invalid_request(_request: Request, error: RequestValidationError) -> Response:
        return invalid(error.errors()).response()

    @app.exception_handler(CaseError)
    async def on_contradiction(_request: Request, error: CaseError) -> Response:
        return contradiction(error, ("body",)).response()

    _install_faults_of_the_record(app)

    @app.exception_handler(ClientDisconnect)
    async def on_disconnect(_request: Request, _error: ClientDisconnect) -> Response:
        return Problem(400, "The caller left before the body was complete.").response()

    @app.exception_handler(Exception)
    async def on_fault(_request: Request, _error: Exception) -> Response:
        return Problem(500, "A fault of this software; its log says more.").response()


def _install_faults_of_the_record(app: FastAPI) -> None:
    """What a service with a record answers where the record cannot do what it was asked."""

    @app.exception_handler(RecordBusy)
    async def on_busy(_request: Request, _error: RecordBusy) -> Response:
        return Problem(503, "Too much waits to be written; nothing was kept.", headers={"retry-after": "1"}).response()

    @app.exception_handler(RecordUnavailable)
    async def on_unavailable(_request: Request, _error: RecordUnavailable) -> Response:
        return Problem(503, "The record cannot be reached; nothing was kept.", headers={"retry-after": "5"}).response()

    @app.exception_handler(NotInRecord)
    async def on_unknown(_request: Request, error: NotInRecord) -> Response:
        return Problem(404, str(error)).response()

    @app.exception_handler(AlreadyDecided)
    async def on_decided(_request: Request, error: AlreadyDecided) -> Response:
        return Problem(409, str(error)).response()

    @app.exception_handler(UnusableCaseId)
    async def on_unusable_name(_request: Request, error: UnusableCaseId) -> Response:
        fault = {"loc": ["body", "case_id"], "msg": str(error), "type": "unusable_name"}
        return Problem(422, str(error), [fault]).response()


def sentence(error: HTTPException) -> str:
    """Our own words for the framework's errors: theirs may quote the request."""
    return {
        404: "There is nothing at this address.",
        405: "This address does not take that method.",
        413: "The body is larger than this address takes.",
    }.get(error.status_code, HTTPStatus(error.status_code).phrase + ".")


def _safe_name(part: str | int) -> str | int:
    if isinstance(part, int) or _NAME.match(part):
        return part
    return _UNKNOWN_NAME

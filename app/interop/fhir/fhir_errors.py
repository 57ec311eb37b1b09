"""Turns every error below ``/fhir`` into an OperationOutcome, wherever in the application it arose."""

import json
from typing import Any

from pydantic_core import to_json
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.interop.fhir.outcomes import MEDIA_TYPE, outcome_of_problem
from app.problems import MEDIA_TYPE as PROBLEM_TYPE

_FAULT = {"status": 500, "detail": "A fault of this software; its log says more.", "errors": []}


class FhirErrors:
    """ASGI middleware around all others: what leaves as problem+json below ``/fhir`` arrives as OperationOutcome."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a ``send`` that rewrites problems."""
        if scope["type"] != "http" or not (scope["path"] == "/fhir" or scope["path"].startswith("/fhir/")):
            await self.app(scope, receive, send)
            return
        rewriter = _Rewriter(send)
        try:
            await self.app(scope, receive, rewriter)
        except Exception:
            if not rewriter.has_started:
                await rewriter.fail()
            raise


class _Rewriter:
    """Holds a problem back until it is whole, then sends it in FHIR's words."""

    def __init__(self, send: Send) -> None:
        self.send = send
        self.has_started = False
        self.start: Message | None = None
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_problem(message):
            self.start = message
            return
        if self.start is None:
            self.has_started = True
            await self.send(message)
            return
        self.body += message.get("body", b"")
        if not message.get("more_body"):
            start, self.start = self.start, None
            await self._tell(start["status"], json.loads(self.body) if self.body else _FAULT, start["headers"])

    async def fail(self) -> None:
        await self._tell(500, _FAULT, [(b"cache-control", b"no-store")])

    async def _tell(self, status: int, problem: dict[str, Any], headers: list[tuple[bytes, bytes]]) -> None:
        self.has_started = True
        body = to_json(outcome_of_problem(problem))
        kept = [header for header in headers if header[0] not in {b"content-type", b"content-length"}]
        told = [(b"content-type", MEDIA_TYPE.encode()), (b"content-length", str(len(body)).encode())]
        await self.send({"type": "http.response.start", "status": status, "headers": [*kept, *told]})
        await self.send({"type": "http.response.body", "body": body})


def _is_problem(message: Message) -> bool:
    return any(
        name == b"content-type" and value.startswith(PROBLEM_TYPE.encode()) for name, value in message["headers"]
    )

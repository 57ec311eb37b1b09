"""One line of log and one count for each request: who, which route, how it ended, how long it took.

Never the address as it was sent, a query, a header or a body: any of them may name a patient. The route's template says
enough.
"""

import re
import secrets
import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.operations import metrics
from app.operations.logs import write_request
from app.operations.watch import Watch

_log = structlog.get_logger("aspects.requests")
_REQUEST_ID = re.compile(rb"[0-9a-f-]{8,64}\Z")
"""Identifiers that are kept from callers: hexadecimal, so that none can be a name."""
_FAULT = 500
_REFUSED = frozenset({401, 403, 421, 429})
"""What is logged with the caller's network address, so that somebody who tries keys can be found."""


class RequestLog:
    """ASGI middleware: logs, counts and numbers requests; while the process drains, closes connections behind them."""

    def __init__(self, app: ASGIApp, watch: Watch) -> None:
        self.app = app
        self._watch = watch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and note how it ended."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = _request_id(scope)
        status = _FAULT
        began = time.perf_counter()

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                if self._watch.draining:
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                await self.app(scope, receive, noting)
            finally:
                _note(scope, request_id, status, time.perf_counter() - began)


def _note(scope: Scope, request_id: str, status: int, seconds: float) -> None:
    route = template_of(scope)
    metrics.count_request(scope["method"], route, status, seconds)
    actor = scope.get("state", {}).get("actor")
    entry = {
        "method": scope["method"] if scope["method"] in metrics.METHODS else "other",
        "route": route,
        "status": status,
        "milliseconds": round(seconds * 1000, 2),
        "actor": None if actor is None else f"{actor.kind.value}:{actor.name}",
        "request_id": request_id,
    }
    if status in _REFUSED and scope.get("client"):
        entry["address"] = scope["client"][0]
    write_request(entry)


def template_of(scope: Scope) -> str:
    """The template of the route that answered, such as ``/v1/rules/{rule_id}``; ``none``: no route did."""
    context = scope.get("fastapi", {}).get("effective_route_context")
    for route in (context, scope.get("route")):
        template = getattr(route, "path_format", None)
        if template:
            return str(template)
    return "/static" if scope["path"].startswith("/static/") else "none"


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.match(value):
            return str(value.decode())
    return secrets.token_hex(8)

"""The door of a hospital's service: every request gets an actor here, or an answer that it needs one."""

import re
from http import HTTPStatus

from sqlalchemy.exc import SQLAlchemyError
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.access.access import Access
from app.access.actor import NOBODY, Actor, ActorKind
from app.access.credentials import Credentials, headers_of, shown_by
from app.access.guard import CHALLENGE
from app.access.hosts import name_of, names_of
from app.access.jwks import KeysUnavailable
from app.access.route_access import AccessTable, access_table
from app.access.same_origin import may_use_session
from app.problems import Problem

SIGN_IN_PATH = "/sign-in"
_HEALTH = re.compile(r"/(?:livez|readyz)\Z")
_LATER = {"retry-after": "10"}
_WRONG = {"www-authenticate": 'Bearer realm="aspects", error="invalid_token"'}


class Gate:
    """ASGI middleware: who asks, from where, how often; closed to whoever does not say."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self.app = app
        self._access = access
        self._names = names_of(access.settings.allowed_hosts)
        self._table: AccessTable | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with ``state.actor``, or answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":  # the service has no other kind of address
            await send({"type": "websocket.close", "code": 1008})
            return
        try:
            actor = await self._actor(scope)
        except Problem as problem:
            await _answer(problem, scope)(scope, receive, send)
            return
        scope.setdefault("state", {})["actor"] = actor
        await self.app(scope, receive, send)

    async def _actor(self, scope: Scope) -> Actor:
        headers = headers_of(scope)
        if name_of(headers.get(b"host", b"")) not in self._names and not _HEALTH.match(scope["path"]):
            raise Problem(421, "This service does not go by the name under which it was asked.")
        address = scope["client"][0] if scope.get("client") else "unknown"
        shown = shown_by(scope, headers)
        table = self._routes(scope)
        path = _path_within(scope)
        if table.is_open(scope["method"], path):
            actor = await self._known(shown) if shown.token is None else None
            return self._counted(actor or NOBODY, address)
        if table.is_unstated(scope["method"], path):
            raise Problem(403, "This address does not say who may use it, so it stays closed.")
        if shown.are_absent:
            self._access.rates.count_request(address)
            raise Problem(401, "Send an API key or a token, or sign in.", headers=CHALLENGE)
        self._access.rates.check_failures(address)
        actor = await self._known(shown)
        if actor is None:
            self._access.rates.count_failure(address)
            raise Problem(401, "This key, token or session is wrong or over.", headers=_WRONG)
        if shown.session is not None and not may_use_session(scope["method"], headers, scope.get("scheme", "http")):
            raise Problem(403, "This was not sent by a page of this service.")
        return self._counted(actor, address)

    def _routes(self, scope: Scope) -> AccessTable:
        """Who may call which address; read once, when all routes are there."""
        if self._table is None:
            self._table = access_table(scope["app"].routes)
        return self._table

    async def _known(self, shown: Credentials) -> Actor | None:
        try:
            if shown.key is not None:
                return await self._access.by_key(shown.key)
            if shown.token is not None:
                return await self._access.by_token(shown.token)
            return None if shown.session is None else await self._access.by_session(shown.session)
        except KeysUnavailable:
            raise Problem(503, "The sign-in of the hospital cannot be reached.", headers=_LATER) from None
        except SQLAlchemyError:
            raise Problem(503, "The record of keys and sessions cannot be reached.", headers=_LATER) from None

    def _counted(self, actor: Actor, address: str) -> Actor:
        caller = address if actor.kind is ActorKind.NOBODY else f"{actor.kind.value}:{actor.name}"
        self._access.rates.count_request(caller)
        return actor


class AsOne:
    """ASGI middleware: every caller is the same actor; for programs that embed the service and know their user."""

    def __init__(self, app: ASGIApp, actor: Actor) -> None:
        self.app = app
        self._actor = actor

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with ``state.actor``."""
        if scope["type"] == "http":
            scope.setdefault("state", {})["actor"] = self._actor
        await self.app(scope, receive, send)


def _path_within(scope: Scope) -> str:
    """The path without the prefix under which a proxy mounts the service."""
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", ""))


def _answer(problem: Problem, scope: Scope) -> Response:
    """The problem; to a browser that asks for a page without a session, the way to the sign-in."""
    if problem.status_code == HTTPStatus.UNAUTHORIZED and is_navigation(Request(scope)):
        root = scope.get("root_path", "")
        return Problem(303, "Sign in first.", headers={"location": f"{root}{SIGN_IN_PATH}"}).response()
    return problem.response()


def is_navigation(request: Request) -> bool:
    """Whether a browser asks for a page to show."""
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")

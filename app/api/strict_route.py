"""Routes whose JSON bodies are read by the strict parser instead of the framework's lenient one."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.routing import APIRoute

from app.intake import strict_json
from app.problems import Problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StrictJsonRequest(Request):
    """A request whose ``json()`` refuses what is not one unambiguous JSON value."""

    async def json(self) -> object:
        """The parsed body; raises a 400 `Problem`."""
        return parsed(await self.body())


class StrictJsonRoute(APIRoute):
    """A route that takes its body as ``application/json`` in UTF-8 or not at all."""

    def get_route_handler(self) -> Handler:
        """The framework's handler behind the checks on the body."""
        handle = super().get_route_handler()
        if self.body_field is None:
            return handle

        async def handle_strictly(request: Request) -> Response:
            require_json(request.headers.get("content-type"))
            strict = StrictJsonRequest(request.scope, request.receive)
            if not await strict.body():
                raise Problem(400, "The body is empty.")
            return await handle(strict)

        return handle_strictly


def parsed(body: bytes) -> object:
    """One JSON value; raises the 400 `Problem`."""
    try:
        return strict_json.parse(body)
    except strict_json.UnreadableJson as error:
        raise Problem(400, str(error)) from None


def require_json(content_type: str | None) -> None:
    """Raise the 415 `Problem` unless the type is ``application/json``, in UTF-8 if it names a character set."""
    media_type, _, parameters = (content_type or "").partition(";")
    if media_type.strip().lower() != "application/json":
        raise Problem(415, "Send the body as application/json.")
    name, _, value = parameters.partition("=")
    if name.strip().lower() == "charset" and value.strip(' "').lower() not in {"utf-8", "utf8"}:
        raise Problem(415, "Send the body in UTF-8.")

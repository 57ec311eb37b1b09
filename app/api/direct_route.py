"""A route that the framework describes but does not run: for the one address where its work costs more than ours."""

from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive, Scope, Send

from app.access.guard import Requires
from app.api.strict_route import parsed, require_json
from app.problems import invalid

_IS_JSON = (b"content-type", b"application/json")


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises ClientDisconnect."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


class DirectRoute(APIRoute):
    """A POST route whose endpoint takes ``body``, ``request`` and ``actor``, and answers with JSON text.

    The framework reads the signature for the OpenAPI document, and so that the route says who may call it. To solve
    three dependencies for each request, though, it takes as long as judging a patient takes; here they are plain calls.
    """

    def __init__(self, path: str, endpoint: Any, **options: Any) -> None:
        super().__init__(path, endpoint, **options)
        (body,) = self.dependant.body_params
        (guard,) = (part.call for part in self.dependant.dependencies if isinstance(part.call, Requires))
        self._model: type[BaseModel] = body.field_info.annotation  # type: ignore[assignment]
        self._guard: Requires = guard

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check the body and the caller, and answer; faults rise to where every problem gets its shape."""
        if scope["method"] != "POST":
            await super().handle(scope, receive, send)
            return
        request = Request(scope, receive)
        require_json(request.headers.get("content-type"))
        request._body = text = await _body(receive)  # noqa: SLF001 -- who asks for it again gets it
        actor = await self._guard(request)
        try:
            body = self._model.model_validate(parsed(text))
        except ValidationError as error:
            raise invalid(error.errors(), ("body",)) from None
        answer = await self.endpoint(body=body, request=request, actor=actor)
        headers = [_IS_JSON, (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

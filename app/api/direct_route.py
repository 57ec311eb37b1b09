"""A route that the framework describes but does not run: for the one address where its work costs more than ours."""

from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

from app.access.guard import Requires
from app.api.strict_route import parsed, require_json
from app.problems import invalid


class DirectRoute(APIRoute):
    """A POST route whose endpoint takes ``body``, ``request`` and ``actor``, and answers with a response.

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
        text = await request.body()
        actor = await self._guard(request)
        try:
            body = self._model.model_validate(parsed(text))
        except ValidationError as error:
            raise invalid(error.errors(), ("body",)) from None
        response = await self.endpoint(body=body, request=request, actor=actor)
        await response(scope, receive, send)

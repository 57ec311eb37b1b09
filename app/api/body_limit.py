"""Counts the bytes of a request as they arrive and stops at the limit of the address."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import Problem


class BodyLimit:
    """ASGI middleware: 413 for a body larger than its address takes, declared or not.

    A declared length is refused before anything is read. A chunked body declares none, so its bytes are counted while
    they stream; the error then rises through the route that reads them.
    """

    def __init__(self, app: ASGIApp, default_bytes: int, by_path: Mapping[str, int]) -> None:
        self.app = app
        self.default_bytes = default_bytes
        self.by_path = by_path
        self.by_folder = [(path, limit) for path, limit in by_path.items() if path.endswith("/")]
        """An address that ends with a slash stands for all below it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counting ``receive``."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        limit = self._limit(scope["path"])
        if _declared_length(scope) > limit:
            problem = Problem(413, f"The body may have at most {limit} bytes.", headers={"connection": "close"})
            await problem.response()(scope, receive, send)
            return
        arrived = 0

        async def counted() -> Message:
            nonlocal arrived
            message = await receive()
            arrived += len(message.get("body", b""))
            if arrived > limit:
                raise HTTPException(413, headers={"connection": "close"})
            return message

        await self.app(scope, counted, send)

    def _limit(self, path: str) -> int:
        below = (limit for folder, limit in self.by_folder if path.startswith(folder))
        return self.by_path.get(path, next(below, self.default_bytes))


def _declared_length(scope: Scope) -> int:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0

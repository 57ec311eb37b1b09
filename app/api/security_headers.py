"""Headers that every answer carries: answers are about patients, so nothing may store, frame or sniff them."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
)
_UNDER_TLS = (b"strict-transport-security", b"max-age=63072000")
"""For two years a browser asks this name over TLS only; said under TLS alone, as browsers ignore it elsewhere."""


class SecurityHeaders:
    """ASGI middleware: adds the headers that an answer does not set itself."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a ``send`` that adds to the answer's headers."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        wanted = (*_HEADERS, _UNDER_TLS) if scope.get("scheme") == "https" else _HEADERS

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] += [header for header in wanted if header[0] not in given]
            await send(message)

        await self.app(scope, receive, send_with_headers)

"""Lets the web pages of the configured EHRs call the CDS Hooks services from a browser, and no other page."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.interop.cds_hooks.ehr_file import EhrFile

PREFIX = "/cds-services"


class CrossOrigin:
    """ASGI middleware: answers preflights of known origins, and adds the headers that their browsers ask for."""

    def __init__(self, app: ASGIApp, file: EhrFile) -> None:
        self.app = app
        self._origins = {origin.encode("ascii", "ignore") for origin in file.origins}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, unless it is a preflight."""
        if scope["type"] != "http" or not (scope["path"] == PREFIX or scope["path"].startswith(f"{PREFIX}/")):
            await self.app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        origin = headers.get(b"origin")
        allowed = [(b"access-control-allow-origin", origin)] if origin in self._origins and origin else []
        added = [(b"vary", b"origin"), *allowed]

        async def send_with_origin(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *added]
            await send(message)

        if scope["method"] == "OPTIONS" and b"access-control-request-method" in headers:
            if allowed:
                added += [
                    (b"access-control-allow-methods", b"GET, POST"),
                    (b"access-control-allow-headers", b"authorization, content-type"),
                    (b"access-control-max-age", b"600"),
                ]
            await send({"type": "http.response.start", "status": 204, "headers": added})
            await send({"type": "http.response.body", "body": b""})
            return
        await self.app(scope, receive, send_with_origin)

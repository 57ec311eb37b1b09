"""What browsers are told about the pages: run nothing but our own files, send nothing anywhere else, keep nothing."""

import gzip
from functools import lru_cache
from http import HTTPStatus
from os import PathLike, stat_result
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

_CONTENT_SECURITY_POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

PAGE_HEADERS = {
    "content-security-policy": _CONTENT_SECURITY_POLICY,
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
"""Headers of every page. A page holds a case, so no cache may keep it and no other page may frame it."""


class LastingFiles(StaticFiles):
    """Static files that a browser may keep: their addresses carry a hash of the content, fonts their version.

    Text is sent compressed to browsers that take it so. A script that is kept compressed is sent as it is kept; every
    browser that runs it reads gzip.
    """

    def file_response(
        self, full_path: str | PathLike[str], stat_result: stat_result, scope: Scope, status_code: int = 200
    ) -> Response:
        """The file, with leave to keep it for a year where the address names its content."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        path = str(full_path)
        if response.status_code == HTTPStatus.OK and path.endswith(_TEXT) and "gzip" in _accepted(scope):
            kept = {name: response.headers[name] for name in ("etag", "last-modified", "content-type")}
            response = Response(
                _compressed(path, stat_result.st_mtime_ns), headers={**kept, "content-encoding": "gzip"}
            )
        lasting = scope["query_string"].startswith(b"v=") or path.endswith(".woff2")
        response.headers["cache-control"] = "public, max-age=31536000, immutable" if lasting else "no-cache"
        response.headers["x-content-type-options"] = "nosniff"
        response.headers["vary"] = "accept-encoding"
        if path.endswith(".js.gz"):
            response.headers["content-encoding"] = "gzip"
            response.headers["content-type"] = "text/javascript; charset=utf-8"
        return response


_TEXT = (".css", ".js", ".svg")


def _accepted(scope: Scope) -> str:
    return Headers(scope=scope).get("accept-encoding", "")


@lru_cache(maxsize=64)
def _compressed(path: str, changed_ns: int) -> bytes:  # noqa: ARG001 -- a changed file is compressed anew
    return gzip.compress(Path(path).read_bytes(), 9, mtime=0)

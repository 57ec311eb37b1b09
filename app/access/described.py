"""Tells the OpenAPI document of a service with a record how callers show who they are, and what others are told."""

import re
from collections.abc import Callable
from typing import Any

from fastapi import FastAPI

from app.access.actor import Scope
from app.access.route_access import Entry, route_accesses

_SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "An API key, or a token of the hospital's sign-in."},
    "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "aspects_session", "description": "A signed-in browser."},
}
_CONVERTER = re.compile(r":\w+}")
"""``{case_id:path}`` of a route is ``{case_id}`` in the document."""
_REFUSALS = (401, 403, 421, 429, 503)


def describe(app: FastAPI, schema: dict[str, Any], problem: Callable[[int], dict[str, Any]]) -> None:
    """Add the schemes, and to each operation its scope and the answers to whom it does not let in.

    Parameters
    ----------
    app
        The application, whose routes say who may call them.
    schema
        Its OpenAPI document; it is completed.
    problem
        Makes the description of an answer with a problem of this status.
    """
    schema["components"]["securitySchemes"] = _SCHEMES
    entries = {
        (_CONVERTER.sub("}", route.path), method): route.entry
        for route in route_accesses(app.routes)
        for method in route.methods
    }
    for path, operations in schema["paths"].items():
        for method, operation in operations.items():
            entry = entries.get((path, method.upper()))
            if entry is None or entry is Entry.OPEN:
                continue
            operation["security"] = [{name: []} for name in _SCHEMES]
            if isinstance(entry, Scope):
                operation["x-scope"] = entry.value
            for status in _REFUSALS:
                operation["responses"].setdefault(str(status), problem(status))

"""Reads from the routes themselves who may call them, so that the list of open addresses is kept in one place."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.routing import BaseRoute

from app.access.actor import Scope
from app.access.guard import Requires, open_to_all, signed_in

PUBLIC_MOUNTS = ("/static",)
"""Mounted folders that hold nothing but the service's own scripts and styles."""


class Entry(StrEnum):
    """Who may call a route, where it asks for no scope."""

    OPEN = "open"
    SIGNED_IN = "signed in"
    UNSTATED = "unstated"


@dataclass(frozen=True, slots=True)
class RouteAccess:
    """One address and who may call it."""

    path: str
    methods: frozenset[str]
    pattern: re.Pattern[str] | None
    entry: Entry | Scope


@dataclass(frozen=True, slots=True)
class AccessTable:
    """The addresses that need a second look before they are called."""

    open: tuple[RouteAccess, ...] = field(default=())
    unstated: tuple[RouteAccess, ...] = field(default=())

    def is_open(self, method: str, path: str) -> bool:
        """Whether anybody may call this address."""
        mounted = any(path.startswith(f"{mount}/") for mount in PUBLIC_MOUNTS)
        return mounted or _any(self.open, method, path)

    def is_unstated(self, method: str, path: str) -> bool:
        """Whether a route of this address does not say who may call it."""
        return bool(self.unstated) and _any(self.unstated, method, path)


def access_table(routes: Sequence[BaseRoute]) -> AccessTable:
    """Sort out the routes of an application."""
    found = list(route_accesses(routes))
    return AccessTable(
        open=tuple(route for route in found if route.entry is Entry.OPEN),
        unstated=tuple(route for route in found if route.entry is Entry.UNSTATED),
    )


def route_accesses(routes: Sequence[BaseRoute]) -> Iterator[RouteAccess]:
    """Every route, included and mounted ones as well, with who may call it."""
    for route in iter_route_contexts(routes):
        path = route.path or ""
        if path in PUBLIC_MOUNTS:
            yield RouteAccess(path, frozenset(), None, Entry.OPEN)
            continue
        dependant: Dependant | None = getattr(route, "dependant", None)
        pattern: re.Pattern[str] | None = getattr(route, "path_regex", None)
        entry = Entry.UNSTATED if dependant is None else _stated(dependant)
        yield RouteAccess(path, frozenset(route.methods or ()), pattern, entry)


def _stated(dependant: Dependant) -> Entry | Scope:
    entries = list(_entries(dependant))
    scopes = [entry for entry in entries if isinstance(entry, Scope)]
    if scopes:
        return scopes[0]
    return entries[0] if entries else Entry.UNSTATED


def _entries(dependant: Dependant) -> Iterator[Entry | Scope]:
    for part in dependant.dependencies:
        if isinstance(part.call, Requires):
            yield part.call.scope
        elif part.call is signed_in:
            yield Entry.SIGNED_IN
        elif part.call is open_to_all:
            yield Entry.OPEN
        yield from _entries(part)


def _any(routes: tuple[RouteAccess, ...], method: str, path: str) -> bool:
    return any(
        route.pattern is not None and route.pattern.match(path) and (not route.methods or method in route.methods)
        for route in routes
    )

"""Every route of a hospital's service says who may call it; a new one that does not fails here."""

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from app.access.actor import Scope
from app.access.route_access import Entry, access_table, route_accesses

OPEN = {
    "/livez",
    "/readyz",
    "/sign-in",
    "/static",
    # Interfaces that describe themselves to whoever may ask, as their standards want it; they hold nothing of a case.
    "/fhir/metadata",
    *(
        f"/fhir/{kind}{one}"
        for kind in ("CodeSystem", "ValueSet", "OperationDefinition")
        for one in ("", "/{identifier}")
    ),
    "/cds-services",
}
"""Whoever opens another address to all says so here too."""
CASE_ADDRESSES = {
    ("GET", "/fhir/DiagnosticReport"),
    ("GET", "/fhir/Bundle/{identifier}"),
    ("POST", "/v1/triage"),
    ("POST", "/v1/scans"),
    ("GET", "/"),
    ("POST", "/"),
    ("POST", "/scan"),
}


def test_every_route_says_who_may_call_it(app: FastAPI) -> None:
    silent = [(route.path, sorted(route.methods)) for route in access_table(app.routes).unstated]
    assert silent == []


def test_only_these_routes_are_open(app: FastAPI) -> None:
    assert {route.path for route in access_table(app.routes).open} <= OPEN


def test_what_is_about_a_case_needs_a_scope(app: FastAPI) -> None:
    entries = {(method, route.path): route.entry for route in route_accesses(app.routes) for method in route.methods}
    for address in CASE_ADDRESSES:
        assert isinstance(entries[address], Scope), address


def test_numbers_and_keys_are_for_administrators(app: FastAPI) -> None:
    entries = {route.path: route.entry for route in route_accesses(app.routes)}
    assert entries["/metrics"] is Scope.ADMIN


@pytest.fixture
async def anyone(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.mark.anyio
async def test_without_credentials_every_closed_route_answers_401(app: FastAPI, anyone: httpx.AsyncClient) -> None:
    asked = 0
    for route in route_accesses(app.routes):
        if route.entry is Entry.OPEN:
            continue
        for method in route.methods - {"HEAD"}:
            answer = await anyone.request(method, route.path.replace("{", "").replace("}", ""))
            assert answer.status_code == 401, (method, route.path)
            asked += 1
    assert asked > 10

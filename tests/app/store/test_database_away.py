"""A PostgreSQL that goes away: every caller hears 503 and when to come again, and all goes on once it is back."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.settings.settings import Settings
from tests.peers.postgresql import Postgresql, running_postgresql

pytestmark = [pytest.mark.anyio, pytest.mark.peers]
EVERYBODY = Actor(ActorKind.KEY, "ris", frozenset(Scope))
READ = (
    "/v1/cases", "/v1/cases/x", "/v1/scans/jobs", "/v1/scans/jobs/x", "/v1/studies", "/v1/studies/1.2.3",
    "/v1/deliveries", "/fhir/DiagnosticReport", "/cases",
)  # fmt: skip
CASE = {"case_id": "one", "facts": {"nihss_total": 16}}


@pytest.fixture
def server() -> Postgresql:
    """One of its own: others would be surprised."""
    with running_postgresql() as server:
        yield server


@pytest.fixture
async def client(server: Postgresql, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    settings = Settings(
        data_dir=tmp_path, database_url=server.new_database(), disk_free_limit_mib=0, memory_free_limit_mib=0,
        scan_wait_seconds=0,
    )  # fmt: skip
    app = create_app(settings, everyone=EVERYBODY)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
        yield client
    await app.state.service.hospital.close()


async def statuses(client: httpx.AsyncClient) -> dict[str, int]:
    """What each address answers."""
    read = {address: (await client.get(address)).status_code for address in READ}
    kept = await client.post("/v1/triage", json=CASE)
    scan = await client.post("/v1/scans", files={"scan": b"scan"}, headers={"prefer": "respond-async"})
    return read | {"POST /v1/triage": kept.status_code, "POST /v1/scans": scan.status_code}


async def test_callers_are_told_to_come_again_and_nothing_is_a_fault_of_ours(
    client: httpx.AsyncClient, server: Postgresql
) -> None:
    before = await statuses(client)
    assert set(before.values()) <= {200, 202, 404}
    server.stop("immediate")
    assert set((await statuses(client)).values()) == {503}
    told = await client.get("/v1/cases")
    assert told.headers["retry-after"] == "5"
    assert told.json()["detail"] == "The record cannot be reached; nothing was kept."
    assert (await client.get("/livez")).status_code == 200
    server.start()
    assert await statuses(client) == before
    (case,) = (await client.get("/v1/cases")).json()["cases"]
    assert case["latest_revision"] == 2, "what was refused is not kept"

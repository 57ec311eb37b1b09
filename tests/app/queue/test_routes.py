"""POST /v1/scans of a service with a record: what it accepts outlives it."""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.settings.settings import Settings
from tests.app.queue.desk import Worker

pytestmark = pytest.mark.anyio
RIS = Actor(ActorKind.KEY, "ris", frozenset(Scope))
LATER = {"prefer": "respond-async"}
CASE = (Path(__file__).parents[3] / "sample_data" / "cases" / "spoke_left_m1.json").read_bytes()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@asynccontextmanager
async def client_of(settings: Settings, actor: Actor = RIS) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, everyone=actor)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
        yield client
    await app.state.service.hospital.close()


async def post(client: httpx.AsyncClient, content: bytes = b"scan", **options: object) -> httpx.Response:
    return await client.post("/v1/scans", files={"scan": content, **options.pop("parts", {})}, **options)


async def test_the_address_of_a_job_outlives_the_server_and_is_answered_by_a_worker(
    settings: Settings, worker: Callable[..., Worker]
) -> None:
    async with client_of(settings) as client:
        accepted = await post(client, headers=LATER)
    assert accepted.status_code == 202
    assert accepted.headers["preference-applied"] == "respond-async"
    async with client_of(settings) as client:
        waiting = await client.get(accepted.headers["location"])
        assert (waiting.status_code, waiting.headers["retry-after"]) == (202, "2")
        worker()
        answered = await post(client)
        assert answered.status_code == 200, "the same scan is the same job, and now there is somebody to wait for"
        kept = await client.get(accepted.headers["location"])
    assert (kept.status_code, kept.content) == (200, answered.content)
    assert kept.json()["reading"]["status"] == "scored"


async def test_without_a_worker_nobody_is_kept_waiting(settings: Settings) -> None:
    async with client_of(settings) as client:
        assert (await post(client)).status_code == 202


async def test_a_full_queue_says_when_to_come_back(settings: Settings) -> None:
    async with client_of(settings.model_copy(update={"queue_waiting_limit": 1})) as client:
        await post(client, b"first", headers=LATER)
        turned_away = await post(client, b"second", headers=LATER)
        listed = (await client.get("/v1/scans/jobs")).json()
    assert turned_away.status_code == 503
    assert turned_away.headers["retry-after"] == "10"
    assert len(listed["jobs"]) == 1


async def test_a_case_that_cannot_be_kept_is_refused_before_its_scan_is_read(settings: Settings) -> None:
    bad = json.dumps(json.loads(CASE) | {"case_id": "../x"}).encode()
    async with client_of(settings) as client:
        refused = await post(client, parts={"case": ("case", bad, "application/json")})
        listed = (await client.get("/v1/scans/jobs")).json()
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["loc"] == ["body", "case", "case_id"]
    assert listed["jobs"] == []


async def test_a_scan_that_waits_can_be_taken_back_once(settings: Settings) -> None:
    async with client_of(settings) as client:
        address = (await post(client, headers=LATER)).headers["location"]
        statuses = [(await client.delete(address)).status_code for _ in range(2)]
        gone = await client.get(address)
        unknown = await client.delete("/v1/scans/jobs/nothing")
    assert (statuses, gone.status_code, unknown.status_code) == ([204, 409], 404, 404)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing is asked of the database
@pytest.mark.parametrize(
    ("method", "address", "scope"),
    [
        ("GET", "/v1/scans/jobs", Scope.READ),
        ("DELETE", "/v1/scans/jobs/x", Scope.INGEST),
        ("GET", "/v1/deliveries", Scope.READ),
        ("POST", f"/v1/deliveries/{'A' * 20}/retry", Scope.ADMIN),
        ("POST", f"/v1/deliveries/{'A' * 20}/drop", Scope.ADMIN),
    ],
)
async def test_each_route_wants_its_scope(settings: Settings, method: str, address: str, scope: Scope) -> None:
    others = Actor(ActorKind.KEY, "other", frozenset(Scope) - {scope})
    async with client_of(settings, others) as client:
        assert (await client.request(method, address)).status_code == 403
    async with client_of(settings) as client:
        assert (await client.request(method, address)).status_code in {200, 404, 409}

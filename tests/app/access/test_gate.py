"""The door: who gets in with what, and what everybody else is told."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI

from app.access import keys, known_secrets
from app.access.actor import ANYONE_HERE, Actor, ActorKind, Scope
from app.access.guard import requires
from app.hospital import Hospital
from app.main import create_app
from app.settings.settings import Settings

pytestmark = pytest.mark.anyio
CASE = {"facts": {}}
SYSTEM = Actor(ActorKind.SYSTEM, "tests", frozenset())


async def test_without_a_key_nothing_but_health_is_answered(client: httpx.AsyncClient) -> None:
    refused = await client.post("/v1/triage", json=CASE)
    assert refused.status_code == 401
    assert refused.headers["www-authenticate"].startswith("Bearer")
    assert refused.headers["content-type"] == "application/problem+json"
    assert (await client.get("/livez")).status_code == 200
    assert (await client.get("/static/css/base.css")).status_code == 200
    assert (await client.get("/no-such-address")).status_code == 401


@pytest.mark.parametrize("header", ["bearer", "x-api-key"])
async def test_a_key_opens_what_its_scopes_allow(client: httpx.AsyncClient, make_key: object, header: str) -> None:
    secret = make_key(Scope.TRIAGE).secret  # type: ignore[operator]
    headers = {"authorization": f"Bearer {secret}"} if header == "bearer" else {"x-api-key": secret}
    assert (await client.post("/v1/triage", json=CASE, headers=headers)).status_code == 200
    assert (await client.get("/v1/rules", headers=headers)).status_code == 200
    refused = await client.post("/v1/scans", files={"scan": b"no scan"}, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "This needs the scope ingest."


@pytest.mark.parametrize(
    "headers",
    [
        {"authorization": "Bearer ak_00000000" + "A" * 43},
        {"authorization": "Bearer ak_"},
        {"authorization": "Bearer "},
        {"authorization": "Basic YTpi"},
        {"authorization": "Bearer eyJhbGciOiJub25lIn0.e30."},
        {"x-api-key": "\xff\x00"},
        {"x-api-key": ""},
        {"x-api-key": "ak_00000000" + "A" * 43, "authorization": "Bearer ak_00000000" + "A" * 43},
        {"cookie": "aspects_session=made-up"},
        {"cookie": "aspects_session=" + "x" * 9000},
    ],
)
async def test_what_is_no_key_opens_nothing(client: httpx.AsyncClient, headers: dict[str, str]) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    refused = await client.post("/v1/triage", json=CASE, headers=raw)
    assert refused.status_code == 401
    assert "www-authenticate" in refused.headers
    for value in headers.values():
        assert not value.strip() or value not in refused.text


async def test_two_kinds_of_credentials_are_not_guessed_between(client: httpx.AsyncClient, make_key: object) -> None:
    secret = make_key(Scope.TRIAGE).secret  # type: ignore[operator]
    both = {"authorization": f"Bearer {secret}", "x-api-key": secret}
    assert (await client.post("/v1/triage", json=CASE, headers=both)).status_code == 401


async def test_an_ended_key_stops_within_seconds(
    client: httpx.AsyncClient, hospital: Hospital, make_key: object
) -> None:
    key = make_key(Scope.TRIAGE)  # type: ignore[operator]
    headers = {"x-api-key": key.secret}
    assert (await client.post("/v1/triage", json=CASE, headers=headers)).status_code == 200
    hospital.writer.write_blocking(partial(keys.end_key, which=key.prefix, by=SYSTEM))
    await asyncio.sleep(known_secrets.KNOWN_SECONDS + 0.05)
    assert (await client.post("/v1/triage", json=CASE, headers=headers)).status_code == 401


async def test_an_expired_key_opens_nothing(client: httpx.AsyncClient, make_key: object) -> None:
    old = datetime.now(UTC) - timedelta(seconds=1)
    key = make_key(Scope.TRIAGE, expires_at=old)  # type: ignore[operator]
    assert (await client.get("/v1/rules", headers={"x-api-key": key.secret})).status_code == 401


async def test_a_browser_without_a_session_is_led_to_the_sign_in(client: httpx.AsyncClient) -> None:
    led = await client.get("/", headers={"accept": "text/html"})
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in")


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "127.0.0.1.evil.example:8000", "\xff"])
async def test_other_names_than_ours_get_nothing(client: httpx.AsyncClient, make_key: object, host: str) -> None:
    headers = [(b"host", host.encode("latin-1")), (b"x-api-key", make_key(Scope.TRIAGE).secret.encode())]  # type: ignore[operator]
    assert (await client.get("/v1/rules", headers=headers)).status_code == 421


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:1", "[::1]:8000"])
async def test_own_names_are_answered(client: httpx.AsyncClient, make_key: object, host: str) -> None:
    headers = {"host": host, "x-api-key": make_key(Scope.TRIAGE).secret}  # type: ignore[operator]
    assert (await client.get("/v1/rules", headers=headers)).status_code == 200


async def test_a_route_that_does_not_say_who_may_call_it_stays_closed(settings: Settings) -> None:
    router = APIRouter()

    @router.get("/forgotten/{thing}")
    async def forgotten(thing: str) -> str:
        return thing

    @router.get("/remembered", dependencies=[Depends(requires(Scope.ADMIN))])
    async def remembered() -> str:
        return "seen"

    app = create_app(settings)
    app.include_router(router)
    hospital: Hospital = app.state.service.hospital
    wanted = keys.KeyWanted("all-scopes", frozenset(Scope))
    key = hospital.writer.write_blocking(partial(keys.make_key, wanted=wanted, by=SYSTEM))
    async with _client(app) as client:
        headers = {"x-api-key": key.secret}
        assert (await client.get("/forgotten/thing", headers=headers)).status_code == 403
        assert (await client.get("/remembered", headers=headers)).status_code == 200
    await hospital.close()


async def test_who_embeds_the_service_names_its_user(settings: Settings) -> None:
    app = create_app(settings, everyone=ANYONE_HERE)
    async with _client(app) as client:
        assert (await client.post("/v1/triage", json=CASE)).status_code == 200
    await app.state.service.hospital.close()


async def test_too_many_requests_of_one_caller_are_told_when_to_come_back(tmp_path_factory: object) -> None:
    folder = tmp_path_factory.mktemp("few")  # type: ignore[attr-defined]
    app = create_app(Settings(data_dir=folder, request_limit_per_minute=5, failed_sign_in_limit_per_minute=3))
    hospital: Hospital = app.state.service.hospital
    made = [
        hospital.writer.write_blocking(
            partial(keys.make_key, wanted=keys.KeyWanted(name, frozenset({Scope.READ})), by=SYSTEM)
        ).secret
        for name in ("one", "other")
    ]
    async with _client(app) as client:
        statuses = [(await client.get("/v1/rules", headers={"x-api-key": made[0]})).status_code for _ in range(5)]
        last = await client.get("/v1/rules", headers={"x-api-key": made[0]})
        other = await client.get("/v1/rules", headers={"x-api-key": made[1]})
        wrong = [(await client.get("/v1/rules", headers={"x-api-key": "no"})).status_code for _ in range(5)]
    assert statuses == [200] * 5
    assert last.status_code == 429
    assert 1 <= int(last.headers["retry-after"]) <= 60
    assert other.status_code == 200
    assert wrong == [401, 401, 401, 429, 429]
    await hospital.close()


def _client(app: FastAPI) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://localhost")

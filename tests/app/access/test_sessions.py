"""Browsers: a code works once, a session ends, and no other site acts with it."""

import asyncio
from datetime import timedelta
from functools import partial

import httpx
import pytest

from app.access import known_secrets, sessions
from app.access.actor import Actor, ActorKind
from app.access.same_origin import may_use_session
from app.hospital import Hospital

pytestmark = pytest.mark.anyio
OURS = {"sec-fetch-site": "same-origin"}
SYSTEM = Actor(ActorKind.SYSTEM, "tests", frozenset())


async def test_a_code_signs_in_once(client: httpx.AsyncClient, code: str) -> None:
    signed_in = await client.post("/sign-in", data={"code": code}, headers=OURS)
    assert (signed_in.status_code, signed_in.headers["location"]) == (303, "/")
    cookie = signed_in.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=43200"):
        assert word in cookie
    assert "Secure" not in cookie
    assert code not in cookie
    page = await client.get("/", headers={"accept": "text/html"})
    assert page.status_code == 200
    client.cookies.clear()
    again = await client.post("/sign-in", data={"code": code}, headers=OURS)
    assert again.status_code == 403
    assert "set-cookie" not in again.headers
    assert code not in again.text


async def test_the_sign_in_page_is_open_and_asks_for_the_code(client: httpx.AsyncClient) -> None:
    page = await client.get("/sign-in")
    assert page.status_code == 200
    assert 'name="code"' in page.text


@pytest.mark.parametrize("code", ["", "wrong", "a" * 5000, "%ff"])
async def test_a_wrong_code_opens_nothing(client: httpx.AsyncClient, code: str) -> None:
    refused = await client.post("/sign-in", data={"code": code}, headers=OURS)
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


async def test_a_code_is_of_no_use_after_its_time(client: httpx.AsyncClient, hospital: Hospital) -> None:
    make = partial(sessions.make_code, actor=SYSTEM, lasts=timedelta(seconds=-1), by=SYSTEM)
    code = hospital.writer.write_blocking(make)
    assert (await client.post("/sign-in", data={"code": code}, headers=OURS)).status_code == 403


async def test_signing_out_ends_the_session_on_the_server(client: httpx.AsyncClient, session: str) -> None:
    cookie = {"cookie": f"aspects_session={session}"}
    assert (await client.get("/v1/rules", headers=cookie)).status_code == 200
    out = await client.post("/sign-out", headers=cookie | OURS)
    assert out.status_code == 303
    assert "Max-Age=0" in out.headers["set-cookie"]
    assert (await client.get("/v1/rules", headers=cookie)).status_code == 401


async def test_an_administrator_ends_all_sessions_of_a_person(
    client: httpx.AsyncClient, hospital: Hospital, session: str
) -> None:
    cookie = {"cookie": f"aspects_session={session}"}
    assert (await client.get("/v1/rules", headers=cookie)).status_code == 200
    assert hospital.writer.write_blocking(partial(sessions.end_all, name="dr.test", by=SYSTEM)) >= 1
    await asyncio.sleep(known_secrets.KNOWN_SECONDS + 0.05)
    assert (await client.get("/v1/rules", headers=cookie)).status_code == 401


@pytest.mark.parametrize(
    "times",
    [sessions.SessionTimes(timedelta(0), timedelta(hours=1)), sessions.SessionTimes(timedelta(1), timedelta(0))],
)
def test_a_session_ends_when_idle_and_in_any_case(hospital: Hospital, times: sessions.SessionTimes) -> None:
    secret = hospital.writer.write_blocking(partial(sessions.begin, actor=SYSTEM, times=times))
    with hospital.engine.connect() as connection:
        assert sessions.actor_by_hash(connection, sessions.hash_of_secret(secret), times.idle) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site", "origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:8000"},
        {},
    ],
)
@pytest.mark.parametrize("path", ["/", "/v1/triage", "/sign-out"])
async def test_no_other_site_acts_with_a_session(
    client: httpx.AsyncClient, session: str, headers: dict[str, str], path: str
) -> None:
    cookie = {"cookie": f"aspects_session={session}"}
    refused = await client.post(path, headers=cookie | headers, data={"age_years": "70"})
    assert refused.status_code == 403
    assert (await client.get("/v1/rules", headers=cookie)).status_code == 200


@pytest.mark.parametrize("headers", [OURS, {"origin": "http://localhost"}])
async def test_our_own_page_acts_with_a_session(
    client: httpx.AsyncClient, session: str, headers: dict[str, str]
) -> None:
    cookie = {"cookie": f"aspects_session={session}"}
    assert (await client.post("/", headers=cookie | headers, data={"age_years": "70"})).status_code == 200


async def test_nobody_is_signed_in_by_another_site(client: httpx.AsyncClient, code: str) -> None:
    refused = await client.post("/sign-in", data={"code": code}, headers={"sec-fetch-site": "cross-site"})
    assert refused.status_code == 403
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize(
    ("origin", "host", "scheme", "same"),
    [
        (b"https://a.example", b"a.example", "https", True),
        (b"https://a.example:443", b"a.example", "https", True),
        (b"https://A.example", b"a.example", "https", True),
        (b"http://[::1]:8000", b"[::1]:8000", "http", True),
        (b"http://a.example", b"a.example", "https", False),
        (b"https://a.example:8443", b"a.example", "https", False),
        (b"https://a.example.evil", b"a.example", "https", False),
        (b"https://a.example@evil", b"a.example", "https", False),
        (b"https://a.example:x", b"a.example", "https", False),
        (b"\xff", b"a.example", "https", False),
        (b"", b"", "https", False),
    ],
)
def test_an_origin_is_ours_only_with_scheme_name_and_port(origin: bytes, host: bytes, scheme: str, same: bool) -> None:
    assert may_use_session("POST", {b"origin": origin, b"host": host}, scheme) is same


async def test_under_tls_the_cookie_is_secure_and_bound_to_the_host(hospital: Hospital, app: object, code: str) -> None:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="https://localhost") as client:
        answer = await client.post("/sign-in", data={"code": code}, headers=OURS)
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith("__Host-aspects_session=")
    assert "Secure" in cookie
    assert answer.headers["strict-transport-security"].startswith("max-age=")

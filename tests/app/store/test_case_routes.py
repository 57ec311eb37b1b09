"""/v1/cases and the kept POST /v1/triage over HTTP, on both databases."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.settings.settings import Settings
from app.store.tables_audit import audit_events

ROOT = Path(__file__).parents[3]
NURSE = Actor(ActorKind.PERSON, "dr-who", frozenset({Scope.READ, Scope.TRIAGE}))
CASE: dict[str, Any] = json.loads((ROOT / "sample_data" / "cases" / "spoke_left_m1.json").read_text())
pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(hospital_settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(hospital_settings) as client:
        yield client


@pytest.fixture
async def sqlite_client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """For what is decided before the database is asked."""
    async with client_of(Settings(data_dir=tmp_path / "data")) as client:
        yield client


@asynccontextmanager
async def client_of(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(settings, everyone=NURSE)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
        yield client
    await app.state.service.hospital.close()


async def triage(client: httpx.AsyncClient, **changes: object) -> httpx.Response:
    return await client.post("/v1/triage", json={**CASE, **changes})


async def test_the_answer_is_the_stateless_one_with_a_record_added(client: httpx.AsyncClient) -> None:
    told = await triage(client, case_id="a")
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(create_app(Settings())), base_url="http://aspects.test"
    ) as stateless:
        plain = await triage(stateless, case_id="a")
    assert told.status_code == 200, told.text
    record = json.dumps(told.json()["record"], separators=(",", ":")).encode()
    assert told.content == plain.content[:-1] + b',"record":' + record + b"}"
    assert told.json()["record"] == {"case_id": "a", "revision": 1, "audit_sequence": 2}


async def test_a_case_sent_again_is_a_new_revision_and_the_first_stays(client: httpx.AsyncClient) -> None:
    first = await triage(client, case_id="a")
    later = {**CASE["facts"], "nihss_total": 3}
    second = await triage(client, case_id="a", facts=later)
    assert second.json()["record"]["revision"] == 2
    case = (await client.get("/v1/cases/a")).json()
    assert [revision["status"] for revision in case["revisions"]] == ["superseded", "preliminary"]
    assert case["revisions"][0]["superseded_by"] == 2
    assert case["revisions"][0]["by"] == {"kind": "person", "name": "dr-who"}
    shown = (await client.get("/v1/cases/a/revisions/1")).json()
    assert shown["request"] == {**CASE, "case_id": "a"}
    assert shown["answer"] == {name: part for name, part in first.json().items() if name != "record"}
    assert shown["versions"] == first.json()["versions"]


async def test_the_request_is_kept_as_it_was_received(client: httpx.AsyncClient) -> None:
    body = b' {"facts":\t{"age_years": 7e1,"nihss_total":12} ,"case_id":"b" }'
    await client.post("/v1/triage", content=body, headers={"content-type": "application/json"})
    assert body in (await client.get("/v1/cases/b/revisions/1")).content


async def test_a_case_without_a_name_gets_one_that_nobody_guesses(client: httpx.AsyncClient) -> None:
    told = [(await client.post("/v1/triage", json={"facts": {}})).json() for _ in range(2)]
    names = {answer["record"]["case_id"] for answer in told}
    assert len(names) == 2
    assert all(len(name) == 36 for name in names)
    assert [answer["case_id"] for answer in told] == [None, None]
    for name in names:
        assert (await client.get(f"/v1/cases/{name}")).json()["latest_revision"] == 1


async def test_a_refused_case_leaves_nothing(sqlite_client: httpx.AsyncClient) -> None:
    assert (await triage(sqlite_client, case_id="c", facts={"age_years": "old"})).status_code == 422
    contradiction = {"last_known_well_at": "2026-03-14T07:00:00Z", "minutes_since_last_known_well": 10}
    assert (await triage(sqlite_client, case_id="c", facts=contradiction)).status_code == 422
    assert (await sqlite_client.get("/v1/cases/c")).status_code == 404


@pytest.mark.parametrize("name", ["a/../b", "..", "a//b", "/a", "a/", "a/revisions/1", ".", "a/./b"])
async def test_a_name_that_no_address_can_hold_is_refused(sqlite_client: httpx.AsyncClient, name: str) -> None:
    told = await triage(sqlite_client, case_id=name)
    assert told.status_code == 422
    assert told.json()["errors"][0]["loc"] == ["body", "case_id"]


@pytest.mark.parametrize("name", ["a b", "Ä/7", "100%", "a?b#c", "revisions", "%2e%2e", "a\\b", "\u202eא", "x" * 128])
async def test_any_other_name_can_be_fetched(client: httpx.AsyncClient, name: str) -> None:
    assert (await triage(client, case_id=name)).status_code == 200
    address = "/v1/cases/" + "".join(f"%{byte:02X}" for byte in name.encode())
    assert (await client.get(address)).json()["case_id"] == name
    assert (await client.get(f"{address}/revisions/1")).json()["case_id"] == name


async def test_lists_go_page_by_page_newest_first(client: httpx.AsyncClient) -> None:
    for number in range(5):
        await triage(client, case_id=f"case-{number}")
    await triage(client, case_id="case-0")
    names, cursor = [], None
    for _ in range(3):
        page = (await client.get("/v1/cases", params={"limit": 2, **({"cursor": cursor} if cursor else {})})).json()
        names += [case["case_id"] for case in page["cases"]]
        cursor = page["next_cursor"]
    assert names == ["case-4", "case-3", "case-2", "case-1", "case-0"]
    assert cursor is None


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=0", "cursor=99999999999999999999", "limit=x"])
async def test_a_wrong_page_is_refused(sqlite_client: httpx.AsyncClient, query: str) -> None:
    assert (await sqlite_client.get(f"/v1/cases?{query}")).status_code == 422


@pytest.mark.parametrize(
    "address",
    ["nobody", "a/revisions/2", "a/revisions/99999999999", "a/revisions/0", "a/revisions/x", "%00", "x" * 200],
)
async def test_what_is_not_there_is_said_not_to_be(client: httpx.AsyncClient, address: str) -> None:
    await triage(client, case_id="a")
    assert (await client.get(f"/v1/cases/{address}")).status_code in {404, 422}


async def sign(client: httpx.AsyncClient, address: str, **body: object) -> httpx.Response:
    return await client.post(f"/v1/cases/{address}/sign-off", json=body)


async def test_a_confirmed_revision_is_final_once(client: httpx.AsyncClient) -> None:
    await triage(client, case_id="a")
    told = await sign(client, "a/revisions/1", decision="confirm", comment="Seen with the neuroradiologist.")
    assert told.json() == {"case_id": "a", "revision": 1, "status": "final", "supersedes": None, "audit_sequence": 3}
    again = await sign(client, "a/revisions/1", decision="confirm")
    assert again.status_code == 409
    revision = (await client.get("/v1/cases/a")).json()["revisions"][0]
    assert revision["signature"]["by"] == {"kind": "person", "name": "dr-who"}
    assert revision["signature"]["comment"] == "Seen with the neuroradiologist."


async def test_only_the_latest_revision_can_be_signed(client: httpx.AsyncClient) -> None:
    await triage(client, case_id="a")
    await triage(client, case_id="a")
    assert (await sign(client, "a/revisions/1", decision="confirm")).status_code == 409
    assert (await sign(client, "a/revisions/3", decision="confirm")).status_code == 404
    assert (await sign(client, "b/revisions/1", decision="confirm")).status_code == 404


async def test_an_edit_after_signing_is_a_correction_that_leaves_the_first_readable(client: httpx.AsyncClient) -> None:
    first = await triage(client, case_id="a")
    await sign(client, "a/revisions/1", decision="confirm")
    changed = {**CASE, "facts": {**CASE["facts"], "haemorrhage_on_imaging": True}}
    del changed["case_id"]
    told = (await sign(client, "a/revisions/1", decision="edit", request=changed)).json()
    assert (told["revision"], told["status"], told["supersedes"]) == (2, "corrected", 1)
    case = (await client.get("/v1/cases/a")).json()
    assert [revision["status"] for revision in case["revisions"]] == ["superseded", "corrected"]
    assert case["revisions"][0]["superseded_by"] == 2
    assert case["revisions"][1]["origin"] == "edit"
    second = (await client.get("/v1/cases/a/revisions/2")).json()
    assert second["request"] == changed
    assert second["answer"]["transfer"]["action"] == "HAEMORRHAGE_PATHWAY"
    unchanged = (await client.get("/v1/cases/a/revisions/1")).json()
    assert unchanged["answer"]["transfer"] == first.json()["transfer"]


async def test_an_edit_before_any_signature_is_final(client: httpx.AsyncClient) -> None:
    await triage(client, case_id="a")
    told = (await sign(client, "a/revisions/1", decision="edit", request={**CASE, "case_id": "a"})).json()
    assert (told["revision"], told["status"], told["supersedes"]) == (2, "final", None)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"decision": "maybe"},
        {"decision": "edit"},
        {"decision": "confirm", "request": {"facts": {}}},
        {"decision": "edit", "request": {"facts": {}, "case_id": "other"}},
        {"decision": "confirm", "comment": "x" * 501},
        {"decision": "confirm", "comment": "nul\x00"},
        {"decision": "edit", "request": {"facts": {"aspects_total": 11}}},
    ],
)
async def test_a_wrong_sign_off_is_refused_and_changes_nothing(
    sqlite_client: httpx.AsyncClient, body: dict[str, Any]
) -> None:
    await triage(sqlite_client, case_id="a")
    assert (await sign(sqlite_client, "a/revisions/1", **body)).status_code == 422
    case = (await sqlite_client.get("/v1/cases/a")).json()
    assert [revision["status"] for revision in case["revisions"]] == ["preliminary"]


async def test_the_trail_tells_who_did_what_and_nothing_of_the_patient(
    client: httpx.AsyncClient, hospital_settings: Settings
) -> None:
    await triage(client, case_id="a")
    await sign(client, "a/revisions/1", decision="confirm", comment="Mrs Miller is well")
    await client.get("/v1/cases/a")
    await client.get("/v1/cases/a/revisions/1")
    await client.get("/v1/cases")
    await client.post("/v1/cases/a/revisions/1/replay")
    engine = client._transport.app.state.service.hospital.engine
    with engine.connect() as connection:
        events = connection.execute(select(audit_events).order_by(audit_events.c.sequence)).all()
    assert [event.action for event in events] == [
        "rules.kept", "case.kept", "case.signed_off", "case.read", "case.read", "cases.listed", "case.replayed",
    ]  # fmt: skip
    assert {event.actor_name for event in events} == {"record", "dr-who"}
    assert "Miller" not in str(events)


async def test_a_replay_gives_the_same_bytes(client: httpx.AsyncClient) -> None:
    await triage(client, case_id="a")
    told = (await client.post("/v1/cases/a/revisions/1/replay")).json()
    assert told["own_rules"]["identical"] is True
    assert told["own_rules"]["rules_are_installed"] is True
    assert told["today"]["differences"] == []
    assert told["today"]["answer"] == told["kept"]["answer"]

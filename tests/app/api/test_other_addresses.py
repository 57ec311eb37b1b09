"""Health, the rule book, and the headers that every answer carries."""

import httpx
import pytest

pytestmark = pytest.mark.anyio


async def test_alive(client: httpx.AsyncClient) -> None:
    response = await client.get("/livez")
    assert response.status_code == 200
    assert response.json() == {"status": "alive"}


async def test_every_clause_can_be_fetched_by_its_id(client: httpx.AsyncClient) -> None:
    rules = (await client.get("/v1/rules")).json()["rules"]
    assert len({rule["id"] for rule in rules}) == len(rules) > 30
    for rule in rules:
        response = await client.get(f"/v1/rules/{rule['id']}")
        assert response.status_code == 200
        assert response.json() == rule


@pytest.mark.parametrize("path", ["/livez", "/v1/rules", "/nowhere", "/docs", "/"])
async def test_no_answer_may_be_stored_framed_or_sniffed(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "no-referrer"


async def test_the_server_does_not_say_what_it_runs_on(client: httpx.AsyncClient) -> None:
    assert "server" not in (await client.get("/livez")).headers


async def test_the_same_request_gets_the_same_bytes(client: httpx.AsyncClient) -> None:
    case = {"evaluated_at": "2026-03-01T10:00:00+00:00", "facts": {"age_years": 70, "nihss_total": 16}}
    first, second = [await client.post("/v1/triage", json=case) for _ in range(2)]
    assert first.status_code == 200
    assert first.content == second.content


@pytest.mark.parametrize("year", [2000, 2015, 2019, 2025, 2026, 2099])
async def test_a_case_of_any_year_is_judged(client: httpx.AsyncClient, year: int) -> None:
    case = {"evaluated_at": f"{year}-01-01T00:00:00+00:00", "facts": {"age_years": 70, "occlusion_site": "mca_m1"}}
    response = await client.post("/v1/triage", json=case)
    assert response.status_code == 200
    assert response.json()["evaluated_at"].startswith(str(year))

"""What somebody sees who goes to an address where nothing is; programs get problem+json there."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.main import create_app
from app.settings.settings import Settings

BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(create_app(Settings())), base_url="http://test") as made:
        yield made


async def test_a_browser_gets_a_page_with_a_way_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "There is nothing here" in answer.text
    assert 'href="/"' in answer.text


async def test_it_is_in_the_readers_language(client: httpx.AsyncClient) -> None:
    answer = await client.get("/nowhere", headers={**BROWSER, "accept-language": "de"})
    assert "Hier ist nichts" in answer.text
    assert "Unter dieser Adresse gibt es nichts." in answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.1"])
async def test_a_program_gets_a_problem(client: httpx.AsyncClient, accept: str) -> None:
    answer = await client.get("/nowhere", headers={"accept": accept})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/v1/nowhere", "/v1/rules/nowhere", "/static/nowhere.css"])
async def test_addresses_for_programs_answer_alike_to_everybody(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers=BROWSER)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_method_that_a_page_does_not_take_is_told_on_a_page_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/help", headers=BROWSER)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET"
    assert "This could not be answered" in answer.text

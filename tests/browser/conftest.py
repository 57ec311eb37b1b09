"""A headless Chromium and the real application behind it; without Chromium these tests are skipped, with the reason."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.entering import OpenPage
from tests.browser.serving import CHROMIUM, application, chromium

expect.set_options(timeout=30_000)
"""Milliseconds: what must come may take its time on a busy machine."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for each file: while it is open its event loop runs, and tests of other files could run none of theirs."""
    if not CHROMIUM.exists():
        pytest.skip(f"there is no {CHROMIUM}; on Debian: apt-get install --no-install-recommends chromium")
    with chromium() as started:
        yield started


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    with application() as started:
        yield started


@pytest.fixture
def open_page(browser: Browser, address: str) -> Iterator[OpenPage]:
    """Opens the form in a context of its own; every request must stay with our own server."""
    contexts = []
    elsewhere: list[str] = []

    def note(url: str) -> None:
        if not url.startswith(address):
            elsewhere.append(url)

    def open_form(width: int = 1280, height: int = 800, **context: Any) -> Page:
        made = browser.new_context(viewport={"width": width, "height": height}, base_url=address, **context)
        contexts.append(made)
        page = made.new_page()
        page.on("request", lambda request: note(request.url))
        page.goto("/")
        return page

    yield open_form
    for context in contexts:
        context.close()
    assert elsewhere == []

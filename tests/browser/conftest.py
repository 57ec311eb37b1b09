"""A headless Chromium and the real application behind it; without Chromium these tests are skipped, with the reason."""

import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, sync_playwright

from app.main import create_app
from app.settings import Settings
from app.web.routes import current_time
from tests.browser.entering import OpenPage

CHROMIUM = Path("/usr/bin/chromium")

NOW = datetime(2026, 11, 22, 5, 5, 40, tzinfo=UTC)
"""The server's clock in these tests: 05:05 in London."""

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, kept from calling home."""
    if not CHROMIUM.exists():
        pytest.skip("there is no /usr/bin/chromium; on Debian: apt-get install --no-install-recommends chromium")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The application on a port of its own, with a clock that stands still; scan processes are not started."""
    app = create_app(Settings(site_time_zone="Europe/London"))
    app.dependency_overrides[current_time] = lambda: NOW
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)


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

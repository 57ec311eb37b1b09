"""Starts what the browser tests stand on: a headless Chromium, the real application, and a clock that stands still."""

import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, sync_playwright

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.scans.pool import ScanPool
from app.settings.settings import Settings
from app.web.routes import current_time

CHROMIUM = Path("/usr/bin/chromium")

NOW = datetime(2026, 11, 22, 5, 5, 40, tzinfo=UTC)
"""Where the server's clock stands: 05:05 in London."""


@dataclass
class StandingClock:
    """The server's clock, which goes on only when a test says so."""

    now: datetime = NOW


server_clock = StandingClock()

CLINICIAN = Actor(ActorKind.PERSON, "dr-day", frozenset({Scope.READ, Scope.TRIAGE}))

_SCAN_STAND_IN = Path(__file__).parents[1] / "app" / "scans" / "fake_worker.py"

_ARGUMENTS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-gl=angle",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--disable-gpu-compositing",
    "--disable-gpu-rasterization",
]
"""Draws the CT without a graphics card, and keeps Chromium from calling home; its sandbox does not run as root, which
containers often are. Only the CT needs what stands in for such a card: the pages around it are painted without, in half
the time."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=_ARGUMENTS)
        yield browser
        browser.close()


@contextmanager
def application(*, stand_in: bool = True, scans: str = "scores", record: Path | None = None) -> Iterator[str]:
    """The address of the application on a port of its own; its scans are read by a stand-in, or really.

    ``scans`` is what the stand-in does.

    With a folder for ``record`` it keeps cases there, and everybody who asks is the same clinician.
    """
    settings = Settings(site_time_zone="Europe/London", data_dir=record)
    app = create_app(settings, everyone=None if record is None else CLINICIAN)
    if stand_in:
        app.state.service.desk.pool = ScanPool(settings, (sys.executable, str(_SCAN_STAND_IN), scans))
    app.dependency_overrides[current_time] = lambda: server_clock.now
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.02)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join(timeout=10)

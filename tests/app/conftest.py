"""Two ways to speak to the application: in memory without scan processes, and over the network to a real server."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings.settings import Settings

ROOT = Path(__file__).parents[2]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    return create_app(Settings())


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
        yield client


@dataclass
class Server:
    """A real server in a process of its own; ``log`` and ``exit_code`` are known once it has stopped."""

    address: str
    pid: int
    log: str = ""
    exit_code: int | None = None


def wait_until_alive(address: str) -> None:
    """With several workers the address is told before one of them listens."""
    for _ in range(100):
        with suppress(httpx.ConnectError):
            httpx.get(f"{address}/livez")
            return
        time.sleep(0.1)
    pytest.fail("the server did not come to life")


Serve = Callable[..., AbstractContextManager[Server]]


@pytest.fixture(scope="module")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Serve:
    """Start a server with these options, and stop it by a signal; it must leave no temporary file behind."""

    @contextmanager
    def start(*options: str, stop: signal.Signals = signal.SIGTERM) -> Iterator[Server]:
        folder = tmp_path_factory.mktemp("server")
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", "0", *options]
        environment = {**os.environ, "TMPDIR": str(folder)}
        with subprocess.Popen(
            command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment, cwd=ROOT
        ) as process:
            assert process.stderr is not None
            lines = []
            for line in process.stderr:
                lines.append(line)
                if "running on" in line:
                    break
            addresses = [word for line in lines for word in line.split() if word.startswith("http://")]
            assert addresses, "".join(lines)
            server = Server(addresses[0], process.pid)
            try:
                wait_until_alive(server.address)
                yield server
            finally:
                process.send_signal(stop)
                server.log = "".join(lines) + process.stderr.read()
                server.exit_code = process.wait(timeout=20)
        assert list(folder.iterdir()) == []

    return start

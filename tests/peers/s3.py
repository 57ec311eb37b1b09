"""An S3 server of another project (moto) on a port of its own, with an empty bucket; gone with the tests."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from tests.peers.orthanc import free_port

BUCKET = "scans"
_START_SECONDS = 60.0


@dataclass
class S3Server:
    """A running server."""

    port: int
    process: subprocess.Popen[bytes]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What a site sets for a server of its own."""
        return {
            "AWS_ENDPOINT": self.address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": "aspects", "AWS_SECRET_ACCESS_KEY": "a-secret",
        }  # fmt: skip

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def running_s3(folder: Path) -> Iterator[S3Server]:
    """Start a server and make its bucket."""
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with (folder / "s3.log").open("wb") as log:
        server = S3Server(port, subprocess.Popen(command, stdout=log, stderr=log))
        try:
            _wait_until_ready(server, folder / "s3.log")
            httpx.put(f"{server.address}/{BUCKET}", timeout=30).raise_for_status()
            yield server
        finally:
            server.stop()


def _wait_until_ready(server: S3Server, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            if httpx.get(f"{server.address}/moto-api/", timeout=1).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("The S3 server did not start:\n" + log.read_text(errors="replace")[-2000:])

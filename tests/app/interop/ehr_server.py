"""A FHIR server of another project, started for a test on the loopback address and ended with it."""

import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

PROGRAM = Path(sys.executable).with_name("sekmet")


class EhrServer:
    """The server's address, and what tests do with it."""

    def __init__(self, address: str) -> None:
        self.address = address

    def put(self, resource: dict[str, Any]) -> None:
        url = f"{self.address}/{resource['resourceType']}/{resource['id']}"
        response = httpx.put(url, json=resource, headers={"content-type": "application/fhir+json"}, timeout=20)
        assert response.status_code in {200, 201}, response.text

    def get(self, path: str) -> dict[str, Any]:
        response = httpx.get(f"{self.address}/{path}", timeout=20)
        assert response.status_code == 200, response.text
        answer: dict[str, Any] = response.json()
        return answer


@contextmanager
def ehr_server(folder: Path) -> Iterator[EhrServer]:
    assert PROGRAM.is_file(), "install the development requirements: sekmet-fhir is missing"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with (folder / "log.txt").open("wb") as log:
        command = [PROGRAM, "serve", "--host", "127.0.0.1", "--port", str(port)]
        with subprocess.Popen(command, cwd=folder, stdout=log, stderr=subprocess.STDOUT) as process:
            address = f"http://127.0.0.1:{port}/fhir"
            try:
                _wait(address, process)
                yield EhrServer(address)
            finally:
                process.terminate()
                process.wait(timeout=20)


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        assert process.poll() is None, "the FHIR server ended by itself"
        try:
            httpx.get(f"{address}/metadata", timeout=20)
        except httpx.TransportError:
            time.sleep(0.1)
        else:
            return
    raise AssertionError("the FHIR server did not come to life")

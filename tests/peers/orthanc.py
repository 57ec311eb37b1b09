"""Starts a real picture archive (Orthanc) on ports of its own, and stops it; several may run side by side."""

import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

PROGRAM = "Orthanc"
DICOMWEB_PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
AE_TITLE = "ORTHANC"
OUR_AE_TITLE = "ASPECTS"
_START_SECONDS = 30
CERTIFICATES = ssl.create_default_context()
"""For clients that are made again and again: without it each reads the system's certificates anew, 30 ms a time."""


@dataclass(frozen=True)
class Orthanc:
    """A running archive: DICOM at ``dicom_port``, REST at ``url``, DICOMweb at ``dicomweb_url``, all on 127.0.0.1."""

    http_port: int
    dicom_port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}"

    @property
    def dicomweb_url(self) -> str:
        return f"{self.url}/dicom-web"

    def get(self, path: str) -> Any:
        """The JSON at a path of the REST interface, such as ``/instances``."""
        return self._checked(httpx.get(self.url + path, timeout=30, verify=CERTIFICATES)).json()

    def content(self, path: str) -> bytes:
        """The bytes at a path, such as ``/instances/ID/file``."""
        return self._checked(httpx.get(self.url + path, timeout=30, verify=CERTIFICATES)).content

    def post(self, path: str, body: Any) -> Any:
        """Post JSON, or bytes as they are (``/instances`` takes a DICOM file)."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self._checked(httpx.post(self.url + path, content=content, timeout=60, verify=CERTIFICATES)).json()

    def delete(self, path: str) -> None:
        """Take something out, such as ``/instances/ID``."""
        self._checked(httpx.delete(self.url + path, timeout=30, verify=CERTIFICATES))

    def add_modality(self, name: str, ae_title: str, port: int) -> None:
        """Make another AE known, so that it may ask here and be sent to (``post /modalities/NAME/store``)."""
        modality = {"AET": ae_title, "Host": "127.0.0.1", "Port": port, "AllowTranscoding": False}
        self._checked(httpx.put(f"{self.url}/modalities/{name}", json=modality, timeout=30, verify=CERTIFICATES))

    def upload(self, folder: Path) -> list[str]:
        """Store every file of a folder by REST; the instances' Orthanc identifiers."""
        return [
            self.post("/instances", path.read_bytes())["ID"] for path in sorted(folder.rglob("*")) if path.is_file()
        ]

    @staticmethod
    def _checked(response: httpx.Response) -> httpx.Response:
        response.raise_for_status()
        return response


def missing_program(name: str) -> None:
    """Skip the test on a machine without the program; where everything must run (CI), fail."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{name} is not installed")
    pytest.skip(f"{name} is not installed")


def free_port() -> int:
    """A port of 127.0.0.1 that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def running_orthanc(folder: Path, **settings: Any) -> Iterator[Orthanc]:
    """An archive that keeps its files in ``folder``.

    Parameters
    ----------
    settings
        Further entries of its configuration file, such as ``LuaScripts=[path]``, ``StableAge=1``.
    """
    program = shutil.which(PROGRAM) or shutil.which(PROGRAM, path="/usr/sbin")
    if program is None or not DICOMWEB_PLUGIN.exists():
        missing_program("Orthanc with its DICOMweb plugin")
        return
    server = Orthanc(free_port(), free_port())
    configuration = folder / "orthanc.json"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "storage").mkdir()
    configuration.write_text(json.dumps(_configuration(folder, server) | settings), encoding="utf-8")
    with (folder / "orthanc.log").open("wb") as log:
        process = subprocess.Popen([program, str(configuration)], stdout=log, stderr=subprocess.STDOUT)
        try:
            _wait_until_ready(server, process, folder / "orthanc.log")
            yield server
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _configuration(folder: Path, server: Orthanc) -> dict[str, Any]:
    """HTTP answers this machine only; DICOM, which listens everywhere, only the AEs below from this machine."""
    return {
        "Name": "tests",
        "StorageDirectory": str(folder / "storage"),
        "IndexDirectory": str(folder / "storage"),
        "HttpPort": server.http_port,
        "DicomPort": server.dicom_port,
        "DicomAet": AE_TITLE,
        "DicomCheckCalledAet": True,
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomAlwaysAllowEcho": False,
        "DicomAlwaysAllowStore": False,
        "DicomCheckModalityHost": True,
        "DicomModalities": {"aspects": [OUR_AE_TITLE, "127.0.0.1", free_port()]},
        "StableAge": 1,
        "Plugins": [str(DICOMWEB_PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }


def _wait_until_ready(server: Orthanc, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{server.url}/system", timeout=1, verify=CERTIFICATES).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("Orthanc did not start:\n" + log.read_text(errors="replace")[-2000:])

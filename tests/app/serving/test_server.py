"""A real server: starts, answers, stops in order on a signal, and leaves nothing behind."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx
import pytest

ROOT = Path(__file__).parents[3]
Serve = Callable[..., AbstractContextManager[Any]]


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_in_order(serve: Serve, stop: signal.Signals) -> None:
    with serve(stop=stop) as server:
        assert httpx.get(f"{server.address}/livez").status_code == 200
        stopping = time.monotonic()
    assert time.monotonic() - stopping < 10
    assert server.exit_code == 0
    assert "Traceback" not in server.log


def test_requests_are_not_logged(serve: Serve) -> None:
    with serve() as server:
        httpx.get(f"{server.address}/Canary-Surname?name=Canary-Surname")
        httpx.post(f"{server.address}/v1/triage", json={"facts": {}, "case_id": "Canary-Surname"})
    assert "Canary" not in server.log


def test_any_worker_answers_for_any_job(serve: Serve) -> None:
    with serve("--workers", "2") as server, httpx.Client(base_url=server.address) as client:
        headers = {"prefer": "respond-async"}
        url = client.post("/v1/scans", files={"scan": b"no scan"}, headers=headers, timeout=60).headers["location"]
        answers = []
        for _ in range(200):
            # A connection of its own for each question, so that both workers are asked.
            answers.append(httpx.get(server.address + url, timeout=60))
            if [answer.status_code for answer in answers[-8:]] == [200] * 8:
                break
            time.sleep(0.1)
    assert {answer.status_code for answer in answers} <= {200, 202}
    assert answers[-1].json()["reading"]["status"] == "refused"


def test_an_address_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port"]
        run = subprocess.run(
            [*command, str(taken.getsockname()[1])], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT
        )
    assert run.returncode != 0
    assert "already in use" in run.stderr
    assert "Traceback" not in run.stderr


def test_a_remote_address_is_warned_of(serve: Serve) -> None:
    with serve("--host", "0.0.0.0") as server:  # noqa: S104 -- the warning is what is tested
        pass
    assert "there are no accounts" in server.log


@pytest.mark.shared
def test_a_real_scan_is_read_and_judged(serve: Serve, shared: Path) -> None:
    scan = shared / "scans" / "head-thin-nifti" / "Cranium.nii.gz"
    case = b'{"facts": {"age_years": 70, "occlusion_site": "mca_m1", "minutes_since_last_known_well": 120}}'
    with serve() as server:
        parts = {"scan": scan.read_bytes(), "case": case}
        response = httpx.post(f"{server.address}/v1/scans?overlay=1", files=parts, timeout=120)
        slices = sorted((shared / "scans" / "siemens-thick-tilt").iterdir())
        series = httpx.post(f"{server.address}/v1/scans", files=[("scan", s.read_bytes()) for s in slices], timeout=120)
    answer = response.json()
    assert response.status_code == 200
    assert answer["reading"]["status"] == "scored"
    assert answer["reading"]["overlay_png_base64"].startswith("iVBOR")
    assert answer["triage"]["aspects"]["source"] == "software_reading"
    assert series.json()["reading"]["status"] == "scored"
    assert "overlay_png_base64" not in series.json()["reading"]

"""The demo from start to end: a real service, the sample scan, a readable answer, an orderly stop."""

import os
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "sample_data" / "demo.py"
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def run_demo(*words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )


def test_once_answers_beside_a_taken_port_and_ends_with_0() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        told = run_demo("--once", "--port", str(port))
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(f"Port {port} is taken; using ")
    for words in ("ASPECTS ", "window 0-6 h", "clause ", "Transfer now", "Not a cleared medical device"):
        assert words in told.stdout
    assert told.stderr == ""


def test_ctrl_c_stops_the_demo_and_its_service() -> None:
    command = [sys.executable, str(SCRIPT), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as demo:
        assert demo.stdout
        last = next((line for line in demo.stdout if "Ctrl-C stops" in line), "")
        address = re.search(r"http://127\.0\.0\.1:\d+", last)
        assert address, "the demo ended before it said where the form is"
        with DIRECT.open(f"{address.group()}/", timeout=10) as page:
            assert page.status == 200
        demo.send_signal(signal.SIGINT)
        rest, errors = demo.communicate(timeout=30)
    assert (demo.returncode, rest.strip(), errors) == (0, "Stopped.", "")
    with pytest.raises(urllib.error.URLError):
        DIRECT.open(f"{address.group()}/livez", timeout=5)


def test_service_that_does_not_start_is_a_failure_with_its_last_words() -> None:
    told = run_demo("--once", ASPECTS_SCAN_PROCESSES="several")
    assert told.returncode == 1
    assert "The service ended with exit code 2 before it was ready." in told.stderr
    assert "ASPECTS_SCAN_PROCESSES" in told.stderr
    assert "Traceback" not in told.stderr

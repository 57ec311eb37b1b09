"""A real server of a hospital: nothing about a patient in its logs, numbers of all its processes, an end in order."""

import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[3]
COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]
CANARY = "Canaryname"


@dataclass
class HospitalServer:
    address: str
    process: "subprocess.Popen[str]"
    folder: Path
    environment: dict[str, str]
    lines: list[str] = field(default_factory=list)

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def key(self, *scopes: str, name: str) -> dict[str, str]:
        words = [word for scope in scopes for word in ("--scope", scope)]
        made = subprocess.run(
            [*COMMAND, "keys", "make", name, *words],
            capture_output=True,
            text=True,
            check=True,
            cwd=ROOT,
            env=self.environment,
        )
        return {"authorization": f"Bearer {made.stdout.strip()}"}


@contextmanager
def serving(folder: Path, *options: str, **settings: str) -> Iterator[HospitalServer]:
    (folder / "tmp").mkdir()
    environment = {
        **os.environ,
        "ASPECTS_DATA_DIR": str(folder / "record"),
        "ASPECTS_DRAIN_SECONDS": "0.5",
        "TMPDIR": str(folder / "tmp"),
        **settings,
    }
    command = [*COMMAND, "serve", "--port", "0", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=ROOT, env=environment) as process:
        assert process.stderr is not None
        server = HospitalServer("", process, folder, environment)
        for line in process.stderr:
            server.lines.append(line)
            if found := re.search(r"running on (http://[^ ]+)", line):
                server.address = found.group(1)
                break
        assert server.address, server.log
        stderr = process.stderr
        reader = threading.Thread(target=lambda: server.lines.extend(stderr))
        reader.start()
        try:
            _wait(server)
            yield server
        finally:
            process.terminate()
            process.wait(timeout=60)
            reader.join()


def _wait(server: HospitalServer) -> None:
    for _ in range(300):
        with suppress(httpx.TransportError):
            httpx.get(f"{server.address}/livez")
            return
        assert server.process.poll() is None, server.log
        time.sleep(0.1)
    pytest.fail("the server did not come to life")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What a server with two processes logged and counted while a patient's name was sent everywhere."""
    folder = tmp_path_factory.mktemp("hospital")
    database = {}
    if request.param == "postgresql":
        database["ASPECTS_DATABASE_URL"] = request.getfixturevalue("postgresql").new_database()
    with serving(folder, "--workers", "2", **database) as server:
        key = server.key("read", "triage", "ingest", "admin", name="all")
        with httpx.Client(base_url=server.address, headers=key, timeout=60) as client:
            statuses = _send_the_name_everywhere(client)
            metrics = client.get("/metrics").text
        code = re.search(r"/sign-in#(\S+)", server.log)
        assert code is not None
        with httpx.Client(base_url=server.address, timeout=60) as browser:
            ours = {"sec-fetch-site": "same-origin"}
            statuses.append(browser.post("/sign-in", data={"code": code.group(1)}, headers=ours).status_code)
            browser.post("/", data={"case_id": CANARY, "age_years": CANARY}, headers=ours)
            cookie = browser.cookies["aspects_session"]
        ready = httpx.get(f"{server.address}/readyz", timeout=60)
    return {
        "log": server.log, "metrics": metrics, "statuses": statuses, "ready": ready, "key": key["authorization"][7:],
        "cookie": cookie, "code": code.group(1), "exit": server.process.returncode,
        "left": list((folder / "tmp").iterdir()),
    }  # fmt: skip


def _send_the_name_everywhere(client: httpx.Client) -> list[int]:
    case = {"case_id": CANARY, "facts": {CANARY: CANARY}}
    dicom = b"\0" * 128 + b"DICM" + CANARY.encode() * 50
    answers = [
        client.post("/v1/triage", json={"case_id": CANARY, "facts": {}}),
        client.post("/v1/triage", json=case),
        client.post("/v1/triage", content=CANARY.encode(), headers={"content-type": "application/json"}),
        client.post(f"/v1/triage?{CANARY}={CANARY}", json=case, headers={"x-request-id": CANARY, "user-agent": CANARY}),
        client.get(f"/{CANARY}/{CANARY}"),
        client.get(f"/v1/rules/{CANARY}"),
        client.get(f"/v1/scans/jobs/{CANARY}"),
        client.get(f"/v1/cases/{CANARY}"),
        client.request(CANARY.upper(), "/v1/triage"),
        client.post("/v1/scans", files={"scan": (f"{CANARY}.dcm", dicom)}, data={"case": json.dumps(case)}),
        client.post("/v1/scans", files={"scan": (f"{CANARY}.dcm", dicom)}),
        client.post("/v1/scans", files={CANARY: (f"{CANARY}.dcm", dicom)}),
        client.get("/v1/rules", headers={"authorization": f"Bearer {CANARY}"}),
        client.get("/v1/rules", headers={"cookie": f"{CANARY}={CANARY}"}),
        client.get("/v1/rules", headers={"host": CANARY}),
        client.post("/fhir/$triage", json={"resourceType": "Bundle", "entry": [{"resource": {CANARY: CANARY}}]}),
    ]
    return [answer.status_code for answer in answers]


def test_no_answer_is_a_fault(told: dict[str, object]) -> None:
    assert max(told["statuses"]) < 500  # type: ignore[call-overload]
    assert told["statuses"][0] == 200  # type: ignore[index]


def test_nothing_about_a_patient_is_logged_or_counted(told: dict[str, object]) -> None:
    assert CANARY.lower() not in str(told["log"]).lower()
    assert CANARY.lower() not in str(told["metrics"]).lower()


def test_no_secret_is_logged(told: dict[str, object]) -> None:
    log = str(told["log"])
    assert str(told["key"])[11:] not in log
    assert str(told["cookie"]) not in log
    assert log.count(str(told["code"])) == 1  # where it is printed for the user, once


def test_each_line_of_the_log_is_json_and_tells_who_asked_for_what(told: dict[str, object]) -> None:
    lines = [line for line in str(told["log"]).splitlines() if "/sign-in#" not in line]
    entries = [json.loads(line) for line in lines]
    requests = [entry for entry in entries if entry["event"] == "request"]
    judged = [entry for entry in requests if entry["route"] == "/v1/triage" and entry["status"] == 200]
    assert judged
    for entry in judged:
        assert entry["actor"] == "key:all"
        assert entry["milliseconds"] > 0
        assert re.fullmatch(r"[0-9a-f-]{8,64}", entry["request_id"])


def test_a_refused_caller_can_be_found_and_others_leave_no_address(told: dict[str, object]) -> None:
    entries = [json.loads(line) for line in str(told["log"]).splitlines() if '"request"' in line]
    refused = [entry for entry in entries if entry["status"] in {401, 403, 421}]
    assert refused
    assert {entry["address"] for entry in refused} == {"127.0.0.1"}
    assert not [entry for entry in entries if entry["status"] == 200 and "address" in entry]


def test_numbers_are_those_of_all_processes(told: dict[str, object]) -> None:
    metrics = str(told["metrics"])
    found = re.search(r'aspects_requests_total\{method="POST",route="/v1/triage",status="200"\} (\S+)', metrics)
    assert found is not None
    assert float(found.group(1)) == 1
    assert 'aspects_waiting{what="scan_jobs_waiting"}' in metrics
    assert re.search(r'aspects_triages_total\{action="[A-Z_]+"\} ', metrics)
    assert 'aspects_waiting{what="record_writes"}' in metrics
    assert 'route="/v1/rules/{rule_id}"' in metrics


def test_a_server_that_runs_is_ready(told: dict[str, object]) -> None:
    ready = told["ready"]
    assert isinstance(ready, httpx.Response)
    assert ready.status_code == 200, ready.text


def test_it_ends_in_order_and_leaves_nothing_behind(told: dict[str, object]) -> None:
    assert told["exit"] == 0
    assert told["left"] == []


def test_a_stop_under_load_loses_no_accepted_request(tmp_path: Path) -> None:
    """Whatever the server's log says was answered has reached its caller whole, and the record holds each case."""
    answered: set[str] = set()
    unready = threading.Event()
    with serving(tmp_path, ASPECTS_DRAIN_SECONDS="1.5") as server:
        key = server.key("triage", "read", name="load")

        def ask() -> None:
            with httpx.Client(base_url=server.address, headers=key, timeout=60) as client:
                while not unready.is_set():
                    try:
                        answer = client.post("/v1/triage", json={"facts": {}, "parts": ["transfer"]})
                    except httpx.TransportError:
                        return
                    if answer.status_code == 200 and answer.json()["versions"]:
                        answered.add(answer.headers["x-request-id"])

        callers = [threading.Thread(target=ask) for _ in range(6)]
        for caller in callers:
            caller.start()
        while len(answered) < 30:
            time.sleep(0.05)
        server.process.terminate()
        while httpx.get(f"{server.address}/readyz", timeout=60).status_code != 503:
            time.sleep(0.02)
        before = len(answered)
        while len(answered) < before + 5 and server.process.poll() is None:
            time.sleep(0.02)  # while it drains, requests are answered as before
        unready.set()
        for caller in callers:
            caller.join()
        assert server.process.wait(timeout=60) == 0
    entries = [json.loads(line) for line in server.lines if line.startswith("{")]
    logged = {e["request_id"] for e in entries if e["event"] == "request" and e["route"] == "/v1/triage"}
    assert len(answered) >= before + 5
    assert logged == answered

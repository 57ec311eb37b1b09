"""The sample client: what it sends, how it waits, and what it says where there is no answer."""

import importlib.util
import json
import threading
from collections.abc import Iterator
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "sample_data" / "send_sample.py"

SCORED: dict[str, Any] = {"reading": {"status": "scored"}, "triage": {}}
REFUSED: dict[str, Any] = {
    "reading": {
        "status": "refused",
        "refusal": {"code": "NOT_A_HEAD", "text": "This is not a head.", "remedy": "Send a head CT."},
    },
    "triage": {},
}


@pytest.fixture
def send_sample() -> ModuleType:
    spec = importlib.util.spec_from_file_location("send_sample", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Service(HTTPServer):
    """Gives the answers that it was told to give, in order, and keeps what it was sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: list[tuple[int, dict[str, str], dict[str, Any]]] = []
        self.got: list[tuple[str, str, bytes]] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def do_GET(self) -> None:
        self._answer(b"")

    def _answer(self, body: bytes) -> None:
        self.server.got.append((self.path, self.headers.get("Content-Type", ""), body))
        status, headers, answer = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(json.dumps(answer).encode())

    def log_message(self, *_words: object) -> None:
        """Keep quiet."""


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    scan, case = tmp_path / "head.nii.gz", tmp_path / "case.json"
    scan.write_bytes(bytes(range(256)))
    case.write_text('{"facts": {}}')
    return {"scan": scan, "case": case}


def test_sends_scan_and_case_as_parts(send_sample: ModuleType, service: Service, files: dict[str, Path]) -> None:
    service.answers = [(200, {}, SCORED)]
    assert send_sample.send(service.address, **files) == SCORED
    path, kind, body = service.got[0]
    message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + body)
    parts = {part.get_param("name", header="content-disposition"): part for part in message.iter_parts()}
    assert path == "/v1/scans"
    assert parts["scan"].get_payload(decode=True) == bytes(range(256))
    assert parts["scan"].get_filename() == "head.nii.gz"
    assert parts["case"].get_content_type() == "application/json"
    assert json.loads(parts["case"].get_payload(decode=True)) == {"facts": {}}


def test_polls_the_job_where_the_service_opens_one(
    send_sample: ModuleType, service: Service, files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(send_sample.time, "sleep", lambda _seconds: None)
    job = {"Location": "/v1/jobs/7"}
    service.answers = [(202, job, {}), (202, job, {}), (200, {}, SCORED)]
    assert send_sample.send(service.address, **files) == SCORED
    assert [path for path, _, _ in service.got] == ["/v1/scans", "/v1/jobs/7", "/v1/jobs/7"]


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (200, REFUSED, "(?s)This is not a head.*NOT_A_HEAD.*Send a head CT"),
        (422, {"detail": "age_years is not a number"}, "422.*age_years is not a number"),
        (503, {"detail": "busy"}, "503.*busy"),
    ],
)
def test_says_why_there_is_no_answer(
    send_sample: ModuleType,
    service: Service,
    files: dict[str, Path],
    status: int,
    answer: dict[str, Any],
    said: str,
) -> None:
    service.answers = [(status, {}, answer)]
    with pytest.raises(send_sample.SendFailed, match=said):
        send_sample.send(service.address, **files)


def test_says_which_file_is_missing(send_sample: ModuleType, files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(send_sample.SendFailed, match=r"no-scan\.nii cannot be read: No such file"):
        send_sample.send("http://127.0.0.1:9", tmp_path / "no-scan.nii", files["case"])


def test_says_that_nobody_answers(send_sample: ModuleType, files: dict[str, Path]) -> None:
    with pytest.raises(send_sample.SendFailed, match="could not be reached"):
        send_sample.send("http://127.0.0.1:9", **files)

"""What was not sent along is fetched from a real FHIR server: from the EHR's own, with its token, or not at all."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from pydantic_core import to_json

from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling
from tests.app.interop.cds_hooks.conftest import ehr_file
from tests.app.interop.cds_hooks.ehr import call, chart, quiet_chart, token
from tests.app.interop.ehr_server import EhrServer, ehr_server
from tests.app.interop.fhir.case_bundles import Json

VIEW = "/cds-services/aspects-patient-view"


def asked(caller: Caller, body: Json) -> tuple[int, Json]:
    response = caller.post(VIEW, json=body, headers={"authorization": f"Bearer {token(VIEW)}"})
    return response.status_code, response.json()


@pytest.fixture(scope="module")
def ehr(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EhrServer]:
    with ehr_server(tmp_path_factory.mktemp("ehr")) as server:
        sent = chart()
        server.put(sent["patient"])
        for key in ("scores", "facts"):
            for number, entry in enumerate(sent[key]["entry"]):
                server.put({"id": f"{key}{number}", **entry["resource"]})
        yield server


@pytest.mark.peers
def test_a_chart_in_a_fhir_server_gives_the_card_that_a_prefetched_one_gives(tmp_path: Path, ehr: EhrServer) -> None:
    path = ehr_file(tmp_path, fhir_servers=[ehr.address])
    with calling(create_app(Settings(cds_hooks_file=path))) as caller:
        status, fetched = asked(caller, call(fhirServer=f"{ehr.address}/"))
        assert status == 200, fetched
        _, sent = asked(caller, call(chart()))
        assert [card["summary"] for card in fetched["cards"]] == [card["summary"] for card in sent["cards"]]
        assert "Thrombectomy is recommended" in fetched["cards"][0]["summary"]
        other = call(fhirServer=ehr.address)
        other["context"]["patientId"] = "nobody"
        assert asked(caller, other)[0] == 412


class _Server(BaseHTTPRequestHandler):
    """Answers by path; remembers what it was sent."""

    seen: list[tuple[str, str | None]] = []  # noqa: RUF012 -- the handler is made anew for each request
    answer: bytes = b"{}"
    code = 200

    def do_GET(self) -> None:
        self.seen.append((self.path, self.headers.get("authorization")))
        body = to_json(chart()["patient"]) if self.path.startswith("/fhir/Patient/") else self.answer
        self.send_response(self.code)
        if self.code == 302:
            self.send_header("location", "/elsewhere")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        with suppress(OSError):  # the client stops reading what is too long
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def server() -> Iterator[str]:
    _Server.seen, _Server.code = [], 200
    _Server.answer = to_json(quiet_chart()["scores"])
    with HTTPServer(("127.0.0.1", 0), _Server) as http:
        thread = threading.Thread(target=http.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{http.server_port}/fhir"
        http.shutdown()
        thread.join()


@pytest.fixture
def caller(tmp_path: Path, server: str) -> Iterator[Caller]:
    with calling(create_app(Settings(cds_hooks_file=ehr_file(tmp_path, fhir_servers=[server])))) as caller:
        yield caller


def test_the_token_of_the_call_goes_to_the_server_and_only_what_is_absent_is_asked(caller: Caller, server: str) -> None:
    prefetch = {key: value for key, value in quiet_chart().items() if key != "facts"}
    allowed = {"access_token": "abc123", "token_type": "Bearer", "expires_in": 300, "scope": "x", "subject": "y"}
    assert asked(caller, call(prefetch, fhirServer=server, fhirAuthorization=allowed)) == (200, {"cards": []})
    ((path, authorization),) = _Server.seen
    assert authorization == "Bearer abc123"
    assert path.startswith("/fhir/Observation?patient=p1&code=urn:aspects-triage:codesystem:facts%7C")


@pytest.mark.parametrize("other", ["/", "/fhir/../admin", "x", "?", "@127.0.0.1/fhir"])
def test_another_server_than_the_ehrs_own_is_never_asked(caller: Caller, server: str, other: str) -> None:
    status, _ = asked(caller, call(fhirServer=f"{server}{other}" if other != "/" else "http://127.0.0.1:1/fhir"))
    assert status == 412
    assert _Server.seen == []


@pytest.mark.parametrize("code", [302, 401, 404, 500])
def test_a_server_that_does_not_answer_as_it_should_is_412(caller: Caller, server: str, code: int) -> None:
    _Server.code = code
    status, answer = asked(caller, call(fhirServer=server))
    assert status == 412
    assert server not in answer["detail"]
    assert not any(path == "/elsewhere" for path, _ in _Server.seen)


@pytest.mark.parametrize("answer", [b"", b"<html>", b"[" * 100_000, b" " * 5_000_000])
def test_an_answer_that_is_no_json_is_412(caller: Caller, server: str, answer: bytes) -> None:
    _Server.answer = answer
    assert asked(caller, call(fhirServer=server))[0] == 412


def test_an_address_that_nobody_listens_on_is_412(tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9/fhir"
    with calling(create_app(Settings(cds_hooks_file=ehr_file(tmp_path, fhir_servers=[nowhere])))) as caller:
        assert asked(caller, call(fhirServer=nowhere))[0] == 412

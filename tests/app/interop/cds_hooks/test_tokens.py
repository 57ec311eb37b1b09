"""Every call of an EHR proves who sends it: by the right key, for this very address, now, and once."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json

from app.interop.cds_hooks.ehr_file import EhrFileError, load_ehrs
from app.main import create_app
from app.settings.settings import Settings
from tests.app.interop.calling import Caller, calling
from tests.app.interop.cds_hooks.conftest import ehr_file
from tests.app.interop.cds_hooks.ehr import (
    BASE,
    EC_256,
    EC_384,
    ISSUER,
    KEYS,
    OTHER,
    RSA,
    SHARED,
    call,
    quiet_chart,
    token,
)
from tests.app.interop.fhir.case_bundles import Json

DISCOVERY = "/cds-services"
VIEW = "/cds-services/aspects-patient-view"
NOW = int(time.time())


def status(caller: Caller, shown: str | None, path: str = DISCOVERY) -> int:
    headers = {"authorization": f"Bearer {shown}"} if shown is not None else {}
    return caller.get(path, headers=headers).status_code


@pytest.mark.parametrize(("key", "algorithm"), [(EC_384, "ES384"), (EC_256, "ES256"), (RSA, "RS384"), (RSA, "RS256")])
def test_asymmetric_signatures_of_the_ehr_are_accepted(guarded: Caller, key: Any, algorithm: str) -> None:
    assert status(guarded, token(DISCOVERY, key, algorithm)) == 200


def test_every_address_asks_for_a_token(guarded: Caller) -> None:
    body, feedback = call(quiet_chart()), {"feedback": []}
    assert guarded.get(DISCOVERY).status_code == 401
    assert guarded.post(VIEW, json=body).status_code == 401
    assert guarded.post(f"{VIEW}/feedback", json=feedback).status_code == 401
    signed = {"authorization": f"Bearer {token(VIEW)}"}
    assert guarded.post(VIEW, json=body, headers=signed).json() == {"cards": []}


def test_a_token_is_good_for_one_call_and_one_address(guarded: Caller) -> None:
    shown = token(DISCOVERY)
    assert [status(guarded, shown), status(guarded, shown)] == [200, 401]
    assert status(guarded, token(VIEW)) == 401


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://other.example.org"},
        {"iss": None},
        {"iss": [ISSUER]},
        {"aud": BASE},
        {"aud": None},
        {"aud": f"{BASE}{DISCOVERY}/"},
        {"exp": NOW - 3600},
        {"exp": NOW + 7 * 24 * 3600},
        {"exp": None},
        {"exp": "soon"},
        {"exp": True},
        {"iat": None},
        {"iat": NOW + 3600},
        {"nbf": NOW + 3600},
        {"jti": None},
        {"jti": ""},
        {"jti": 7},
        {"jti": "x" * 1000},
    ],
)
def test_tokens_with_wrong_claims_are_refused(guarded: Caller, claims: Json) -> None:
    assert status(guarded, token(DISCOVERY, **claims)) == 401


@pytest.mark.parametrize(
    ("key", "algorithm", "header"),
    [
        (OTHER, "ES384", {}),
        (SHARED, "HS256", {}),
        (SHARED, "HS256", {"kid": "ec384"}),
        (RSA, "RS256", {"kid": "ec384"}),
        (RSA, "PS256", {}),
        (EC_384, "ES384", {"kid": None}),
        (EC_384, "ES384", {"kid": "unknown"}),
        (EC_384, "ES384", {"jku": "https://attacker.example.org/jwks.json"}),
        (OTHER, "ES384", {"jwk": OTHER.as_dict(private=False)}),
    ],
)
def test_tokens_of_other_keys_are_refused(guarded: Caller, key: Any, algorithm: str, header: Json) -> None:
    assert status(guarded, token(DISCOVERY, key, algorithm, header)) == 401


@pytest.mark.parametrize("shown", ["", "x", "a.b.c", "é.é.é", "x" * 20_000, "eyJhbGciOiJub25lIn0.eyJpc3MiOiJ4In0."])
def test_what_is_no_token_is_refused(guarded: Caller, shown: str) -> None:
    headers = [(b"authorization", f"Bearer {shown}".encode())]
    response = guarded.get(DISCOVERY, headers=headers)
    assert response.status_code == 401
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_none_is_no_signature(guarded: Caller) -> None:
    head, _, _ = token(DISCOVERY).partition(".")
    assert head
    unsigned = token(DISCOVERY).split(".")
    none_header = "eyJhbGciOiJub25lIiwia2lkIjoiZWMzODQifQ"
    assert status(guarded, f"{none_header}.{unsigned[1]}.") == 401
    assert status(guarded, f"{unsigned[0]}.{unsigned[1]}.") == 401


class _Keys(BaseHTTPRequestHandler):
    served = 0
    keys: tuple[Json, ...] = tuple(KEYS)

    def do_GET(self) -> None:
        type(self).served += 1
        body = to_json({"keys": list(self.keys)})
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def jwks_url() -> Iterator[str]:
    _Keys.served = 0
    with HTTPServer(("127.0.0.1", 0), _Keys) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/jwks.json"
        server.shutdown()
        thread.join()


def test_keys_are_fetched_from_the_one_address_and_kept(tmp_path: Path, jwks_url: str) -> None:
    path = ehr_file(tmp_path, jwks_url=jwks_url, keys=[])
    with calling(create_app(Settings(cds_hooks_file=path))) as caller:
        assert status(caller, token(DISCOVERY, header={"jku": jwks_url})) == 200
        assert status(caller, token(DISCOVERY)) == 200
        assert status(caller, token(DISCOVERY, header={"kid": "unknown"})) == 401
        assert status(caller, token(DISCOVERY, header={"jku": f"{jwks_url}x"})) == 401
    assert _Keys.served == 1


def test_keys_that_cannot_be_fetched_let_nobody_in(tmp_path: Path) -> None:
    path = ehr_file(tmp_path, jwks_url="http://127.0.0.1:9/jwks.json", keys=[])
    with calling(create_app(Settings(cds_hooks_file=path))) as caller:
        assert status(caller, token(DISCOVERY)) == 401


ORIGIN = {"origin": "https://ehr.example.org"}
PREFLIGHT = {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}


def test_browsers_of_configured_origins_may_call(guarded: Caller) -> None:
    preflight = guarded.request("OPTIONS", VIEW, headers=ORIGIN | PREFLIGHT)
    assert preflight.status_code == 204
    assert preflight.headers["access-control-allow-origin"] == ORIGIN["origin"]
    assert "authorization" in preflight.headers["access-control-allow-headers"]
    refused = guarded.get(DISCOVERY, headers=ORIGIN)
    assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (401, ORIGIN["origin"])
    assert "access-control-allow-credentials" not in refused.headers


@pytest.mark.parametrize("origin", ["https://attacker.example.org", "null", "https://ehr.example.org.attacker.net"])
def test_browsers_of_other_origins_may_not(guarded: Caller, origin: str) -> None:
    for response in (
        guarded.request("OPTIONS", VIEW, headers={"origin": origin} | PREFLIGHT),
        guarded.get(DISCOVERY, headers={"origin": origin}),
    ):
        assert "access-control-allow-origin" not in response.headers


def test_no_origin_is_allowed_elsewhere(guarded: Caller) -> None:
    assert "access-control-allow-origin" not in guarded.get("/v1/rules", headers=ORIGIN).headers
    assert "access-control-allow-origin" not in guarded.get("/fhir/metadata", headers=ORIGIN).headers


@pytest.mark.parametrize(
    "ehr",
    [
        {"keys": []},
        {"jwks_url": "https://ehr.example.org/jwks"},
        {"issuer": ""},
        {"origins": ["https://ehr.example.org/path"]},
        {"origins": ["*"]},
        {"fhir_servers": ["ftp://ehr.example.org"]},
        {"fhir_servers": ["https://user:pass@ehr.example.org"]},
        {"nonsense": 1},
    ],
)
def test_a_file_that_is_not_right_is_refused_with_its_place(tmp_path: Path, ehr: Json) -> None:
    with pytest.raises(EhrFileError, match=r"ehrs\.yaml"):
        load_ehrs(ehr_file(tmp_path, **ehr))


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EhrFileError):
        load_ehrs(tmp_path / "nothing.yaml")

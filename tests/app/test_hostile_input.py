"""Every way of sending a case that must not be read as anything: a problem comes back, with nothing of the input."""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import httpx
import pytest

from app.problems import MEDIA_TYPE

CANARY = "Canary-Surname"
"""Stands in a request wherever a patient's name might; no answer may hold it."""

JSON = {"content-type": "application/json"}

FACTS = {
    "boolean for a number": {"age_years": False},
    "boolean for an integer": {"nihss_total": True},
    "text for a number": {"age_years": "70"},
    "text for an integer": {"prestroke_mrs": "0"},
    "fraction for an integer": {"nihss_total": 7.0},
    "below the range": {"age_years": -1},
    "above the range": {"nihss_total": 43},
    "no for a boolean": {"haemorrhage_on_imaging": "no"},
    "off for a boolean": {"haemorrhage_on_imaging": "off"},
    "0 for a boolean": {"haemorrhage_on_imaging": 0},
    "1 for a boolean": {"thrombolysis_given": 1},
    "list for a number": {"age_years": [70]},
    "object for a number": {"age_years": {"value": 70}},
    "unknown vessel": {"occlusion_site": CANARY},
    "region for a vessel": {"occlusion_site": "M1"},
    "vessel in capitals": {"occlusion_site": "MCA_M1"},
    "unknown fact": {"canary_surname": CANARY},
    "patient's name for a fact": {CANARY: True},
    "fact with a blank": {" age_years": 70},
    "naive time": {"last_known_well_at": "2026-03-01T09:30:00"},
    "date for a time": {"last_known_well_at": "2026-03-01"},
    "epoch": {"last_known_well_at": 1763787600},
    "epoch in quotes": {"last_known_well_at": "1763787600"},
    "boolean for a time": {"last_known_well_at": True},
    "blank for the T": {"last_known_well_at": "2026-03-01 09:30:00+00:00"},
    "30 February": {"last_known_well_at": "2026-02-30T09:30:00+00:00"},
    "25 o'clock": {"last_known_well_at": "2026-03-01T25:30:00+00:00"},
    "offset of a day": {"last_known_well_at": "2026-03-01T09:30:00+23:59"},
    "year 1": {"last_known_well_at": "0001-01-01T00:00:00+14:00"},
    "year 9999": {"last_known_well_at": "9999-12-31T23:59:59-12:00"},
    "other digits": {"last_known_well_at": "٢٠٢٦-03-01T09:30:00+00:00"},
    "newline after a time": {"last_known_well_at": "2026-03-01T09:30:00+00:00\n"},
    "NIHSS item above its maximum": {"nihss_items": {"1a": 4}},
    "NIHSS item below 0": {"nihss_items": {"4": -1}},
    "NIHSS limb as boolean": {"nihss_items": {"5a": True}},
    "NIHSS limb as text": {"nihss_items": {"5a": "2"}},
    "NIHSS limb coded 9": {"nihss_items": {"5a": 9}},
    "UN where the form does not allow it": {"nihss_items": {"4": "UN"}},
    "un in small letters": {"nihss_items": {"5a": "un"}},
    "unknown NIHSS item": {"nihss_items": {"12": 1}},
    "internal name of an NIHSS item": {"nihss_items": {"item_1a": 1}},
    "NIHSS items as list": {"nihss_items": [0] * 15},
}

CASES: dict[str, Any] = {
    "no facts": {},
    "facts null": {"facts": None},
    "facts a list": {"facts": []},
    "a list": [],
    "a text": CANARY,
    "a number": 7,
    "null": None,
    "unknown field": {"facts": {}, "canary": CANARY},
    "facts at the top": {"facts": {}, "age_years": 70},
    "number for a case id": {"facts": {}, "case_id": 7},
    "control character in a case id": {"facts": {}, "case_id": f"{CANARY}\u0000"},
    "long case id": {"facts": {}, "case_id": CANARY * 20},
    "naive evaluation time": {"facts": {}, "evaluated_at": "2026-03-01T10:00:00"},
    "unknown region": {"facts": {}, "findings": {"regions": {"M7": "affected"}}},
    "region in small letters": {"facts": {}, "findings": {"regions": {"ic": "affected"}}},
    "unknown status": {"facts": {}, "findings": {"regions": {"C": CANARY}}},
    "boolean for a status": {"facts": {}, "findings": {"regions": {"C": True}}},
    "regions as list": {"facts": {}, "findings": {"regions": ["C"]}},
    "no regions": {"facts": {}, "findings": {"side": "left"}},
    "side on the screen": {"facts": {}, "findings": {"side": "L", "regions": {}}},
    "old infarct twice": {"facts": {}, "findings": {"regions": {}, "old_infarct": ["C", "C"]}},
    "old infarct nowhere": {"facts": {}, "findings": {"regions": {}, "old_infarct": [CANARY]}},
    "posterior part in findings": {"facts": {}, "findings": {"regions": {"pons": "affected"}}},
    "region in posterior findings": {"facts": {}, "posterior_findings": {"regions": {"C": "affected"}}},
    "unknown capability": {"facts": {}, "site": {"capability": CANARY}},
    "negative way": {"facts": {}, "site": {"minutes_to_thrombectomy_centre": -1}},
    "unknown site": {"facts": {}, "site_id": CANARY},
    "site twice": {"facts": {}, "site_id": CANARY, "site": {}},
}

UNREADABLE = {
    "nothing": b"",
    "blanks": b" \n\t ",
    "half an object": b'{"facts": {"age_years": 70}',
    "two values": b'{"facts": {}} {"facts": {}}',
    "comma at the end": b'{"facts": {},}',
    "single quotes": b"{'facts': {}}",
    "invalid UTF-8": b'{"facts": {}, "case_id": "\xff\xfe"}',
    "UTF-8 of a surrogate": b'{"facts": {}, "case_id": "\xed\xa0\x80"}',
    "byte order mark": b'\xef\xbb\xbf{"facts": {}}',
    "UTF-16": '{"facts": {}}'.encode("utf-16"),
    "UTF-32": '{"facts": {}}'.encode("utf-32-le"),
    "key twice": b'{"facts": {"haemorrhage_on_imaging": true, "haemorrhage_on_imaging": false}}',
    "key twice, once escaped": b'{"facts": {"haemorrhage_on_imaging": true, "haemorrhage\\u005fon_imaging": false}}',
    "facts twice": b'{"facts": {"age_years": 70}, "facts": {}}',
    "region twice": b'{"facts": {}, "findings": {"regions": {"C": "affected", "C": "unaffected"}}}',
    "NaN": b'{"facts": {"age_years": NaN}}',
    "Infinity": b'{"facts": {"age_years": Infinity}}',
    "-Infinity": b'{"facts": {"age_years": -Infinity}}',
    "lone surrogate in a value": b'{"facts": {}, "case_id": "\\ud800"}',
    "lone surrogate in a key": b'{"facts": {"\\udfff": 1}}',
    "surrogates the wrong way round": b'{"facts": {}, "case_id": "\\ude00\\ud83d"}',
    "5,000 digits": b'{"facts": {"age_years": ' + b"7" * 5000 + b"}}",
    "100,000 brackets": b"[" * 100_000,
    "100,000 objects": b'{"a":' * 50_000,
    "40 levels": b'{"facts": ' + b"[" * 40 + b"]" * 40 + b"}",
    "leading zero": b'{"facts": {"age_years": 070}}',
    "plus sign": b'{"facts": {"age_years": +70}}',
    "hexadecimal": b'{"facts": {"age_years": 0x46}}',
    "comment": b'{"facts": {} /* none */}',
    "zero byte": b'{"facts": {}}\x00',
}

TOO_LARGE_NUMBERS = {
    "1e999": b'{"facts": {"age_years": 1e999}}',
    "-1e999": b'{"facts": {"core_volume_ml": -1e999}}',
    "4,000 digits": b'{"facts": {"age_years": ' + b"7" * 4000 + b"}}",
    "4,000 digits for an integer": b'{"facts": {"nihss_total": ' + b"7" * 4000 + b"}}",
}

CONTENT_TYPES = [
    None,
    "",
    "text/plain",
    "text/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json; charset=latin-1",
    "application/json-seq",
    "application/vnd.api+json",
]

pytestmark = pytest.mark.anyio


def check_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    """The answer is a problem with that status, complete, and repeats nothing of the request."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
    assert problem["status"] == status
    assert problem["detail"]
    for error in problem["errors"]:
        assert set(error) == {"loc", "msg", "type"}
    assert CANARY not in response.text
    return problem


@pytest.mark.parametrize("facts", FACTS.values(), ids=FACTS)
async def test_a_wrong_fact_is_refused_by_place(client: httpx.AsyncClient, facts: dict[str, Any]) -> None:
    problem = check_problem(await client.post("/v1/triage", json={"facts": facts}), 422)
    assert all(error["loc"][:2] == ["body", "facts"] for error in problem["errors"])
    assert len(problem["errors"]) == 1


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
async def test_a_wrong_case_is_refused(client: httpx.AsyncClient, case: object) -> None:
    response = await client.post("/v1/triage", content=json.dumps(case), headers=JSON)
    problem = check_problem(response, 422)
    assert problem["errors"]
    assert all(error["loc"][0] == "body" for error in problem["errors"])


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_what_is_not_one_json_value_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    check_problem(await client.post("/v1/triage", content=body, headers=JSON), 400)


@pytest.mark.parametrize("body", TOO_LARGE_NUMBERS.values(), ids=TOO_LARGE_NUMBERS)
async def test_a_number_beyond_all_range_is_refused(client: httpx.AsyncClient, body: bytes) -> None:
    check_problem(await client.post("/v1/triage", content=body, headers=JSON), 422)


@pytest.mark.parametrize("content_type", CONTENT_TYPES)
async def test_another_content_type_is_refused(client: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}
    check_problem(await client.post("/v1/triage", content=b'{"facts": {}}', headers=headers), 415)


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", 'APPLICATION/JSON;charset="UTF-8"'])
async def test_json_in_utf_8_is_taken(client: httpx.AsyncClient, content_type: str) -> None:
    response = await client.post("/v1/triage", content=b'{"facts": {}}', headers={"content-type": content_type})
    assert response.status_code == 200


async def test_a_declared_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    check_problem(await client.post("/v1/triage", content=b" " * 300_000, headers=JSON), 413)


async def test_a_streamed_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> Any:
        for _ in range(10):
            yield b" " * 50_000

    check_problem(await client.post("/v1/triage", content=chunks(), headers=JSON), 413)


async def test_a_body_of_many_faults_gets_a_short_answer(client: httpx.AsyncClient) -> None:
    facts = {f"unknown_{number}": 1 for number in range(5000)}
    problem = check_problem(await client.post("/v1/triage", json={"facts": facts}), 422)
    assert len(problem["errors"]) == 50


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", f"/{CANARY}", 404),
        ("GET", f"/v1/{CANARY}?name={CANARY}", 404),
        ("GET", f"/v1/rules/{CANARY}", 404),
        ("GET", "/v1/rules/..%2f..%2fetc%2fpasswd", 404),
        ("GET", f"/v1/scans/jobs/{CANARY}", 404),
        ("GET", "/v1/scans/jobs/%2e%2e%2f%2e%2e", 404),
        ("GET", "/v1/triage", 405),
        ("DELETE", "/v1/rules", 405),
        ("PUT", "/livez", 405),
        ("GET", "/v1/scans", 405),
    ],
)
async def test_wrong_addresses_and_methods(client: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    check_problem(await client.request(method, path), status)


async def test_a_fault_of_our_own_says_nothing_of_the_case(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_case: object) -> dict[str, Any]:
        raise RuntimeError(CANARY)

    monkeypatch.setattr("app.api.triage.triage_text", broken)
    check_problem(await client.post("/v1/triage", json={"facts": {}}), 500)


@pytest.fixture(scope="module")
def server(serve: Callable[..., AbstractContextManager[Any]]) -> Iterator[str]:
    """The address of a real server, whose log must hold nothing of what was sent."""
    with serve() as running:
        yield running.address
    assert CANARY not in running.log
    assert "Traceback" not in running.log


def test_a_real_server_refuses_them_all_and_lives_on(server: str) -> None:
    with httpx.Client(base_url=server) as client:
        for name, body in (UNREADABLE | TOO_LARGE_NUMBERS).items():
            response = client.post("/v1/triage", content=body, headers=JSON)
            check_problem(response, 422 if name in TOO_LARGE_NUMBERS else 400)
        for facts in FACTS.values():
            check_problem(client.post("/v1/triage", json={"facts": facts}), 422)
        assert client.get("/livez").status_code == 200
        assert client.post("/v1/triage", json={"facts": {}}).status_code == 200


def test_a_real_server_stops_a_stream_at_the_limit(server: str) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(1000):
            yield b" " * 50_000

    with httpx.Client(base_url=server) as client:
        try:
            response = client.post("/v1/triage", content=chunks(), headers=JSON)
        except httpx.WriteError:
            return  # the server closed the connection while this side was still sending: it read no further
        check_problem(response, 413)


def test_a_real_server_survives_broken_http(server: str) -> None:
    host, port = server.removeprefix("http://").split(":")
    for request in (
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/triage HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 99999\r\n\r\n{",
        b"POST /v1/triage HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00",
        b"GET /" + b"a" * 70_000 + b" HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection((host, int(port)), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            answer = connection.recv(4096)
            assert b" 500 " not in answer[:20]
    assert httpx.get(f"{server}/livez").status_code == 200

"""POST /v1/scans with processes that stand in for the reader: uploads, jobs, and how a reading meets a case."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.answers.scan_schemas import ScanAnswer
from app.main import create_app
from app.problems import MEDIA_TYPE
from app.scans.pool import ScanPool
from app.settings.settings import Settings

FAKE = Path(__file__).parent.parent / "scans" / "fake_worker.py"
CASE = {"facts": {"age_years": 70, "affected_side": "left", "haemorrhage_on_imaging": False}}
REGIONS = ("C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6")

pytestmark = pytest.mark.anyio

Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """A client of an application whose scan processes behave as asked; afterwards no file of a scan may be left."""

    @asynccontextmanager
    async def serve(behaviour: str = "scores", **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        chosen = Settings(scan_dir=tmp_path / "scans", **settings)
        app = create_app(chosen)
        desk = app.state.service.desk
        desk.pool = ScanPool(chosen, (sys.executable, str(FAKE), behaviour))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
            yield client
        await desk.close()
        assert not list((tmp_path / "scans").glob("*/upload/*"))

    return serve


def jobs_left(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "scans").iterdir())


def check_problem(response: httpx.Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == MEDIA_TYPE
    problem: dict[str, Any] = response.json()
    return problem


async def test_a_scan_alone_gets_a_reading(serving: Serving, tmp_path: Path) -> None:
    async with serving() as client:
        response = await client.post("/v1/scans", files={"scan": ("a.nii.gz", b"scan")})
    assert response.status_code == 200
    answer = ScanAnswer.model_validate(response.json())
    assert answer.reading.status == "scored"
    assert answer.triage is None
    assert jobs_left(tmp_path) == []


async def test_a_reading_feeds_a_case_that_has_no_findings(serving: Serving) -> None:
    async with serving() as client:
        response = await client.post("/v1/scans", files={"scan": b"scan", "case": json.dumps(CASE).encode()})
    triage = ScanAnswer.model_validate(response.json()).triage
    assert triage is not None
    assert triage.aspects is not None
    assert triage.aspects.source == "software_reading"
    assert triage.aspects.total == 8
    assert any("software" in warning for warning in triage.warnings)


async def test_the_readers_own_findings_win(serving: Serving) -> None:
    findings = {"side": "left", "regions": dict.fromkeys(REGIONS, "unaffected") | {"L": "affected"}}
    case = json.dumps(CASE | {"findings": findings}).encode()
    async with serving() as client:
        response = await client.post("/v1/scans", files={"scan": b"scan", "case": case})
    triage = response.json()["triage"]
    assert triage["aspects"]["total"] == 9
    assert triage["aspects"]["source"] == "region_findings"
    assert any("I (reader unaffected, software affected)" in warning for warning in triage["warnings"])


async def test_a_refused_scan_is_an_answer_and_judges_without_findings(serving: Serving) -> None:
    async with serving("refuses") as client:
        response = await client.post("/v1/scans", files={"scan": b"scan", "case": json.dumps(CASE).encode()})
    assert response.status_code == 200
    answer = response.json()
    assert answer["reading"]["refusal"]["code"] == "NOT_A_HEAD"
    assert answer["triage"]["aspects"] is None


@pytest.mark.parametrize("behaviour", ["segmentation fault", "never ends", "memory error", "fault"])
async def test_a_lost_process_is_a_refusal_and_the_server_goes_on(serving: Serving, behaviour: str) -> None:
    async with serving(behaviour, scan_seconds_limit=0.5) as client:
        response = await client.post("/v1/scans", files={"scan": b"scan"})
        assert response.status_code == 200
        assert response.json()["reading"]["status"] == "refused"
        assert (await client.get("/livez")).status_code == 200


async def test_without_processes_the_server_says_so(serving: Serving) -> None:
    async with serving("never starts") as client:
        response = await client.post("/v1/scans", files={"scan": b"scan"})
        check_problem(response, 503)
        assert response.headers["retry-after"]
        check_problem(await client.get("/readyz"), 503)


async def test_ready_when_a_process_starts(serving: Serving) -> None:
    async with serving() as client:
        response = await client.get("/readyz")
    assert response.status_code == 200
    assert response.json()["status"] == "ready"


async def test_several_files_arrive_whole_under_our_own_names(serving: Serving) -> None:
    blocks = [bytes([number]) * 700_000 for number in range(5)]
    parts = [("scan", (f"../../{number}.dcm", block)) for number, block in enumerate(blocks)]
    async with serving("lists files") as client:
        answer = (await client.post("/v1/scans", files=parts)).json()
    received = answer["reading"]["input"]
    assert received["bytes"] == 5 * 700_000
    assert received["files"] == ["00000", "00001", "00002", "00003", "00004"]


async def test_a_job_is_polled_and_its_answer_expires(serving: Serving, tmp_path: Path) -> None:
    async with serving("slow", job_keep_seconds=1) as client:
        response = await client.post("/v1/scans", files={"scan": b"scan"}, headers={"prefer": "wait=5, respond-async"})
        assert response.status_code == 202
        assert response.headers["preference-applied"] == "respond-async"
        url = response.headers["location"]
        assert response.json()["job"]["url"] == url
        assert (await client.get(url)).status_code == 202
        await asyncio.sleep(1.2)
        answer = await client.get(url)
        assert answer.status_code == 200
        assert ScanAnswer.model_validate(answer.json()).reading.status == "scored"
        await asyncio.sleep(1.2)
        check_problem(await client.get(url), 404)
    assert jobs_left(tmp_path) == []


async def test_a_busy_server_answers_later_and_a_full_one_not_at_all(serving: Serving, tmp_path: Path) -> None:
    async with serving("slow", scan_queue_limit=1) as client:
        first = asyncio.create_task(client.post("/v1/scans", files={"scan": b"scan"}))
        await asyncio.sleep(0.3)
        second = await client.post("/v1/scans", files={"scan": b"scan"})
        assert second.status_code == 202
        third = await client.post("/v1/scans", files={"scan": b"scan"})
        check_problem(third, 503)
        assert third.headers["retry-after"]
        assert (await first).status_code == 200
        await asyncio.sleep(1.2)
        assert (await client.get(second.headers["location"])).status_code == 200
        assert (await client.post("/v1/scans", files={"scan": b"scan"})).status_code == 200


BROKEN = {
    "cut short": (b'--b\r\nContent-Disposition: form-data; name="scan"; filename="a"\r\n\r\nabc', 400),
    "no boundary line": (b"abc", 400),
    "nothing": (b"", 400),
    "no name": (b"--b\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--b--\r\n", 422),
    "no parts": (b"--b--\r\n", 422),
    "other name": (b'--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nabc\r\n--b--\r\n', 422),
    "empty scan": (b'--b\r\nContent-Disposition: form-data; name="scan"; filename="a"\r\n\r\n\r\n--b--\r\n', 422),
    "endless header": (b"--b\r\nContent-Disposition: " + b"a" * 100_000 + b"\r\n\r\nabc\r\n--b--\r\n", 400),
    "many headers": (b"--b\r\n" + b"A: b\r\n" * 1000 + b"\r\nabc\r\n--b--\r\n", 400),
    "case twice": (b'--b\r\nContent-Disposition: form-data; name="case"\r\n\r\n{}\r\n' * 2 + b"--b--\r\n", 422),
}


@pytest.mark.parametrize(("body", "status"), BROKEN.values(), ids=BROKEN)
async def test_a_broken_form_is_refused(serving: Serving, tmp_path: Path, body: bytes, status: int) -> None:
    headers = {"content-type": "multipart/form-data; boundary=b"}
    async with serving() as client:
        check_problem(await client.post("/v1/scans", content=body, headers=headers), status)
    assert jobs_left(tmp_path) == []


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 415),
        ("", 415),
        ("multipart/mixed; boundary=b", 415),
        ("multipart/form-data", 400),
        ("multipart/form-data; boundary=" + "b" * 500, 400),
    ],
)
async def test_a_scan_comes_as_a_form(serving: Serving, content_type: str, status: int) -> None:
    async with serving() as client:
        check_problem(await client.post("/v1/scans", content=b"--b--", headers={"content-type": content_type}), status)


@pytest.mark.parametrize(
    ("case", "status"),
    [
        (b"", 400),
        (b'{"facts": {}, "facts": {}}', 400),
        (b'{"facts": {"age_years": NaN}}', 400),
        (b'{"facts": {"age_years": false}}', 422),
        (b'{"facts": {}, "site_id": "x"}', 422),
        (b" " * 300_000, 413),
    ],
)
async def test_the_case_of_a_scan_is_read_as_strictly(
    serving: Serving, tmp_path: Path, case: bytes, status: int
) -> None:
    async with serving() as client:
        problem = check_problem(await client.post("/v1/scans", files={"scan": b"scan", "case": case}), status)
    if status == 422:
        assert problem["errors"][0]["loc"][:2] == ["body", "case"]
    assert jobs_left(tmp_path) == []


async def test_too_many_files_are_refused(serving: Serving, tmp_path: Path) -> None:
    async with serving(upload_files_limit=3) as client:
        check_problem(await client.post("/v1/scans", files=[("scan", b"scan")] * 4), 413)
    assert jobs_left(tmp_path) == []


async def test_an_upload_beyond_the_limit_is_refused_while_it_streams(serving: Serving, tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="scan"; filename="a"\r\n\r\n'
        for _ in range(100):
            yield b"a" * 100_000

    headers = {"content-type": "multipart/form-data; boundary=b"}
    async with serving(upload_limit_bytes=2_000_000) as client:
        check_problem(await client.post("/v1/scans", content=chunks(), headers=headers), 413)
        assert jobs_left(tmp_path) == []
        check_problem(await client.post("/v1/scans", content=b"a" * 2_000_001, headers=headers), 413)


async def test_an_upload_that_takes_too_long_is_refused(serving: Serving, tmp_path: Path) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b'--b\r\nContent-Disposition: form-data; name="scan"; filename="a"\r\n\r\n'
        await asyncio.sleep(60)

    headers = {"content-type": "multipart/form-data; boundary=b"}
    async with serving(upload_seconds_limit=0.3) as client:
        check_problem(await client.post("/v1/scans", content=chunks(), headers=headers), 408)
    assert jobs_left(tmp_path) == []


async def test_the_overlay_switch_is_a_boolean(serving: Serving) -> None:
    async with serving() as client:
        problem = check_problem(await client.post("/v1/scans?overlay=maybe", files={"scan": b"scan"}), 422)
    assert problem["errors"][0]["loc"] == ["query", "overlay"]

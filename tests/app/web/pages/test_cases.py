"""The record on the page: keep, list, show, sign, go on with; and a service without a record says so."""

import json
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from app.access.actor import Actor, ActorKind, Scope
from app.main import create_app
from app.scans.pool import ScanPool
from app.settings.settings import Settings
from app.web.form.kept_fields import fields_of
from tests.app.web.test_workspace import CASE

ROOT = Path(__file__).parents[4]
DOCTOR = Actor(ActorKind.PERSON, "dr-who", frozenset({Scope.READ, Scope.TRIAGE}))
FAKE = ROOT / "tests" / "app" / "scans" / "fake_worker.py"
FORM = {**CASE, "case_id": "Bay 4"}

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    pytest.importorskip("sqlalchemy")
    settings = Settings(data_dir=tmp_path / "data", site_time_zone="Europe/London")
    app = create_app(settings, everyone=DOCTOR)
    app.state.service.desk.pool = ScanPool(settings, (sys.executable, str(FAKE), "scores"))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test", follow_redirects=True) as made:
        yield made
    await app.state.service.desk.close()
    await app.state.service.hospital.close()


async def test_a_case_is_kept_from_the_workspace_shown_listed_and_signed(client: httpx.AsyncClient) -> None:
    assert "No case has been kept yet." in (await client.get("/cases")).text
    assert 'formaction="/cases"' in (await client.post("/", data=FORM)).text
    kept = await client.post("/cases", data={**FORM, "keep": "yes", "lang": "en"})
    assert kept.url.path == "/cases/Bay 4"
    assert "Confirm and sign revision 1" in kept.text
    assert "not signed" in (await client.get("/cases")).text
    signed = await client.post("/cases/Bay 4/sign-off", data={"revision": "1", "comment": "seen by me"})
    assert signed.status_code == 200
    assert "dr-who" in signed.text
    assert "seen by me" in signed.text
    assert "Confirm and sign" not in signed.text
    assert "<b>not signed</b>" not in (await client.get("/cases")).text


async def test_a_changed_case_is_a_new_revision_that_waits_for_its_own_signature(client: httpx.AsyncClient) -> None:
    first = await client.post("/cases", data=FORM)
    await client.post("/cases/Bay 4/sign-off", data={"revision": "1"})
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', first.text))
    hidden.pop("revision", None)
    again = await client.post("/cases", data={**hidden, "age_years": "81"})
    assert "Confirm and sign revision 2" in again.text
    late = await client.post("/cases/Bay 4/sign-off", data={"revision": "7"})
    assert late.status_code == 404


async def test_signing_twice_is_refused_in_words(client: httpx.AsyncClient) -> None:
    await client.post("/cases", data=FORM)
    await client.post("/cases/Bay 4/sign-off", data={"revision": "1"})
    again = await client.post("/cases/Bay 4/sign-off", data={"revision": "1"})
    assert again.status_code == 409
    assert "The record says no" in again.text


@pytest.mark.parametrize("revision", ["", "-1", "one", "9" * 40])
async def test_a_revision_that_is_no_number_is_refused(client: httpx.AsyncClient, revision: str) -> None:
    await client.post("/cases", data=FORM)
    assert (await client.post("/cases/Bay 4/sign-off", data={"revision": revision})).status_code == 400


async def test_a_case_is_kept_with_its_scans_reading_and_what_the_reader_made_of_it(client: httpx.AsyncClient) -> None:
    sent = await client.post("/scan", data={"case": json.dumps(FORM)}, files={"scan": ("head.nii", b"stand-in")})
    name = re.search(r'name="scan" value="([\w-]{22})"', sent.text)
    assert name is not None
    beside = {**FORM, "scan": name[1], "scan_shown": "yes"}
    await client.post("/cases", data={**beside, "scan_decision": "own"})
    kept = (await client.get("/v1/cases/Bay 4/revisions/1")).json()
    assert kept["reading"]["total"] == 8
    assert "The software's reading was not taken over." in kept["answer"]["warnings"]
    assert (await client.post("/v1/cases/Bay 4/revisions/1/replay")).json()["own_rules"]["identical"] is True


async def test_a_form_with_problems_is_not_kept(client: httpx.AsyncClient) -> None:
    refused = await client.post("/cases", data={**FORM, "nihss_total": "99"})
    assert refused.status_code == 422
    assert "NIHSS must be from 0 to 42" in refused.text
    assert "No case has been kept yet." in (await client.get("/cases")).text


async def test_a_service_without_a_record_has_no_cases() -> None:
    transport = httpx.ASGITransport(create_app(Settings()))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for answer in (
            await client.get("/cases"),
            await client.get("/cases/x"),
            await client.post("/cases", data=CASE),
        ):
            assert answer.status_code == 404
            assert "keeps no cases" in answer.text
        assert "Keep this case" not in (await client.get("/")).text


SAMPLES = {path.stem: path.read_text("utf-8") for path in sorted((ROOT / "sample_data" / "cases").glob("*.json"))}


@pytest.mark.parametrize("sample", SAMPLES)
async def test_a_kept_request_comes_back_on_the_form_as_it_was(client: httpx.AsyncClient, sample: str) -> None:
    """Whatever the form has fields for is read back equal; what it has none for is named."""
    request = json.loads(SAMPLES[sample])
    fields, left_out = fields_of(request)
    page = (await client.post("/", data={**fields, "evaluated_at": request["evaluated_at"]})).text
    shown = re.search(r'aria-label="Request as JSON">(.*?)</pre>', page, re.DOTALL)
    assert shown is not None
    again = json.loads(shown[1].replace("&#34;", '"').replace("&#39;", "'").replace("&amp;", "&"))
    kept = {name: value for name, value in request["facts"].items() if value is not None and name not in left_out}
    for name, value in kept.items():
        if not name.endswith("_at"):
            assert again["facts"][name] == value, name
    if "findings" in request:
        assert again["findings"]["regions"] == request["findings"]["regions"]


async def test_a_case_that_was_judged_in_part_says_so_and_shows_what_there_is(client: httpx.AsyncClient) -> None:
    for parts, shown in ((["aspects"], "ASPECTS not known"), (["time"], None), (["evt", "transfer"], "Next step")):
        name = "-".join(parts)
        kept = await client.post("/v1/triage", json={"case_id": name, "facts": {}, "parts": parts})
        assert kept.status_code == 200
        page = (await client.get(f"/cases/{name}")).text
        assert "Only a part of the answer was asked for" in page
        assert shown is None or shown in page

"""The scan beside the reader, with processes that stand in for the software's reading."""

import json
import re
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from app.main import create_app
from app.scans.pool import ScanPool
from app.settings.settings import Settings
from app.web.scan.comparison import compare

FAKE = Path(__file__).parents[2] / "scans" / "fake_worker.py"
SEEN = {"side": "left", "region.L": "affected", "region.I": "unaffected", "region.M4": "not_assessable"}
SCAN = {"scan": ("head.nii", b"never looked at by the stand-in")}

pytestmark = pytest.mark.anyio

Serving = Callable[..., AbstractAsyncContextManager[httpx.AsyncClient]]


@pytest.fixture
def serving(tmp_path: Path) -> Serving:
    """A client of an application whose scan processes behave as asked; afterwards no file of a scan may be left."""

    @asynccontextmanager
    async def serve(behaviour: str) -> AsyncIterator[httpx.AsyncClient]:
        settings = Settings(scan_dir=tmp_path / "scans")
        app = create_app(settings)
        desk = app.state.service.desk
        desk.pool = ScanPool(settings, (sys.executable, str(FAKE), behaviour))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
            yield client
        await desk.close()
        assert not list((tmp_path / "scans").glob("*/upload"))

    return serve


async def test_differences_are_named_and_the_reader_is_kept(serving: Serving) -> None:
    async with serving("scores") as client:
        sent = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
        assert "ASPECTS 8" not in sent.text
        response = await client.post("/", data={**SEEN, "scan": _scan_of(sent.text), "scan_shown": "yes"})
    assert response.status_code == 200
    page = " ".join(response.text.split())
    assert "ASPECTS 8" in page
    assert "The answer above uses what the reader marked." in page
    assert page.count('class="differs"') == 2
    assert 'name="region.I" value="unaffected"' in page


async def test_the_record_says_whether_the_reading_was_seen_and_what_came_of_it(serving: Serving) -> None:
    agreeing = {**SEEN, "region.I": "affected", "region.M4": "unaffected"}
    async with serving("scores") as client:
        sent = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
        assert "Software reading" not in sent.text
        shown = {"scan": _scan_of(sent.text), "scan_shown": "yes"}
        alone = await client.post("/", data=shown)
        differing = await client.post("/", data={**SEEN, **shown})
        agreed = await client.post("/", data={**agreeing, **shown})
        decided = await client.post("/", data={**SEEN, **shown, "scan_choice": "own"})
    assert "Software reading: this score, confirmed by nobody" in alone.text
    assert "Software reading: seen, not decided; 2 regions differ" in differing.text
    assert "Software reading: seen, no region differs" in agreed.text
    assert "Software reading: not taken over; 2 regions differ" in decided.text


def _scan_of(page: str) -> str:
    named = re.search(r'name="scan" value="([\w-]{22})"', page)
    assert named is not None
    return named[1]


async def test_software_alone_is_said_to_be_alone_and_never_ticked(serving: Serving) -> None:
    async with serving("scores") as client:
        response = await client.post("/scan", data={"case": "{}"}, files=SCAN)
        assert "By software" not in response.text
        assert "Mark the regions that you see first" in response.text
        response = await client.post("/", data={"scan": _scan_of(response.text), "scan_shown": "yes"})
        assert "By software, confirmed by nobody." in response.text
        assert 'value="affected" id="region-L" aria-label="L affected" checked' not in response.text


@pytest.mark.parametrize("behaviour", ["refuses", "segmentation fault", "ends silently"])
async def test_a_scan_that_is_not_scored_leaves_the_answer_standing(serving: Serving, behaviour: str) -> None:
    async with serving(behaviour) as client:
        response = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
    assert response.status_code == 200
    assert "Not scored:" in response.text
    assert "Send a head CT." in response.text or behaviour != "refuses"


async def test_a_server_without_scan_processes_says_so(serving: Serving) -> None:
    async with serving("never starts") as client:
        response = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
    assert response.status_code == 503
    assert "The scan was not read" in response.text


@pytest.mark.parametrize(
    "case",
    ["", "[]", "{", '{"age_years": 74}', '{"age_years": "old"}', '{"a": NaN}', "[" * 100_000, '{"site_id": "x"}'],
)
async def test_a_case_that_the_page_would_not_send_is_refused(serving: Serving, case: str) -> None:
    async with serving("scores") as client:
        response = await client.post("/scan", data={"case": case}, files=SCAN)
    assert response.status_code == 400
    assert "The scan was not read" in response.text


@pytest.mark.parametrize(
    ("body", "media_type", "status"),
    [
        (b"case={}", "application/x-www-form-urlencoded", 415),
        (b"--x\r\n", "multipart/form-data; boundary=x", 400),
        (b"--x--\r\n", "multipart/form-data; boundary=x", 422),
    ],
)
async def test_what_is_no_upload_is_refused(serving: Serving, body: bytes, media_type: str, status: int) -> None:
    async with serving("scores") as client:
        response = await client.post("/scan", content=body, headers={"content-type": media_type})
    assert response.status_code == status
    assert response.headers["content-type"].startswith("text/html")


def test_nothing_is_compared_where_no_side_is_known() -> None:
    assert compare(None, {"status": "scored", "side": None, "regions": {"left": {}, "right": {}}}) == []
    assert compare({"side": "left", "regions": {}}, {"status": "refused"}) == []


async def test_a_reading_stays_with_the_case_and_is_taken_over_only_when_asked(serving: Serving) -> None:
    async with serving("scores") as client:
        sent = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
        case = {**SEEN, "scan": _scan_of(sent.text), "scan_shown": "yes", "age_years": "81"}
        again = (await client.post("/", data=case)).text
        assert again.count('class="differs"') == 2
        assert "81 years" in again
        taken = (await client.post("/", data={**case, "scan_choice": "I"})).text
        assert taken.count('class="differs"') == 1
        assert 'name="scan_decision" value="edited"' in taken
        accepted = (await client.post("/", data={**case, "scan_choice": "accept"})).text
        assert "8 of 10" in " ".join(re.sub("<[^>]*>", "", accepted).split())
        assert 'name="scan_decision" value="accepted"' in accepted
        own = (await client.post("/", data={**case, "scan_choice": "own"})).text
        assert own.count('class="differs"') == 2
        strange = await client.post("/", data={**case, "scan_choice": "M99"})
        assert strange.status_code == 200
        assert 'name="scan_decision"' not in strange.text


@pytest.mark.parametrize("name", ["x" * 22, "../../etc/passwd", "%2e%2e", "nowhere"])
async def test_a_reading_that_is_not_kept_is_missed_and_not_guessed(serving: Serving, name: str) -> None:
    async with serving("scores") as client:
        page = await client.post("/", data={**SEEN, "scan": name})
        assert page.status_code == 200
        assert "is no longer kept" in page.text
        for file in (f"{name}.png", f"{name}/scan.nii.gz", f"{name}/labels.nii.gz", f"{name}/view.json"):
            assert (await client.get(f"/scan/{file}")).status_code == 404


async def test_of_a_kept_scan_only_what_the_viewer_needs_is_served(serving: Serving) -> None:
    async with serving("views") as client:
        sent = await client.post("/scan", data={"case": "{}"}, files=SCAN)
        name = _scan_of(sent.text)
        assert 'id="scan-views"' in sent.text
        view = await client.get(f"/scan/{name}/view.json")
        assert (view.json()["slices"], view.headers["cache-control"]) == (1, "no-store")
        assert (await client.get(f"/scan/{name}/scan.nii.gz")).content == b"slices"
        for file in ("reading.json", "answer", "%2e%2e%2fanswer", "..%2fanswer"):
            assert (await client.get(f"/scan/{name}/{file}")).status_code == 404


async def test_suspected_haemorrhage_stops_the_path_until_somebody_has_looked(serving: Serving) -> None:
    async with serving("sees blood") as client:
        sent = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
        case = {**SEEN, "scan": _scan_of(sent.text)}
        looked = await client.post("/", data={**case, "haemorrhage_on_imaging": "no"})
    assert "Stopped: haemorrhage suspected" in sent.text
    assert "What each source says" not in sent.text
    assert "Answer as plain text" not in sent.text
    assert "Stopped: haemorrhage suspected" not in looked.text
    assert "The software suspects haemorrhage" in looked.text


async def test_suspected_haemorrhage_is_said_is_said_above_all_else(serving: Serving) -> None:
    async with serving("sees blood") as client:
        page = (await client.post("/scan", data={"case": "{}"}, files=SCAN)).text
    assert page.index("The software suspects haemorrhage") < page.index('id="verdict"')


async def test_the_picture_is_served_to_whoever_knows_its_name(serving: Serving) -> None:
    async with serving("draws") as client:
        sent = await client.post("/scan", data={"case": json.dumps(SEEN)}, files=SCAN)
        shown = await client.post("/", data={**SEEN, "scan": _scan_of(sent.text), "scan_shown": "yes"})
        address = re.search(r'src="(/scan/[\w-]{22}\.png)"', shown.text)
        assert address is not None
        picture = await client.get(address[1])
    assert picture.headers["content-type"] == "image/png"
    assert picture.headers["cache-control"] == "no-store"
    assert picture.content == b"a picture"

"""The pages over HTTP: the form, its refusals, the answer, and what none of them may do."""

import html
import re
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.main import create_app
from app.settings.settings import Settings
from app.web.routes import current_time

pytestmark = pytest.mark.anyio

NOW = datetime(2026, 11, 22, 5, 5, 40, tzinfo=UTC)

CASE = {
    "case_id": "Bay 4",
    "last_known_well_at": "-3h55",
    "nihss_total": "16",
    "age_years": "74",
    "prestroke_mrs": "0",
    "occlusion_site": "mca_m1",
    "haemorrhage_on_imaging": "no",
    "side": "left",
    "region.L": "affected",
    "region.I": "affected",
    "region.M2": "affected",
    "rest": "region",
    "capability": "primary",
    "minutes_to_thrombectomy_centre": "70",
    "door_to_groin_minutes": "60",
    "thrombectomy_centre": "Northport",
}

HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>{{7*7}}"


@pytest.fixture(scope="module")
def app() -> FastAPI:
    app = create_app(Settings(site_time_zone="Europe/London"))
    app.dependency_overrides[current_time] = lambda: NOW
    return app


class _Tags(HTMLParser):
    """Collects the tags of a page, and the text outside of tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(page)
        self.said = " ".join(self.said.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.said += data

    def scripts(self) -> list[tuple[str, dict[str, str | None]]]:
        """What runs: data in a script element does not."""
        return [(tag, told) for tag, told in self.tags if tag == "script" and told.get("type") != "application/json"]

    def fields(self) -> dict[str, str]:
        """What a browser would send for the inputs of the page as they stand (the first form that has them)."""
        sent: dict[str, str] = {}
        for tag, attributes in self.tags:
            name, kind = attributes.get("name"), attributes.get("type")
            if tag == "input" and name and (kind not in ("radio", "checkbox") or "checked" in attributes):
                sent.setdefault(name, attributes.get("value") or "")
        return sent


async def test_the_form_opens_with_nothing_chosen(client: httpx.AsyncClient) -> None:
    page = _Tags((await client.get("/")).text)
    assert set(page.fields().values()) == {"", "{}", "en"}
    assert not [tag for tag, attributes in page.tags if tag == "option" and "selected" in attributes]


async def test_every_field_has_a_name_for_screen_readers_and_a_unique_id(client: httpx.AsyncClient) -> None:
    page = _Tags((await client.get("/")).text)
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    labelled = {attributes.get("for") for tag, attributes in page.tags if tag == "label"}
    boxes = [
        a for tag, a in page.tags if tag == "select" or (tag == "input" and a.get("type") not in ("radio", "checkbox"))
    ]
    assert len(boxes) > 60
    assert all(box.get("id") in labelled or "aria-label" in box for box in boxes)


async def test_an_answer_says_score_clock_verdict_and_next_step(client: httpx.AsyncClient) -> None:
    response = await client.post("/", data=CASE)
    assert response.status_code == 200
    said = _Tags(response.text).said
    for words in (
        "Bay 4", "Suitable", "AHA/ASA 2026", "Transfer now to the thrombectomy centre", "Northport", "7 of 10",
        "3 h 55 min", "since last known well, 01:10 GMT", "window closes at 07:10 GMT", "22 Nov 2026 05:05 GMT",
    ):  # fmt: skip
        assert words in said


async def test_the_page_and_the_interface_judge_alike(client: httpx.AsyncClient) -> None:
    """The page hands out its case as a body for the interface; both must answer the same."""
    page = (await client.post("/", data=CASE)).text
    body = re.search(r'aria-label="Request as JSON">(.*?)</pre>', page, re.DOTALL)
    assert body is not None
    answer = await client.post(
        "/v1/triage", content=html.unescape(body[1]), headers={"content-type": "application/json"}
    )
    assert answer.status_code == 200
    said = _Tags(page).said
    assert "Suitable" in said
    assert answer.json()["evt_summary"]["verdict"] == "recommended"
    assert all(one["title"] in said for one in answer.json()["evt"])
    assert answer.json()["aspects"]["total"] == 7


async def test_the_page_says_what_holds_for_both_treatments_and_for_a_swelling_infarct(
    client: httpx.AsyncClient,
) -> None:
    early = {**CASE, "last_known_well_at": "-1h55", "disabling_deficit": "yes"}
    page = _Tags((await client.post("/", data=early)).text).said
    assert "With thrombectomy: Both are due: thrombolysis is not left out because thrombectomy follows." in page
    assert "Surgery for a swelling infarct" not in page
    late = {**CASE, "last_known_well_at": "-29h", "malignant_mca_infarct": "yes", "deficit_worsening": "yes"}
    page = _Tags((await client.post("/", data=late)).text).said
    assert "Transfer to a neurosurgical centre" in page
    assert "Surgery for a swelling infarct" in page
    assert "With thrombectomy:" not in page


async def test_facts_can_be_changed_without_typing_again(client: httpx.AsyncClient) -> None:
    answered = await client.post("/", data=CASE)
    again = _Tags((await client.post("/", data=_with_selects(answered.text))).text)
    assert "7 of 10" in again.said
    assert "since last known well, 01:10 GMT" in again.said


def _with_selects(page: str) -> dict[str, str]:
    tags = _Tags(page)
    sent, current = tags.fields(), ""
    for tag, attributes in tags.tags:
        if tag == "select":
            current = attributes["name"] or ""
            sent[current] = ""
        elif tag == "option" and "selected" in attributes:
            sent[current] = attributes["value"] or ""
    return sent


async def test_bad_entries_come_back_with_the_rest_kept(client: httpx.AsyncClient) -> None:
    response = await client.post("/", data={**CASE, "age_years": "old", "nihss_total": "99"})
    assert response.status_code == 422
    page = _Tags(response.text)
    assert "2 entries need a look" in page.said
    links = [a["href"] for tag, a in page.tags if tag == "a" and (a.get("href") or "").startswith("#")]
    ids = {a.get("id") for _, a in page.tags}
    assert {"#nihss_total", "#age_years"} <= set(links)
    assert all((link or "")[1:] in ids for link in links)
    kept = _with_selects(response.text)
    assert kept["age_years"] == "old"
    assert kept["region.L"] == "affected"
    assert kept["region.C"] == "unaffected"
    assert kept["occlusion_site"] == "mca_m1"
    assert kept["last_known_well_at"] == "22 Nov 01:10 GMT"


async def test_a_contradiction_is_told_beside_its_field(client: httpx.AsyncClient) -> None:
    response = await client.post("/", data={**CASE, "last_known_well_at": "03:00", "onset_witnessed_at": "02:00"})
    assert response.status_code == 422
    assert 'id="last_known_well_at-problem"' in response.text


async def test_what_is_missing_can_be_given_on_the_answer(client: httpx.AsyncClient) -> None:
    late = {**CASE, "last_known_well_at": "yesterday 14:00", "region.M1": "affected", "region.M5": "affected"}
    page = (await client.post("/", data=late)).text
    assert "Cannot say yet" in _Tags(page).said
    form = page.split('id="missing"')[1].split("</form>")[0]
    given = {**_Tags(form).fields(), "mass_effect": "no", "age_years": "74"}
    answer = _Tags((await client.post("/", data=given)).text)
    assert "Suitable" in answer.said
    assert "5 of 10" in answer.said


@pytest.mark.parametrize(
    "name", ["case_id", "thrombectomy_centre", "age_years", "side", "last_known_well_at", "time_zone"]
)
async def test_hostile_text_is_shown_and_never_run(client: httpx.AsyncClient, name: str) -> None:
    response = await client.post("/", data={**CASE, name: HOSTILE})
    assert response.status_code in (200, 422)
    page = _Tags(response.text)
    assert all((a.get("src") or "").startswith("/static/") for _, a in page.scripts())
    assert not [a for _, a in page.tags if any(attribute.startswith("on") for attribute in a)]
    assert name == "side" or page.fields()[name] == HOSTILE


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"age_years=%FF", "application/x-www-form-urlencoded"),
        (b"age_years=\xff", "application/x-www-form-urlencoded"),
        (b"side=left&side=right", "application/x-www-form-urlencoded"),
        (b"&".join(b"a%d=1" % i for i in range(500)), "application/x-www-form-urlencoded"),
        (b'{"age_years": 74}', "application/json"),
        (b"age_years=74", "text/plain"),
        (b"--x\r\n", "multipart/form-data; boundary=x"),
    ],
)
async def test_what_is_not_the_form_is_refused_whole(client: httpx.AsyncClient, body: bytes, media_type: str) -> None:
    response = await client.post("/", content=body, headers={"content-type": media_type})
    assert response.status_code == 400
    assert "could not be read" in response.text


async def test_an_empty_form_is_answered_without_guessing(client: httpx.AsyncClient) -> None:
    response = await client.post("/", content=b"", headers={"content-type": "application/x-www-form-urlencoded"})
    assert response.status_code == 200
    said = _Tags(response.text).said
    assert "Cannot say yet" in said
    assert "Last known well is not known." in said


async def test_the_copied_text_is_short_and_plain(client: httpx.AsyncClient) -> None:
    page = (await client.post("/", data={**CASE, "case_id": "Ünit 4 \N{BULLET} 日本"})).text
    copied = re.search(r'aria-label="Answer as plain text">(.*?)</pre>', page, re.DOTALL)
    assert copied is not None
    assert copied[1].isascii()
    assert len(copied[1].splitlines()) <= 12
    assert copied[1].startswith("ASPECTS triage: Uenit 4")


async def test_pages_load_nothing_from_elsewhere_and_hold_no_inline_code(client: httpx.AsyncClient) -> None:
    for response in (await client.get("/"), await client.post("/", data=CASE)):
        policy = response.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert response.headers["cache-control"] == "no-store"
        for tag, attributes in _Tags(response.text).tags:
            assert "style" not in attributes
            assert tag != "style"
            for attribute in ("href", "src", "action", "formaction"):
                assert not re.match(r"\w+:|//", attributes.get(attribute) or "")


async def test_the_clock_of_the_page_is_the_servers(client: httpx.AsyncClient) -> None:
    response = await client.get("/clock")
    assert datetime.fromtimestamp(response.json() / 1000, UTC) == NOW
    assert response.headers["cache-control"] == "no-store"
    page = _Tags((await client.get("/")).text)
    assert [a["data-now"] for _, a in page.tags if "data-now" in a] == [str(response.json())]


async def test_static_files_are_kept_by_name_and_hash(client: httpx.AsyncClient) -> None:
    style = re.search(r'href="(/static/css/base\.css\?v=\w{12})"', (await client.get("/")).text)
    assert style is not None
    response = await client.get(style[1])
    assert response.headers["content-type"].startswith("text/css")
    assert "immutable" in response.headers["cache-control"]
    assert "http" not in response.text
    assert (await client.get("/static/../forms.py")).status_code == 404


async def test_the_first_view_is_light(client: httpx.AsyncClient) -> None:
    """Page, style, scripts, letters and maps together, as they are sent, with those that only opened parts show."""
    page = await client.get("/")
    loaded = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page.text))
    scripts = [address for address in loaded if ".js?" in address]
    assert len(scripts) == 5
    for address in scripts:
        imported = re.findall(r'from "\./(\w+\.js)"', (await client.get(address)).text)
        loaded |= {f"/static/{name}" for name in imported}
    sent = [page, *[await client.get(address) for address in loaded]]
    assert all(one.status_code == 200 for one in sent)
    assert sum(int(one.headers["content-length"]) for one in sent) < 100_000
    assert not any("viewer" in address for address in loaded)


async def test_pages_and_their_files_are_sent_compressed_to_those_who_can_read_them(client: httpx.AsyncClient) -> None:
    style = re.search(r'href="(/static/css/base\.css\?v=\w{12})"', (await client.get("/")).text)
    assert style is not None
    for address in ("/", style[1]):
        packed = await client.get(address, headers={"accept-encoding": "gzip"})
        plain = await client.get(address, headers={"accept-encoding": "identity"})
        assert packed.headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain.headers
        assert packed.text == plain.text
        assert int(packed.headers["content-length"]) < int(plain.headers["content-length"]) / 2
    again = await client.get(style[1], headers={"if-none-match": packed.headers["etag"]})
    assert again.status_code == 304


async def test_hospitals_of_the_network_can_be_chosen(tmp_path: Path) -> None:
    network = tmp_path / "network.yaml"
    network.write_text("north: {name: Northport General, capability: comprehensive, door_to_groin_minutes: 45}\n")
    app = create_app(Settings(site_network_file=network))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test") as client:
        assert "Northport General" in (await client.get("/")).text
        alone = {
            name: text for name, text in CASE.items() if not name.startswith(("capability", "minutes", "door", "thr"))
        }
        assert "Treat here" in (await client.post("/", data={**alone, "site_id": "north"})).text
        assert (await client.post("/", data={**CASE, "site_id": "north"})).status_code == 422
        unknown = await client.post("/", data={**alone, "site_id": "nowhere"})
        assert unknown.status_code == 422
        assert 'id="site_id-problem"' in unknown.text


async def test_haemorrhage_that_nobody_excluded_is_said_beside_the_verdict(client: httpx.AsyncClient) -> None:
    words = "Haemorrhage is not stated to be excluded."
    assert words not in (await client.post("/", data=CASE)).text
    assert words in (await client.post("/", data={**CASE, "haemorrhage_on_imaging": ""})).text


async def test_thrombolysis_is_shown_with_what_stands_in_its_way(client: httpx.AsyncClient) -> None:
    given = {**CASE, "disabling_deficit": "yes", "systolic_bp_mmhg": "190", "weight_kg": "70"}
    said = _Tags((await client.post("/", data=given)).text).said
    assert "Blood pressure above 185 systolic" in said
    assert "correct first" in said
    assert "Contraindications that are not known yet:" in said
    barred = _Tags((await client.post("/", data={**given, "platelets_10e9_per_l": "60"})).text).said
    assert "Contraindicated" in barred


async def test_haemorrhage_takes_the_case_out_of_scope(client: httpx.AsyncClient) -> None:
    said = _Tags((await client.post("/", data={**CASE, "haemorrhage_on_imaging": "yes"})).text).said
    assert "Out of scope: haemorrhage" in said
    assert "haemorrhage pathway" in said


async def test_a_page_that_needs_a_case_leads_back_to_the_form(client: httpx.AsyncClient) -> None:
    response = await client.get("/scan")
    assert response.status_code == 303
    assert response.headers["location"] == "/"


async def test_a_haemorrhage_shows_no_window_and_no_puncture(client: httpx.AsyncClient) -> None:
    page = (await client.post("/", data=CASE | {"haemorrhage_on_imaging": "yes"})).text
    assert "Out of scope: haemorrhage" in page
    assert "3 h 55 min" in page
    for words in ("window closes", "uncture expected", "data-bound", 'class="journey"'):
        assert words not in page
        assert words in (await client.post("/", data=CASE)).text


async def test_a_superseded_guideline_without_a_clause_begins_with_no_comma(client: httpx.AsyncClient) -> None:
    answered = (await client.post("/", data={**CASE, "occlusion_site": "", "aspects_total": ""})).text
    cited = [" ".join(one.split()) for one in re.findall(r'class="source-cite">(.*?)</span>', answered, re.DOTALL)]
    assert "superseded" in cited
    assert not any(one.startswith(",") for one in cited)

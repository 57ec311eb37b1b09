"""The words of the pages in every language: none missing, none left over, none outside the catalogue."""

import ast
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from jinja2 import Environment, nodes

from app.main import create_app
from app.settings.settings import Settings
from app.web.answer.record_text import plain_ascii
from app.web.rendering import HERE
from app.web.routes import current_time
from app.web.times.reading import read_time
from app.web.times.words import say_moment
from app.web.words import catalogue as language
from app.web.words.catalogue import catalogue, languages
from app.web.words.choice import COOKIE
from app.web.words.keys import keys
from tests.app.web.test_workspace import CASE, NOW

OTHERS = [code for code in languages() if code != language.ENGLISH]
NOT_TRANSLATED = {"api.html"}
"""For programmers, and marked as English."""
_PAGES = (HERE / "templates").glob("*.html")
TEMPLATES = sorted(path for path in _PAGES if path.name not in NOT_TRANSLATED)
NAMES = {"aspects-triage", "ASPECTS", "pc-ASPECTS", "Tenecteplase", "mg; Alteplase", "aspects keys sign-in"}
"""Names that are the same in every language."""


@pytest.fixture(autouse=True)
def _english_again() -> None:
    language.speak(language.ENGLISH)


@pytest.mark.parametrize("code", OTHERS)
def test_every_word_has_a_translation_and_none_is_left_over(code: str) -> None:
    assert keys() - set(catalogue(code)) == set()
    told = yaml.safe_load((language.CATALOGUES / f"{code}.yaml").read_text(encoding="utf-8"))
    assert set(told["words"]) - keys() == set()


@pytest.mark.parametrize("code", OTHERS)
def test_every_text_of_a_rule_or_of_the_code_that_is_translated_is_still_said(code: str) -> None:
    """A text that was reworded would otherwise fall back to English without a sound."""
    told = yaml.safe_load((language.CATALOGUES / f"{code}.yaml").read_text(encoding="utf-8"))
    assert set(told["texts"]) - _texts() == set()


def _texts() -> set[str]:
    """Every text in a rule file or table, and every string of the code."""
    root = HERE.parents[1]
    found: set[str] = set()
    for path in (root / "scoring").rglob("*.yaml"):
        found |= set(_strings(yaml.safe_load(path.read_text(encoding="utf-8"))))
    for path in (path for package in ("app", "imaging", "scoring") for path in (root / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.add(node.value)
    return found


def _strings(told: object) -> Iterator[str]:
    if isinstance(told, str):
        yield told.strip()
    elif isinstance(told, Mapping):
        for part in told.values():
            yield from _strings(part)
    elif isinstance(told, list):
        for part in told:
            yield from _strings(part)


@pytest.mark.parametrize("code", OTHERS)
def test_a_translation_has_the_holes_of_the_original(code: str) -> None:
    for words, said in catalogue(code).items():
        assert sorted(set(re.findall(r"\{\w+\}", words))) == sorted(set(re.findall(r"\{\w+\}", said))), words
        assert said.strip(), words


@pytest.mark.parametrize(
    "path", [path for path in TEMPLATES if path.name not in NOT_TRANSLATED], ids=lambda path: path.name
)
def test_a_template_says_nothing_that_is_not_in_the_catalogue(path: Path) -> None:
    tree = Environment(autoescape=True).parse(path.read_text(encoding="utf-8"))
    written = "".join(data.data for data in tree.find_all(nodes.TemplateData))
    text = re.sub(r"<(?:[^>\"]|\"[^\"]*\")*>|&\w+;", " ", written)
    said = {part.strip(" ,.;:()/\n-") for part in re.split(r"[\n>]|\s{2,}", text)}
    left = {part for part in said if re.search(r"[A-Za-z]{3}", part)} - NAMES
    assert not {part for part in left if not _is_markup(part)}


def _is_markup(part: str) -> bool:
    """What tags leave behind where a template cuts through them."""
    return bool(re.search(r"[=\"]|^(?:if|class|hidden|checked|selected)\b|doctype", part))


def test_a_text_attribute_is_in_the_catalogue() -> None:
    for path in TEMPLATES:
        if path.name not in NOT_TRANSLATED:
            found = re.findall(
                r'(?:aria-label|alt|placeholder|title|aria-roledescription)="([^"{]*[a-z]{3}[^"{]*)"', path.read_text()
            )
            assert not found, path.name


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(site_time_zone="Europe/Berlin"))
    app.dependency_overrides[current_time] = lambda: NOW
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as made:
        yield made


GERMAN = {"accept-language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.anyio
async def test_the_browsers_language_is_taken_and_a_chosen_one_is_kept(client: httpx.AsyncClient) -> None:
    german = await client.get("/", headers=GERMAN)
    assert '<html lang="de">' in german.text
    assert COOKIE not in german.cookies
    chosen = await client.post("/", data={**CASE, "speak": "en"}, headers=GERMAN)
    assert '<html lang="en">' in chosen.text
    assert f'value="{CASE["age_years"]}"' in chosen.text
    again = await client.get("/help", headers=GERMAN)
    assert '<html lang="en">' in again.text
    other = await client.get("/help?lang=xx")
    assert '<html lang="en">' in other.text


@pytest.mark.anyio
async def test_one_request_leaves_no_language_to_the_next(client: httpx.AsyncClient) -> None:
    await client.get("/", headers=GERMAN)
    assert '<html lang="en">' in (await client.get("/")).text
    assert '<html lang="en">' in (await client.post("/", data=CASE)).text


@pytest.mark.anyio
async def test_the_answer_is_the_same_in_german_and_its_codes_stay(client: httpx.AsyncClient) -> None:
    english = (await client.post("/", data=CASE)).text
    german = (await client.post("/", data={**CASE, "lang": "de"})).text
    for mark in ("4.7.2-1", "AHA/ASA 2026", "state-suitable"):
        assert mark in english
        assert mark in german
    assert "Suitable" in english
    assert "Geeignet" in german
    assert "vor 3 h 55 min" in german


@pytest.mark.anyio
async def test_only_what_is_english_is_marked_as_english(client: httpx.AsyncClient) -> None:
    german = (await client.post("/", data={**CASE, "last_known_well_at": "about 01:10", "lang": "de"})).text
    marked = set(re.findall(r'<span lang="en">(.*?)</span>', german))
    assert "Small or large core, 0 to 6 hours" in marked
    assert marked & set(catalogue("de")) == set()
    assert "nur ungefähr bekannt" in german
    assert not any("ungefähr" in words for words in marked)


@pytest.mark.anyio
async def test_the_call_is_german_from_end_to_end(client: httpx.AsyncClient) -> None:
    german = (await client.post("/", data={**CASE, "lang": "de"})).text
    call = re.search(r'id="call-script"[^>]*>(.*?)</pre>', german, re.DOTALL)
    assert call is not None
    assert "Leitlinie: AHA/ASA 2026: Klasse 1: empfohlen, Evidenzgrad A, Abschnitt 4.7.2-1; ESO-ESMINT 2019:" in call[1]
    assert "Thrombectomy" not in call[1]


@pytest.mark.anyio
async def test_decimals_have_a_comma_in_german_and_a_point_in_english(client: httpx.AsyncClient) -> None:
    entry = {**CASE, "glucose_mmol_per_l": "5,6", "glucose_unit": "mmol"}
    german = (await client.post("/", data={**entry, "lang": "de"})).text
    assert "5,6 mmol/l" in german
    assert (await client.post("/", data={**entry, "lang": "en"})).status_code == 422


@pytest.mark.parametrize("code", list(languages()))
def test_what_is_said_as_a_time_is_read_back_in_every_language(code: str) -> None:
    language.speak(code)
    zone = ZoneInfo("Europe/Berlin")
    for month in range(1, 13):
        moment = NOW.replace(year=2026, month=month, day=3, second=0, microsecond=0)
        said = say_moment(moment, zone)
        assert read_time(said, now=NOW.replace(year=2027), zone=zone) == moment


def test_german_times_are_read_as_they_are_written() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for text in ("gestern 23:10", "21. Nov 23:10", "21. November 23:10"):
        moment = read_time(text, now=NOW, zone=zone)
        assert moment is not None
        assert moment.isoformat() == "2026-11-21T22:10:00+00:00"
    assert read_time("vor 2 h", now=NOW, zone=zone) == read_time("-2h", now=NOW, zone=zone)
    assert read_time("unbekannt", now=NOW, zone=zone) is None


def test_umlauts_become_two_letters_in_text_for_records() -> None:
    assert plain_ascii("Großes Gefäß über 6 h") == "Grosses Gefaess ueber 6 h"

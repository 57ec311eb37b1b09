"""The pages in German: chosen by the browser or by the switch, without faults of axe, and nothing cut off."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, enter_early_case, submit
from tests.browser.test_look import WIDTHS
from tests.browser.test_reach import axe_faults

pytestmark = pytest.mark.browser

PAGES = ("/", "/field", "/relatives", "/help")


def _german_case(open_page: OpenPage, **context: object) -> Page:
    """A case entered in English and gone on with in German."""
    page = open_page(locale="en-GB", **context)
    enter_early_case(page)
    submit(page)
    page.get_by_role("button", name="Deutsch").click()
    expect(page.locator("html")).to_have_attribute("lang", "de")
    return page


def test_the_switch_loses_nothing_that_was_entered(open_page: OpenPage) -> None:
    page = _german_case(open_page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Geeignet")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("7 von 10")
    expect(page.get_by_role("form", name="Angaben").get_by_label("Alter", exact=True)).to_have_value("74")
    page.goto("/")
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_what_scripts_say_is_german_too(open_page: OpenPage) -> None:
    page = _german_case(open_page)
    page.get_by_text("Text für den Anruf").first.click()
    expect(page.get_by_role("button", name="Kopieren").first).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("form", name="Angaben").get_by_label("Alter", exact=True).fill("75")
    expect(page.locator("#offline")).to_contain_text("Der Server ist nicht erreichbar")
    page.context.set_offline(False)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_german_case_has_no_fault_and_nothing_is_cut_off(open_page: OpenPage, scheme: str) -> None:
    page = _german_case(open_page, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width
    assert axe_faults(page) == []


@pytest.mark.parametrize("language", ["en", "de"])
@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_without_faults_in_both_languages(open_page: OpenPage, path: str, language: str) -> None:
    page = open_page(locale=language, color_scheme="dark" if language == "de" else "light")
    page.goto(path)
    expect(page.locator("html")).to_have_attribute("lang", language)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width
    assert axe_faults(page) == []

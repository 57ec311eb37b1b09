"""The printed page: one sheet of A4, whatever stands beside the case."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, enter_early_case, submit
from tests.browser.test_scan import send_scan, show_reading

pytestmark = pytest.mark.browser


def sheets(page: Page) -> int:
    """Pages of the printed document."""
    return page.pdf(format="A4").count(b"/Type /Page\n")


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_case_without_and_with_a_scan_is_one_sheet(open_page: OpenPage, language: str) -> None:
    page = open_page()
    enter_early_case(page)
    submit(page)
    send_scan(page)
    assert sheets(page) == 1
    show_reading(page)
    expect(page.locator(".beside")).to_be_visible()
    if language == "de":
        page.get_by_role("button", name="Deutsch").click()
        expect(page.locator("html")).to_have_attribute("lang", "de")
    assert sheets(page) == 1
    page.emulate_media(media="print")
    expect(page.locator("#part-scan")).to_contain_text("M2")
    expect(page.locator("#viewer")).to_be_hidden()


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_page_for_relatives_is_one_sheet(open_page: OpenPage, language: str) -> None:
    page = open_page(locale=language)
    page.goto("/relatives")
    assert sheets(page) == 1

"""The record in the browser, in German: a case is kept, signed and listed, on a telephone too."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.entering import enter_early_case, submit
from tests.browser.serving import application
from tests.browser.test_look import WIDTHS
from tests.browser.test_reach import axe_faults

pytestmark = pytest.mark.browser


def _has_no_fault(page: Page) -> None:
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0, width
        assert axe_faults(page) == []


def test_a_case_is_kept_signed_and_listed(browser: Browser, tmp_path: Path) -> None:
    pytest.importorskip("sqlalchemy")
    with application(record=tmp_path / "data") as address:
        page = browser.new_page(base_url=address, locale="en-GB", color_scheme="dark")
        page.goto("/")
        enter_early_case(page)
        submit(page)
        page.get_by_role("button", name="Keep this case").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Case Bay 4")
        page.goto(f"{page.url}?lang=de")
        expect(page.locator("html")).to_have_attribute("lang", "de")
        expect(page.get_by_role("heading", name="Thrombektomie Geeignet")).to_be_visible()
        _has_no_fault(page)
        page.get_by_role("button", name="Fassung 1 bestätigen und unterschreiben").click()
        expect(page.get_by_role("row", name="dr-day").first).to_contain_text("unterschrieben")
        page.goto("/cases")
        expect(page.get_by_role("link", name="Bay 4")).to_be_visible()
        _has_no_fault(page)
        page.close()

"""The whole way with JavaScript switched off: enter, be refused, correct, read the answer, change it, start anew."""

import pytest
from playwright.sync_api import expect

from tests.browser.entering import OpenPage, enter_early_case, enter_late_large_core, enter_mistakes, submit

pytestmark = pytest.mark.browser


def test_from_form_to_answer_and_back(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    enter_early_case(page)
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suitable")
    expect(page.get_by_role("region", name="Next step")).to_contain_text("Transfer now")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("7 of 10")
    expect(page.get_by_role("region", name="Time")).to_contain_text("3 h 55 min")
    expect(page.get_by_label("Last known well: time")).to_have_value("22 Nov 01:10 GMT")
    expect(page.get_by_label("M2 affected", exact=True)).to_be_checked()
    expect(page.get_by_label("C unaffected", exact=True)).to_be_checked()
    page.get_by_label("C affected", exact=True).check()
    submit(page)
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("6 of 10")
    page.get_by_role("link", name="New case", exact=True).click()
    expect(page.get_by_label("Case pseudonym")).to_have_value("")


def test_mistakes_are_listed_kept_and_mended(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    enter_mistakes(page)
    submit(page)
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("3 entries need a look")
    expect(page).to_have_title("Error: Nothing was evaluated - aspects-triage")
    expect(page.get_by_label("Age", exact=True)).to_have_value("old")
    summary.get_by_role("link", name="NIHSS must be").click()
    expect(page.get_by_label("NIHSS", exact=True)).to_be_focused()
    page.get_by_label("NIHSS", exact=True).fill("16")
    page.get_by_label("Age", exact=True).fill("74")
    page.get_by_label("25 Oct 2026 01:30 BST").check()
    submit(page)
    # Four weeks ago: the time could be read, and is now refused for what it is.
    expect(page.get_by_role("alert")).to_contain_text("1 entry needs a look")
    expect(page.get_by_role("alert")).to_contain_text("7 days")


def test_what_is_missing_is_given_on_the_answer(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    enter_late_large_core(page)
    submit(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Cannot say yet")
    asked = page.get_by_role("region", name="What is missing")
    asked.get_by_role("group", name="mass effect").get_by_label("No", exact=True).check()
    asked.get_by_role("button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suitable")

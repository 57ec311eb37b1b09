"""The ambulance's page: scored as it is examined, with scripts and without."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage

pytestmark = pytest.mark.browser


def _choose(page: Page, item: str, value: str) -> None:
    page.get_by_role("group", name=item, exact=True).get_by_label(value).check()


@pytest.mark.parametrize("script", [True, False], ids=["live", "plain"])
def test_a_scale_runs_and_says_when_its_cut_off_is_passed(open_page: OpenPage, *, script: bool) -> None:
    page = open_page(java_script_enabled=script)
    page.goto("/field")

    def answered() -> None:
        if not script:
            page.get_by_role("button", name="Score").click()

    said = page.locator("#field-answer")
    expect(said).to_contain_text("Not decided yet")
    _choose(page, "Facial palsy", "2: moderate to severe")
    answered()
    expect(said).to_contain_text("2–9 points")
    expect(said).to_contain_text("4 items are open")
    _choose(page, "Arm", "2: severe")
    _choose(page, "Leg", "1: moderate")
    answered()
    expect(said).to_contain_text("Occlusion suspected")
    expect(said).to_contain_text("Suspected from 5 points")


def test_both_ways_are_added_up_and_an_unknown_part_stays_unknown(open_page: OpenPage) -> None:
    page = open_page()
    page.goto("/field?scale=VAN")
    _choose(page, "Arm weakness", "Yes")
    _choose(page, "Neglect", "Yes")
    expect(page.locator("#field-answer")).to_contain_text("Occlusion suspected")
    page.get_by_text("Compare both ways in minutes").click()
    for name, minutes in (("to_nearest", 12), ("stay", 90), ("onward", 70), ("groin", 45)):
        page.locator(f"#{name}").fill(str(minutes))
    page.locator("#direct").fill("60")
    page.locator("#direct").blur()
    ways = page.locator("#field-answer tbody tr")
    expect(ways.nth(0)).to_contain_text("3 h 37 min")
    expect(ways.nth(1)).to_contain_text("1 h 45 min")
    expect(ways.nth(1)).to_contain_text("not known")


def test_minutes_that_cannot_be_read_are_named(open_page: OpenPage) -> None:
    page = open_page(java_script_enabled=False)
    page.goto("/field")
    page.locator("summary").click()
    page.locator("#direct").fill("an hour")
    page.get_by_role("button", name="Score").click()
    expect(page.locator("#direct-problem")).to_contain_text("must be a whole number")
    expect(page.locator("#direct")).to_have_value("an hour")

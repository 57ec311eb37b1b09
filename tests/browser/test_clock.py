"""The clock of the page, with the browser's and the server's clocks both moved by hand."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, enter_early_case, submit, the_form, waiting_for_answer
from tests.browser.serving import NOW, server_clock

pytestmark = pytest.mark.browser


@pytest.fixture(autouse=True)
def _stand_again() -> Iterator[None]:
    yield
    server_clock.now = NOW


def _early_case(open_page: OpenPage) -> Page:
    page = open_page()
    page.clock.install()
    page.goto("/")
    enter_early_case(page)
    page.clock.run_for(500)
    submit(page)
    return page


def _pass(page: Page, minutes: float) -> None:
    """Let time go by for both, in steps in which the page still asks the server for the time."""
    server_clock.now += timedelta(minutes=minutes)
    page.clock.fast_forward(round(minutes * 60_000))
    page.clock.run_for(2_000)


def test_it_counts_up_and_down_between_answers(open_page: OpenPage) -> None:
    page = _early_case(open_page)
    time = page.get_by_role("region", name="Time")
    expect(time.get_by_role("timer")).to_have_text("3 h 55 min")
    expect(time).to_contain_text("window closes at 07:10 GMT, in 2 h 4 min")
    _pass(page, 30)
    expect(time.get_by_role("timer")).to_have_text("4 h 25 min")
    expect(time).to_contain_text("in 1 h 34 min")
    _pass(page, 90)
    expect(time).to_contain_text("in 4 min 1")
    expect(page.locator("#past")).to_be_hidden()


def test_an_answer_whose_bound_has_passed_says_so_until_it_is_rechecked(open_page: OpenPage) -> None:
    page = _early_case(open_page)
    _pass(page, 125)
    past = page.get_by_role("region", name="Recheck: a bound has passed")
    expect(past).to_contain_text("window closes at 07:10 GMT")
    expect(page.locator("#spoken-decision")).to_contain_text("Recheck")
    expect(page.locator(".strip")).to_contain_text("05:05 GMT")
    waiting_for_answer(page, past.get_by_role("button", name="Recheck now").click)
    expect(past).to_be_hidden()
    expect(page.locator(".strip")).to_contain_text("07:10 GMT")
    expect(page.get_by_role("timer")).to_have_text("6 h")


def test_the_clock_follows_the_server_and_not_the_ward_computer(open_page: OpenPage) -> None:
    page = _early_case(open_page)
    server_clock.now += timedelta(minutes=60)
    page.clock.run_for(31_000)
    expect(page.get_by_role("timer")).to_have_text("4 h 55 min")


def test_a_past_case_stands_still(open_page: OpenPage) -> None:
    page = _early_case(open_page)
    page.get_by_text("A past case, another time zone").click()
    box = the_form(page).get_by_label("Decide as at: time")
    box.fill("04:30")
    page.clock.run_for(500)
    waiting_for_answer(page, box.blur)
    timer = page.get_by_role("timer")
    shown = timer.text_content()
    _pass(page, 300)
    assert timer.text_content() == shown
    expect(page.locator("#past")).to_be_hidden()


SUMMER_TIME_ENDS = datetime(2026, 10, 25, 1, 0, tzinfo=UTC)
"""When the clocks of London go back from 02:00 to 01:00."""


def test_an_hour_that_the_wall_clock_repeats_is_counted_once_more(open_page: OpenPage) -> None:
    server_clock.now = SUMMER_TIME_ENDS - timedelta(minutes=10)
    page = open_page()
    page.clock.install()
    page.goto("/")
    the_form(page).get_by_label("Last known well: time").fill("yesterday 23:30")
    page.clock.run_for(500)
    submit(page)
    time = page.get_by_role("region", name="Time")
    expect(time).to_contain_text("2 h 20 min")
    expect(page.locator("#strip")).to_contain_text("25 Oct 2026 01:50 BST")
    _pass(page, 60)
    expect(time.get_by_role("timer")).to_have_text("3 h 20 min")
    waiting_for_answer(page, lambda: page.evaluate("document.dispatchEvent(new CustomEvent('recheck'))"))
    expect(page.locator("#strip")).to_contain_text("25 Oct 2026 01:50 GMT")
    expect(time.get_by_role("timer")).to_have_text("3 h 20 min")


def test_a_time_of_the_repeated_hour_is_asked_back_and_either_answer_counts(open_page: OpenPage) -> None:
    server_clock.now = SUMMER_TIME_ENDS + timedelta(hours=3)
    page = open_page()
    box = the_form(page).get_by_label("Last known well: time")
    box.fill("01:30")
    waiting_for_answer(page, box.blur)
    expect(page.get_by_role("alert")).to_contain_text("happened twice")
    waiting_for_answer(page, page.get_by_label("25 Oct 2026 01:30 BST").check)
    expect(page.get_by_role("region", name="Time")).to_contain_text("3 h 30 min")
    box.fill("01:30")
    waiting_for_answer(page, box.blur)
    waiting_for_answer(page, page.get_by_label("25 Oct 2026 01:30 GMT").check)
    expect(page.get_by_role("region", name="Time")).to_contain_text("2 h 30 min")


def test_a_time_that_the_clocks_skipped_is_refused_in_words(open_page: OpenPage) -> None:
    server_clock.now = datetime(2026, 3, 29, 4, 0, tzinfo=UTC)
    page = open_page()
    box = the_form(page).get_by_label("Last known well: time")
    box.fill("01:30")
    waiting_for_answer(page, box.blur)
    expect(page.get_by_role("alert")).to_contain_text("did not exist in Europe/London")
    expect(box).to_have_value("01:30")

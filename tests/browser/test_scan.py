"""The scan beside the reader: the own look first, then both readings, and a choice that is recorded."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, FilePayload, Page, expect

from tests.browser.entering import OpenPage, enter_early_case, mark_affected, submit, the_form, waiting_for_answer
from tests.browser.serving import application

pytestmark = pytest.mark.browser

SCAN = FilePayload(name="head.nii", mimeType="application/octet-stream", buffer=b"never looked at by the stand-in")
"""The stand-in always sees L and I on the left, and nothing else."""


def send_scan(page: Page) -> None:
    """Choose a scan, and wait for nothing."""
    page.get_by_label("Open the head CT").set_input_files(SCAN)
    button = page.get_by_role("button", name="Read the scan")
    if button.is_visible():  # without scripts; with them a scan is sent as soon as it is chosen
        button.click()


def show_reading(page: Page) -> None:
    """Ask for what the software read."""
    page.get_by_role("button", name="Show software reading").click()


def test_the_reading_waits_for_the_own_look(open_page: OpenPage) -> None:
    page = open_page()
    send_scan(page)
    expect(page.get_by_role("heading", name="The software has read the CT")).to_be_visible()
    expect(page.get_by_text("The scan was read.")).to_be_visible()
    assert page.locator(".beside").count() == 0
    assert page.locator('#facts input:checked:not([value=""])').count() == 0
    expect(page.get_by_role("button", name="Show it without a score of my own")).to_be_visible()
    waiting_for_answer(page, lambda: mark_affected(page, ("M2",)))
    assert page.locator(".beside").count() == 0
    show_reading(page)
    beside = page.get_by_role("region", name="The software's reading of the CT", exact=True)
    expect(beside).to_contain_text("Differs in M2")


@pytest.mark.parametrize("script", [True, False], ids=["live", "plain"])
def test_the_reading_stays_while_facts_change_and_the_choice_is_recorded(open_page: OpenPage, *, script: bool) -> None:
    page = open_page(java_script_enabled=script)
    enter_early_case(page)
    submit(page)
    send_scan(page)
    show_reading(page)
    beside = page.get_by_role("region", name="The software's reading of the CT", exact=True)
    expect(beside).to_contain_text("Differs in M2")
    the_form(page).get_by_label("Age", exact=True).fill("81")
    submit(page)
    expect(page.locator(".strip")).to_contain_text("81 years")
    expect(beside).to_contain_text("Differs in M2")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("7 of 10")
    beside.get_by_role("button", name="Keep my own").click()
    expect(beside).to_contain_text("Recorded: not taken over; 1 region differs")
    beside.get_by_role("button", name="Take over M2: unaffected").click()
    expect(beside).to_contain_text("Recorded: edited by the reader")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("8 of 10")
    expect(page.get_by_role("region", name="For the record")).to_contain_text("Software reading: edited by the reader")


def test_all_can_be_accepted_and_changed_again(open_page: OpenPage) -> None:
    page = open_page()
    enter_early_case(page)
    submit(page)
    send_scan(page)
    show_reading(page)
    page.get_by_role("button", name="Accept all ten of the software").click()
    beside = page.get_by_role("region", name="The software's reading of the CT", exact=True)
    expect(beside).to_contain_text("Recorded: accepted by the reader.")
    waiting_for_answer(page, lambda: mark_affected(page, ("C",)))
    expect(beside).to_contain_text("Recorded: edited by the reader; 1 region differs")


_DROP = """([text, kind]) => {
  const dropped = new DataTransfer();
  dropped.items.add(new File([text], "head.nii"));
  const event = new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer: dropped });
  document.getElementById("opening").dispatchEvent(event);
}"""


def test_a_scan_is_dropped_anywhere_on_the_page(open_page: OpenPage) -> None:
    page = open_page()
    page.evaluate(_DROP, ["never looked at", "dragover"])
    expect(page.locator("#opening")).to_have_class("opening is-over")
    page.evaluate(_DROP, ["never looked at", "drop"])
    expect(page.locator("#opening")).to_have_class("opening")
    expect(page.locator("#scan-progress")).to_have_text("head.nii: The scan was read.")


def test_a_folder_is_sent_whole(open_page: OpenPage, tmp_path: Path) -> None:
    for number in (1, 2, 3):
        (tmp_path / f"IM-{number}.dcm").write_bytes(b"never looked at")
    (tmp_path / ".hidden").write_bytes(b"left out")
    page = open_page()
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name="Choose a folder").click()
    chosen.value.set_files(tmp_path)
    expect(page.locator("#scan-progress")).to_have_text("3 files: The scan was read.")


def test_suspected_haemorrhage_stops_the_path_in_plain_sight(browser: Browser) -> None:
    """On the first view of a telephone, until somebody has looked; then the answer is theirs."""
    with application(scans="sees blood") as address:
        page = browser.new_page(base_url=address, viewport={"width": 390, "height": 844}, locale="en-GB")
        page.goto("/")
        enter_early_case(page)
        asked = the_form(page).get_by_role("group", name="Haemorrhage?")
        waiting_for_answer(page, asked.get_by_label("Not known", exact=True).check)
        send_scan(page)
        warning = page.get_by_role("alert").filter(has_text="The software suspects haemorrhage on the CT.")
        expect(warning).to_be_visible()
        verdict = page.get_by_role("heading", level=1)
        expect(verdict).to_contain_text("Stopped: haemorrhage suspected")
        expect(page.get_by_role("heading", name="Next step")).to_contain_text("Look at the CT for blood")
        expect(page.locator("#glance")).to_contain_text("haemorrhage suspected", ignore_case=True)
        expect(page.get_by_role("region", name="Time")).to_contain_text("3 h 55 min")
        expect(page.get_by_role("region", name="Time")).not_to_contain_text("window")
        for name in ("Transfer", "What each source says", "For the record"):
            assert page.get_by_role("region", name=name, exact=True).count() == 0
        asked.get_by_label("No", exact=True).check()
        expect(verdict).to_contain_text("Suitable")
        expect(warning).to_be_visible()
        page.close()


def test_an_upload_can_be_stopped(open_page: OpenPage) -> None:
    page = open_page()
    page.route("**/scan", lambda _: None)
    send_scan(page)
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_text("Stopped. The scan was not read.")).to_be_visible()
    expect(page.get_by_label("Open the head CT")).to_be_enabled()

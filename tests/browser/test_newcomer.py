"""Somebody who has read nothing, in front of the service that `x.py demo` leaves running: from a CT to a print."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.serving import application
from tests.browser.test_walk_throughs import Hands

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "sample_data" / "head_ct_left_mca_dicom.zip"
READ_MS = 120_000


def test_from_the_sample_ct_to_a_transfer_and_a_printed_page(browser: Browser) -> None:
    """Every control is found by what stands on it; what is next to do is said by the page."""
    with application(stand_in=False) as address:
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 800}, locale="en-GB")
        page.goto("/")
        hands = Hands(page)
        hands.click(lambda: page.get_by_label("Open the head CT").set_input_files(SAMPLE))
        expect(page.locator("#viewer-stage")).to_have_class("viewer-stage is-ready", timeout=READ_MS)
        expect(page.locator("#scan-progress")).to_have_text("head_ct_left_mca_dicom.zip: The scan was read.")
        hands.answer("Haemorrhage?", "No")
        hands.answer("Affected side of the patient", "Left")
        hands.mark("L", "I", "M2")
        hands.click(lambda: page.get_by_role("button", name="Show software reading").click())
        beside = page.get_by_role("region", name="The software's reading of the CT", exact=True)
        expect(beside).to_contain_text("No region that you marked differs.")
        asked = page.get_by_role("region", name="Thrombectomy").first
        expect(asked).to_contain_text("Waits for")
        hands.type_into("Last known well: time", "-3h")
        hands.type_into("NIHSS", "16")
        hands.type_into("Age", "74")
        hands.choose("Occluded vessel", "mca_m1")
        hands.choose("Modified Rankin scale before the stroke", "0")
        hands.choose("What is done here", "primary")
        hands.type_into("To thrombectomy centre", "70")
        hands.type_into("Door to groin there", "60")
        expect(page.get_by_role("region", name="Next step")).to_contain_text("Transfer now")
        expect(page.locator("#record-text")).to_contain_text("Software reading: seen, no region differs")
        hands.tell("Newcomer with the sample CT")
        page.emulate_media(media="print")
        expect(page.locator("#part-scan")).to_contain_text("No region that you marked differs.")
        assert page.pdf(format="A4").count(b"/Type /Page\n") == 1
        page.close()

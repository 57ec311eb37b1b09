"""Every folder of real scans, sent through the page: the score or the refusal that is known of each, and its slices."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.serving import application

pytestmark = [pytest.mark.browser, pytest.mark.shared]

SCANS = Path(__file__).parents[3] / "shared" / "scans"
READ_MS = 90_000

SCORED = {"ge-tilt-uneven": "28", "siemens-thick-tilt": "14", "head-thin-nifti": "108"}
"""Folder to slices."""

REFUSED = (
    "bad-headers/nm-multiframe-offset-hu.dcm",
    "bad-headers/noise-gantry-tilt",
    "bad-headers/noise-missing-slice",
    "not-a-head-ct/CT_AVM.nii.gz",
    "not-a-head-ct/CT_pitch.nii.gz",
)


@pytest.fixture(scope="module")
def real_address() -> Iterator[str]:
    with application(stand_in=False) as address:
        yield address


@pytest.fixture
def page(browser: Browser, real_address: str) -> Iterator[Page]:
    context = browser.new_context(base_url=real_address, viewport={"width": 1280, "height": 1400})
    opened = context.new_page()
    opened.goto("/")
    yield opened
    context.close()


def _send(page: Page, place: Path, told: str = "The scan was read.") -> None:
    files = sorted(path for path in place.rglob("*") if path.is_file()) if place.is_dir() else place
    page.get_by_label("Open the head CT").set_input_files(files)
    expect(page.locator("#scan-progress")).to_contain_text(told, timeout=READ_MS)


def test_no_folder_is_left_out() -> None:
    folders = {path.name for path in SCANS.iterdir() if path.is_dir()}
    assert folders == {place.split("/")[0] for place in (*SCORED, *REFUSED)}


@pytest.mark.parametrize("folder", SCORED)
def test_a_head_is_scored_and_can_be_looked_at(page: Page, folder: str) -> None:
    _send(page, SCANS / folder)
    expect(page.locator("#viewer-stage")).to_have_class("viewer-stage is-ready", timeout=READ_MS)
    expect(page.locator("#viewer-count")).to_contain_text(f"of {SCORED[folder]}")
    assert page.locator(".beside").count() == 0
    page.get_by_role("button", name="Show it without a score of my own").press("Enter")
    reading = page.locator("#scan-reading")
    expect(reading).to_contain_text("The software's reading of the CT", timeout=READ_MS)
    expect(reading).not_to_contain_text("Not scored")
    if "tilt" in folder:
        expect(page.locator("#viewer-note")).to_contain_text("gantry was tilted", timeout=READ_MS)


@pytest.mark.parametrize("place", REFUSED)
def test_what_is_no_head_ct_is_refused_with_a_remedy_and_no_number(page: Page, place: str) -> None:
    _send(page, SCANS / place, "Not scored")
    reading = page.locator("#scan-reading")
    expect(reading).to_contain_text("Not scored:")
    reason, remedy = reading.locator("p").all_inner_texts()
    expect(page.locator("#scan-progress")).to_contain_text(f"{reason} {remedy}")
    assert page.locator(".beside").count() == 0
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("No region was marked.")

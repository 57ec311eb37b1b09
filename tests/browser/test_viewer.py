"""The CT in the page, read by the real software: opened, windowed, moved through, measured and overlaid."""

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.entering import mark_affected, waiting_for_answer
from tests.browser.serving import application
from tests.browser.test_reach import axe_faults

pytestmark = pytest.mark.browser

SAMPLE = Path(__file__).parents[2] / "sample_data" / "head_ct_left_mca_dicom.zip"
READY_MS = 60_000


@pytest.fixture(scope="module")
def ct(browser: Browser) -> Iterator[Page]:
    """One page for all tests of this file, its scan being read once; each test leaves it as it was."""
    problems: list[str] = []
    with application(stand_in=False) as address:
        page = browser.new_page(base_url=address, viewport={"width": 1280, "height": 1400})
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on(
            "request",
            lambda request: (
                None if request.url.startswith((address, "blob:", "data:")) else problems.append(request.url)
            ),
        )
        page.goto("/")
        assert page.evaluate("performance.getEntriesByType('resource').every(entry => !entry.name.includes('niivue'))")
        page.get_by_label("Open the head CT").set_input_files(SAMPLE)
        expect(page.locator("#viewer-stage")).to_have_class("viewer-stage is-ready", timeout=READY_MS)
        yield page
    assert problems == []


def _pixels(page: Page) -> NDArray[np.int64]:
    page.wait_for_timeout(150)
    picture = Image.open(io.BytesIO(page.locator("#viewer-canvas").screenshot())).convert("RGB")
    return np.asarray(picture).astype(np.int64)


def _keys(page: Page) -> Callable[[str], None]:
    page.locator("#viewer-stage").focus()
    return page.keyboard.press


def test_windows_change_what_is_seen(ct: Page) -> None:
    press = _keys(ct)
    press("1")
    stroke = _pixels(ct)
    expect(ct.get_by_role("button", name="1 Stroke")).to_have_attribute("aria-pressed", "true")
    press("4")
    bone = _pixels(ct)
    expect(ct.get_by_role("button", name="4 Bone")).to_have_attribute("aria-pressed", "true")
    press("1")
    assert np.abs(stroke - bone).mean() > 5
    assert np.abs(stroke - _pixels(ct)).mean() < 0.5


def test_keys_and_the_slider_go_through_the_slices_and_say_where(ct: Page) -> None:
    press = _keys(ct)
    said = ct.locator("#viewer-count")
    start = said.text_content()
    press("ArrowUp")
    expect(said).not_to_have_text(start or "")
    press("ArrowDown")
    expect(said).to_have_text(start or "")
    press("Home")
    expect(said).to_contain_text("Slice 1 of 30")
    press("End")
    expect(said).to_contain_text("Slice 30 of 30")
    ct.get_by_label("Slice", exact=True).fill("12")
    expect(said).to_contain_text("Slice 12 of 30")


def test_the_software_says_nothing_before_it_is_asked(ct: Page) -> None:
    ct.get_by_label("Slice", exact=True).fill("12")
    _click_left_m2(ct)
    expect(ct.locator("#viewer-said")).to_contain_text("M2 MCA cortex")
    expect(ct.locator("#viewer-said")).to_contain_text("patient's left")
    expect(ct.locator("#viewer-said")).to_contain_text("HU")
    expect(ct.locator("#viewer-sides")).to_be_empty()
    expect(ct.get_by_label("Affected by the software")).to_be_hidden()
    assert ct.locator(".beside").count() == 0
    assert "affected" not in (ct.locator("#viewer").get_attribute("data-reading") or "")


def test_outlines_can_be_switched(ct: Page) -> None:
    before = _pixels(ct)
    ct.get_by_label("Region outlines").check()
    drawn = _coloured(_pixels(ct)) - _coloured(before)
    ct.get_by_label("Region outlines").uncheck()
    assert drawn > 300
    assert abs(_coloured(_pixels(ct)) - _coloured(before)) < 50


def test_asked_for_it_shows_both_sides_and_the_affected_regions(ct: Page) -> None:
    """After the others, for it shows the reading for good."""
    waiting_for_answer(ct, lambda: mark_affected(ct, ("M2",)))
    ct.get_by_role("button", name="Show software reading").click()
    expect(ct.locator("#viewer-stage")).to_have_class("viewer-stage is-ready", timeout=READY_MS)
    ct.get_by_label("Slice", exact=True).fill("12")
    before = _red(_pixels(ct))
    ct.get_by_label("Affected by the software").check()
    assert _red(_pixels(ct)) - before > 500
    _click_left_m2(ct)
    expect(ct.locator("#viewer-sides")).to_contain_text("Right M2")
    expect(ct.locator("#viewer-sides")).to_contain_text("affected")


def test_the_open_ct_has_no_fault_that_axe_finds(ct: Page) -> None:
    assert axe_faults(ct) == []
    ct.set_viewport_size({"width": 320, "height": 900})
    assert ct.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    ct.set_viewport_size({"width": 1280, "height": 1400})


def _click_left_m2(page: Page) -> None:
    box = page.locator("#viewer-canvas").bounding_box()
    assert box is not None
    page.locator("#viewer-canvas").click(position={"x": box["width"] * 0.72, "y": box["height"] * 0.45})


def _coloured(pixels: NDArray[np.int64]) -> int:
    return int((np.ptp(pixels, axis=2) > 40).sum())


def _red(pixels: NDArray[np.int64]) -> int:
    return int(((pixels[..., 0] > 150) & (pixels[..., 1] < 140) & (pixels[..., 2] < 160)).sum())

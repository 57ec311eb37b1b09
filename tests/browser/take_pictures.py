"""Takes the pictures of the pages for the docs: ``python -m tests.browser.take_pictures`` rewrites ``docs/images``."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.entering import enter_early_case, submit
from tests.browser.serving import application, chromium

SAMPLE = Path(__file__).parents[2] / "sample_data" / "head_ct_left_mca_dicom.zip"
PATIENCE_MS = 300_000
"""The CT is drawn without a graphics card, on machines that do other things too."""
IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take_pictures() -> None:
    """The workspace with an answered case, on a desk and on a telephone, the CT in it, and the transfer below it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, application() as address:
        _take(browser, address, "form.png", width=1280, height=800)
        _take(browser, address, "phone.png", width=390, height=844)
        _take(browser, address, "result.png", width=1280, height=960, show="#transfer")
    with chromium() as browser, application(stand_in=False) as address:
        _take_ct(browser, address)


def _take(browser: Browser, address: str, name: str, *, width: int, height: int, show: str = "body") -> None:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    page.goto(address)
    enter_early_case(page)
    submit(page)
    page.locator(show).evaluate("part => part.scrollIntoView()")
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / name)
    page.close()


def _take_ct(browser: Browser, address: str) -> None:
    """The sample CT beside the score, with outlines, what the software calls affected, and both sides' values."""
    page = browser.new_page(viewport={"width": 1280, "height": 860}, color_scheme="light")
    page.set_default_timeout(PATIENCE_MS)
    page.goto(address)
    enter_early_case(page)
    submit(page)
    page.get_by_label("Open the head CT").set_input_files(SAMPLE)
    ready = "#viewer-stage.is-ready"
    page.wait_for_selector(ready)
    page.get_by_role("button", name="Show software reading").click()
    page.wait_for_selector(".beside")
    page.get_by_label("Region outlines").check()
    page.get_by_label("Affected by the software").check()
    page.locator("#viewer").evaluate("part => part.scrollIntoView()")
    box = page.locator("#viewer-canvas").bounding_box()
    if box is not None:
        page.locator("#viewer-canvas").click(position={"x": box["width"] * 0.72, "y": box["height"] * 0.45})
    page.wait_for_timeout(1500)
    page.screenshot(path=IMAGES / "ct.png")
    page.close()


if __name__ == "__main__":
    take_pictures()

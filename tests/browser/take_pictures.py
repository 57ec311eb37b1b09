"""Takes the pictures of the pages for the docs: ``python -m tests.browser.take_pictures`` rewrites ``docs/images``."""

from pathlib import Path

from playwright.sync_api import Browser

from tests.browser.entering import enter_early_case, submit
from tests.browser.serving import application, chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take_pictures() -> None:
    """The workspace with an answered case, on a desk and on a telephone, and the reasons below it."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, application() as address:
        _take(browser, address, "form.png", width=1280, height=800)
        _take(browser, address, "phone.png", width=390, height=844)
        _take(browser, address, "result.png", width=1280, height=960, show="#transfer")


def _take(browser: Browser, address: str, name: str, *, width: int, height: int, show: str = "body") -> None:
    page = browser.new_page(viewport={"width": width, "height": height}, color_scheme="light")
    page.goto(address)
    enter_early_case(page)
    submit(page)
    page.locator(show).evaluate("part => part.scrollIntoView()")
    page.mouse.move(0, 0)
    page.screenshot(path=IMAGES / name)
    page.close()


if __name__ == "__main__":
    take_pictures()

"""Takes the pictures of the pages for the docs: ``python -m tests.browser.take_pictures`` rewrites ``docs/images``."""

from pathlib import Path

from tests.browser.entering import enter_early_case, submit
from tests.browser.serving import application, chromium

IMAGES = Path(__file__).parents[2] / "docs" / "images"


def take_pictures() -> None:
    """The filled-in form and its answer, in the first view of a window of 1280 by 800."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with chromium() as browser, application() as address:
        page = browser.new_page(viewport={"width": 1280, "height": 960}, color_scheme="light")
        page.goto(address)
        enter_early_case(page)
        page.evaluate("scrollTo(0, 0)")
        page.screenshot(path=IMAGES / "form.png")
        submit(page)
        page.screenshot(path=IMAGES / "result.png")


if __name__ == "__main__":
    take_pictures()

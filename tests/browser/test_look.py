"""What the eye must find: everything in view, nothing cut off, and a choice that looks chosen in every scheme."""

import io

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page

from tests.browser.entering import OpenPage, enter_early_case, enter_late_large_core, enter_mistakes, submit, the_form

pytestmark = pytest.mark.browser

WIDTHS = [320, 390, 1280]
SCHEMES = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]


def _sideways(page: Page) -> int:
    """Pixels by which the page is wider than the window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def _open_everything(page: Page) -> None:
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")


def _check_every_width(page: Page) -> None:
    _open_everything(page)
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 800})
        assert _sideways(page) == 0, width


def test_nothing_scrolls_sideways(open_page: OpenPage) -> None:
    page = open_page()
    _check_every_width(page)
    enter_mistakes(page)
    submit(page)
    _check_every_width(page)
    enter_late_large_core(page)
    submit(page)
    _check_every_width(page)


@pytest.mark.parametrize(("width", "height"), [(390, 844), (1280, 800)])
def test_score_clock_verdict_and_next_step_are_in_the_first_view(open_page: OpenPage, width: int, height: int) -> None:
    page = open_page(width=width, height=height)
    enter_early_case(page)
    submit(page)
    for name in ("Thrombectomy", "Next step", "ASPECTS", "Time"):
        box = page.get_by_role("region", name=name).first.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height, name


def _luminance(page: Page, control: Locator) -> float:
    """Relative luminance (WCAG 2) of the middle of a control, as painted."""
    box = control.bounding_box()
    assert box is not None
    middle = FloatRect(x=box["x"] + box["width"] / 2 - 2, y=box["y"] + box["height"] / 2 - 2, width=4, height=4)
    picture = Image.open(io.BytesIO(page.screenshot(clip=middle))).convert("RGB").resize((1, 1))
    channels = [channel / 255 for channel in picture.tobytes()]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark", "forced"])
def test_a_chosen_region_looks_chosen(open_page: OpenPage, scheme: dict[str, str]) -> None:
    """Contrast of at least 3 to 1 between the middle of a chosen and of an open radio (WCAG 1.4.11)."""
    page = open_page(**scheme)
    chosen, other = page.get_by_label("M1 affected", exact=True), page.get_by_label("M1 unaffected", exact=True)
    chosen.check()
    the_form(page).get_by_label("Age", exact=True).focus()
    chosen.scroll_into_view_if_needed()
    lights = sorted((_luminance(page, chosen), _luminance(page, other)))
    assert (lights[1] + 0.05) / (lights[0] + 0.05) >= 3


def test_the_map_of_the_form_follows_the_table(open_page: OpenPage) -> None:
    page = open_page()
    region = page.locator(".panel .map-live .map-left .map-M2 path")
    before = region.evaluate("part => getComputedStyle(part).fill")
    page.get_by_label("M2 affected", exact=True).check()
    assert region.evaluate("part => getComputedStyle(part).fill") != before
    assert "hatch" in region.evaluate("part => getComputedStyle(part).fill")


def test_the_map_is_in_radiological_convention(open_page: OpenPage) -> None:
    """The patient's left lies on the right of the screen."""
    page = open_page()
    left = page.locator(".panel .map-live .map-left .map-M2 path").bounding_box()
    right = page.locator(".panel .map-live .map-right .map-M2 path").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] > right["x"]


def test_the_answer_prints_on_one_page(open_page: OpenPage) -> None:
    page = open_page()
    enter_early_case(page)
    submit(page)
    printed = page.pdf(format="A4")
    assert printed.count(b"/Type /Page\n") == 1

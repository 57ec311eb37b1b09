"""What the eye must find: everything in view, nothing cut off, and a choice that looks chosen in every scheme."""

import io
import itertools

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page

from tests.browser.entering import (
    OpenPage,
    enter_early_case,
    enter_late_large_core,
    enter_mistakes,
    submit,
    the_form,
    waiting_for_answer,
)

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
    parts = [page.get_by_role("region", name=name).first for name in ("Thrombectomy", "Next step", "ASPECTS", "Time")]
    for part in (*parts, page.locator("#strip"), page.locator(".mini .map-levels")):
        box = part.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= height, part


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


def _painted(page: Page, selector: str) -> Image.Image:
    return Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB")


def _share_that_differs(one: Image.Image, other: Image.Image) -> float:
    """The share of the pixels whose brightness differs by more than a fifth."""
    brightness = zip(one.convert("L").tobytes(), other.convert("L").tobytes(), strict=True)
    return sum(abs(a - b) > 51 for a, b in brightness) / (one.width * one.height)


@pytest.mark.parametrize("scheme", SCHEMES, ids=["light", "dark", "forced"])
def test_each_status_looks_different_on_the_map_in_every_scheme(open_page: OpenPage, scheme: dict[str, str]) -> None:
    """As painted, so that a pattern or a colour that a scheme swallows is noticed."""
    page = open_page(**scheme)
    region = ".panel .map-live .map-left .map-M5"
    seen = {"not looked at": _painted(page, region)}
    for status in ("affected", "unaffected", "cannot be assessed"):
        choice = page.get_by_label(f"M5 {status}", exact=True)
        waiting_for_answer(page, choice.check)
        page.mouse.move(0, 0)
        the_form(page).get_by_label("Age", exact=True).focus()
        seen[status] = _painted(page, region)
    for first, second in itertools.combinations(seen, 2):
        if {first, second} == {"not looked at", "unaffected"}:
            continue  # told apart by the line: see below
        assert _share_that_differs(seen[first], seen[second]) > 0.04, (first, second)
    for status, is_dashed in (("unaffected", False), ("not looked at", True)):
        page.get_by_label(f"M5 {status}", exact=True).check()
        the_form(page).get_by_label("Age", exact=True).focus()  # else the outline is that of what is pointed at
        line = page.locator(f"{region} path").first.evaluate("part => getComputedStyle(part).strokeDasharray")
        assert (line != "none") is is_dashed


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

"""What the eye must find: everything in view, nothing cut off, and a choice that looks chosen in every scheme."""

import io
import itertools
import re

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.entering import (
    OpenPage,
    enter_early_case,
    enter_late_large_core,
    enter_mistakes,
    mark_affected,
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
    return _relative([channel / 255 for channel in picture.tobytes()])


def _relative(channels: list[float]) -> float:
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
    both = (0, 0, min(one.width, other.width), min(one.height, other.height))  # half a pixel lower, one more is painted
    brightness = zip(*(part.crop(both).convert("L").tobytes() for part in (one, other)), strict=True)
    return sum(abs(a - b) > 51 for a, b in brightness) / (both[2] * both[3])


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


@pytest.mark.parametrize("scheme", SCHEMES[:2], ids=["light", "dark"])
def test_neighbours_that_are_both_affected_stay_two_regions(open_page: OpenPage, scheme: dict[str, str]) -> None:
    """The line between them stands out from both by 3 to 1 (WCAG 1.4.11); in forced colours it is the only ink."""
    page = open_page(**scheme)
    mark_affected(page, ("L", "I", "M2"))
    the_form(page).get_by_label("Age", exact=True).focus()
    edge = page.locator(".panel .map-live .map-left .map-I path:not(.map-reach)")
    line = _of_colour(edge.evaluate("part => getComputedStyle(part).stroke"))
    ground = _of_colour(page.locator(".hatch-ground").first.evaluate("part => getComputedStyle(part).fill"))
    assert (max(line, ground) + 0.05) / (min(line, ground) + 0.05) >= 3


def _of_colour(css: str) -> float:
    """Relative luminance (WCAG 2) of a computed colour."""
    return _relative([int(part) / 255 for part in re.findall(r"\d+", css)[:3]])


def test_both_levels_are_drawn_to_one_scale_where_there_is_room(open_page: OpenPage) -> None:
    page = open_page()
    lower, upper = (page.locator(".panel .map-level").nth(place).bounding_box() for place in (0, 1))
    assert lower is not None
    assert upper is not None
    assert abs(lower["width"] - upper["width"]) < 2


def test_a_long_time_stays_on_its_line_on_a_telephone(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844)
    enter_late_large_core(page)
    submit(page)
    clock = page.get_by_role("timer")
    assert "15 h" in (clock.text_content() or "")
    assert len(clock.evaluate("part => [...part.getClientRects()].map(line => line.top)")) == 1
    box, card = clock.bounding_box(), page.locator("#clock-card").bounding_box()
    assert box is not None
    assert card is not None
    assert box["x"] + box["width"] <= card["x"] + card["width"]


def test_the_running_total_of_the_scale_stays_in_view_down_to_its_last_item(open_page: OpenPage) -> None:
    page = open_page(width=390, height=844)
    page.get_by_text("NIHSS item by item").click()
    waiting_for_answer(page, lambda: page.get_by_label("1a level of consciousness").select_option("2"))
    page.get_by_label("11 extinction and inattention").scroll_into_view_if_needed()
    box = page.locator("#nihss-running").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 844


def test_the_button_for_the_rest_goes_once_every_row_is_marked(open_page: OpenPage) -> None:
    page = open_page()
    page.emulate_media(reduced_motion="reduce")
    rest = page.locator("#rest-region")
    rest.click()
    expect(rest).to_have_text("Undo: 10 rows back to not looked at")
    page.get_by_label("L affected", exact=True).check()
    expect(rest).to_be_hidden()
    page.get_by_label("M6 not looked at", exact=True).check()
    expect(rest).to_be_visible()


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

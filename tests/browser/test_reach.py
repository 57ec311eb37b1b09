"""The pages for those without a mouse or without sight: keys alone, and the rules that axe can check."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, enter_late_large_core, enter_mistakes, submit

pytestmark = pytest.mark.browser

_FOCUSED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const bar = document.querySelector('.case .actions');
  const over = bar && !bar.contains(at) ? bar.getBoundingClientRect() : null;
  const covered = over && box.top >= over.top && box.left < over.right && box.right > over.left;
  return {
    name: at.getAttribute('name') || at.textContent.trim(),
    hidden: Boolean(covered) || box.top >= innerHeight || box.bottom <= 0,
  };
}"""


def _tab_to(page: Page, name: str) -> None:
    """Press Tab until a control has the focus; none on the way may lie hidden behind the fixed bar (WCAG 2.4.11)."""
    for _ in range(80):
        page.keyboard.press("Tab")
        focused = page.evaluate(_FOCUSED)
        assert not focused["hidden"], focused["name"]
        if focused["name"] == name:
            return
    pytest.fail(f"{name} cannot be reached by Tab")


@pytest.mark.parametrize("width", [390, 1280])
def test_a_case_by_keys_alone(open_page: OpenPage, width: int) -> None:
    page = open_page(width=width)
    _tab_to(page, "last_known_well_at")
    page.keyboard.type("-3h55")
    _tab_to(page, "nihss_total")
    page.keyboard.type("16")
    _tab_to(page, "age_years")
    page.keyboard.type("74")
    _tab_to(page, "occlusion_site")
    page.keyboard.type("MCA M1")
    _tab_to(page, "prestroke_mrs")
    page.keyboard.type("0")
    _tab_to(page, "haemorrhage_on_imaging")
    page.keyboard.press("ArrowLeft")
    _tab_to(page, "side")
    page.keyboard.press("ArrowLeft")
    _tab_to(page, "region.L")
    page.keyboard.press("ArrowRight")
    _tab_to(page, "rest")
    page.keyboard.press("Space")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suitable")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("9 of 10")
    expect(page.locator(".strip")).to_contain_text("patient's left side")


def test_the_skip_link_is_the_first_stop(open_page: OpenPage) -> None:
    page = open_page()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to main content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()


_AXE = {"rules": {"target-size": {"enabled": True}}, "resultTypes": ["violations"]}
"""All rules on all elements; without the second, axe also tells the place of each of thousands that have no fault."""


def axe_faults(page: Page) -> list[tuple[str, str]]:
    """What axe finds wrong, each with the first place; skips where axe is not installed."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    # What lies below the fixed bars can be scrolled from under them, and what has the focus never is there.
    page.evaluate("document.querySelectorAll('.case > .actions, .field-glance').forEach(bar => { bar.hidden = true })")
    results = axe.Axe().run(page, options=_AXE)
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in results.response["violations"]]


def test_axe_tells_of_names_and_contrast(open_page: OpenPage) -> None:
    page = open_page()
    page.set_content(
        "<html lang=en><title>A</title><main><h1>A</h1><button></button><font color=#ccc>Pale</font></main>"
    )
    assert dict(axe_faults(page)) == {
        "button-name": "<button></button>",
        "color-contrast": '<font color="#ccc">Pale</font>',
    }


SCHEMES = {
    "(prefers-color-scheme: light)": {"color_scheme": "light"},
    "(prefers-color-scheme: dark)": {"color_scheme": "dark"},
    "(forced-colors: active)": {"forced_colors": "active"},
}


@pytest.mark.parametrize("enter", [enter_mistakes, enter_late_large_core])
def test_axe_finds_no_fault_in_any_scheme_at_any_width(open_page: OpenPage, enter: Callable[[Page], None]) -> None:
    page = open_page()
    enter(page)
    submit(page)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    for scheme, media in SCHEMES.items():
        page.emulate_media(**media)
        assert page.evaluate("scheme => matchMedia(scheme).matches", scheme)
        for width in (1280, 390, 320):
            page.set_viewport_size({"width": width, "height": 800})
            assert axe_faults(page) == [], (scheme, width)


LEAST_TARGET = 44
_SMALL_TARGETS = """least => [...document.querySelectorAll(
  'button, summary, select, input.box, .choice, .matrix td label, nav a, .foot-pages a, .glance, input[type=range]')]
  .map(part => [part, part.getBoundingClientRect()])
  .filter(([part, box]) => box.width && box.height && box.height < least - 0.5)
  .map(([part, box]) => `${part.outerHTML.slice(0, 80)} ${Math.round(box.height)}`)"""


@pytest.mark.parametrize("path", ["/", "/field"])
def test_what_is_pressed_with_gloves_on_is_large_enough(open_page: OpenPage, path: str) -> None:
    page = open_page(width=390, has_touch=True)
    page.goto(path)
    if path == "/":
        enter_late_large_core(page)
        submit(page)
    page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
    assert page.evaluate(_SMALL_TARGETS, LEAST_TARGET) == []

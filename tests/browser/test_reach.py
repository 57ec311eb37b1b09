"""The pages for those without a mouse or without sight: keys alone, and the rules that axe can check."""

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, enter_early_case, enter_late_large_core, enter_mistakes, submit

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


def axe_faults(page: Page) -> list[tuple[str, str]]:
    """What axe finds wrong, each with the first place; skips where axe is not installed."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-playwright-python is not installed")
    results = axe.Axe().run(page)
    return [(fault["id"], fault["nodes"][0]["html"][:200]) for fault in results.response["violations"]]


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 390)])
def test_axe_finds_no_fault(open_page: OpenPage, scheme: str, width: int) -> None:
    page = open_page(width=width, color_scheme=scheme)
    for enter in (None, enter_mistakes, enter_early_case, enter_late_large_core):
        page.goto("/")
        if enter is not None:
            enter(page)
            submit(page)
        page.evaluate("document.querySelectorAll('details').forEach(part => { part.open = true })")
        assert axe_faults(page) == []

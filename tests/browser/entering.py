"""Fills in the form as a person would: by label, by click and by key."""

from collections.abc import Callable, Iterable

from playwright.sync_api import Locator, Page

OpenPage = Callable[..., Page]
"""Opens the form; takes the window's width and height, and options of a browser context."""

SUBMIT = "Score and decide"


def the_form(page: Page) -> Locator:
    """The facts; what is missing is asked for once more below the answer, in a form of its own."""
    return page.get_by_role("form", name="Facts")


def enter_early_case(page: Page) -> None:
    """A proximal occlusion at 3 h 55 min with three affected regions on the left, at a primary stroke centre."""
    facts = the_form(page)
    facts.get_by_label("Last known well: time").fill("-3h55")
    facts.get_by_label("NIHSS", exact=True).fill("16")
    facts.get_by_label("Age", exact=True).fill("74")
    facts.get_by_label("Occluded vessel").select_option("mca_m1")
    facts.get_by_label("Modified Rankin scale before the stroke").select_option("0")
    facts.get_by_label("Case pseudonym").fill("Bay 4")
    facts.get_by_label("What is done here").select_option("primary")
    facts.get_by_label("To thrombectomy centre").fill("70")
    facts.get_by_label("Door to groin there").fill("60")
    facts.get_by_role("group", name="Haemorrhage?").get_by_label("No", exact=True).check()
    facts.get_by_role("group", name="Affected side of the patient").get_by_label("Left").check()
    mark_affected(page, ("L", "I", "M2"))
    look_at_all_ten(page)


def look_at_all_ten(page: Page) -> None:
    """Press the button that sets what is not marked to unaffected, unless all is marked."""
    if page.locator("#facts [name^='region.'][value='']:checked").count():
        the_form(page).get_by_role("button", name="I looked at all ten").click()


def mark_affected(page: Page, regions: Iterable[str]) -> None:
    """Mark regions in the table."""
    for region in regions:
        page.get_by_label(f"{region} affected", exact=True).check()


def enter_late_large_core(page: Page) -> None:
    """The same patient at 15 h with ASPECTS 4: the answer waits for mass effect."""
    enter_early_case(page)
    the_form(page).get_by_label("Last known well: time").fill("yesterday 14:00")
    mark_affected(page, ("M1", "M5", "C"))


def enter_mistakes(page: Page) -> None:
    """A case with three entries that cannot be read, one of them a time that happened twice."""
    enter_early_case(page)
    facts = the_form(page)
    facts.get_by_label("Last known well: time").fill("25 Oct 01:30")
    facts.get_by_label("NIHSS", exact=True).fill("99")
    facts.get_by_label("Age", exact=True).fill("old")


def submit(page: Page) -> None:
    """Have the case judged: by the button, or with scripts by what Enter in a field does, and wait for the answer."""
    if page.locator("html.is-live").count():
        waiting_for_answer(page, lambda: page.evaluate("document.getElementById('facts').requestSubmit()"))
    else:
        page.get_by_role("button", name=SUBMIT).click()


def waiting_for_answer(page: Page, act: Callable[[], object]) -> None:
    """Do something that has the case judged again, and wait for the answer to it."""
    answered = page.evaluate(_ANSWERED)
    act()
    page.wait_for_function(f"before => {_ANSWERED} > before", arg=answered)


_ANSWERED = "Number(document.getElementById('answer').dataset.answers || 0)"

"""Three cases of the night, entered by keys and clicks at a human pace: what it takes to come to the decision.

The pace is added up, not waited for: a keystroke takes 0.28 s and a click with pointing 1.5 s (keystroke-level model of
Card, Moran and Newell, average typist, pointing and pressing), each field 1.35 s of thinking. The figures that
docs/stroke-team.md gives are printed by ``pytest -s``.
"""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Page, expect

from tests.browser.entering import OpenPage, the_form

pytestmark = pytest.mark.browser

KEY_SECONDS, CLICK_SECONDS, THINK_SECONDS = 0.28, 1.5, 1.35
MOST_SECONDS = 45


@dataclass
class Hands:
    """Somebody at the page: does what is asked and counts it."""

    page: Page
    keys: int = 0
    clicks: int = 0
    fields: int = 0

    def type_into(self, label: str, text: str) -> None:
        self.fields += 1
        self.clicks += 1
        box = the_form(self.page).get_by_label(label, exact=True)
        box.click()
        box.press_sequentially(text)
        self.keys += len(text)

    def choose(self, label: str, value: str) -> None:
        """Open a list and take an entry: two clicks."""
        self.fields += 1
        self.clicks += 2
        the_form(self.page).get_by_label(label).select_option(value)

    def answer(self, group: str, choice: str) -> None:
        self.fields += 1
        self.clicks += 1
        the_form(self.page).get_by_role("group", name=group, exact=True).get_by_label(choice, exact=True).check()

    def click(self, act: Callable[[], object], fields: int = 1) -> None:
        self.fields += fields
        self.clicks += 1
        act()

    def mark(self, *regions: str) -> None:
        for region in regions:
            self.click(self.page.get_by_label(f"{region} affected", exact=True).check)
        self.click(the_form(self.page).get_by_role("button", name="I looked at all ten").click)

    @property
    def seconds(self) -> float:
        return self.keys * KEY_SECONDS + self.clicks * CLICK_SECONDS + self.fields * THINK_SECONDS

    def tell(self, name: str) -> None:
        print(  # noqa: T201 -- the figures of the docs
            f"{name}: {self.fields} fields, {self.clicks} clicks, {self.keys} keys, {self.seconds:.0f} s"
        )


def test_a_known_m1_at_three_hours_is_decided_within_45_seconds_of_entry(open_page: OpenPage) -> None:
    page = open_page()
    hands = Hands(page)
    hands.type_into("Last known well: time", "-3h")
    hands.type_into("NIHSS", "16")
    hands.type_into("Age", "74")
    hands.choose("Occluded vessel", "mca_m1")
    hands.choose("Modified Rankin scale before the stroke", "0")
    hands.answer("Haemorrhage?", "No")
    hands.answer("Affected side of the patient", "Left")
    hands.mark("L", "I")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Suitable")
    expect(page.get_by_role("region", name="ASPECTS")).to_contain_text("8 of 10")
    hands.tell("Known M1 at 3 h")
    assert hands.seconds < MOST_SECONDS


def test_a_wake_up_stroke_says_what_is_missing_and_then_decides(open_page: OpenPage) -> None:
    page = open_page()
    hands = Hands(page)
    hands.click(page.get_by_text("Woke with symptoms").first.click)
    hands.type_into("Fell asleep, well: time", "22:30")
    hands.type_into("Woke with symptoms: time", "04:30")
    hands.type_into("NIHSS", "14")
    hands.type_into("Age", "68")
    hands.choose("Modified Rankin scale before the stroke", "0")
    hands.answer("Haemorrhage?", "No")
    hands.answer("Affected side of the patient", "Right")
    hands.mark("I", "M2")
    verdict = page.get_by_role("heading", level=1)
    expect(verdict).to_contain_text("Cannot say yet")
    expect(page.get_by_role("region", name="What is missing")).to_contain_text("Occluded vessel")
    hands.choose("Occluded vessel", "mca_m1")
    hands.type_into("Last known well: time", "22:30")
    expect(verdict).to_contain_text("Suitable")
    hands.tell("Wake-up stroke")


def test_a_spoke_hospital_sees_the_journey_against_the_window_and_the_words_for_the_call(open_page: OpenPage) -> None:
    page = open_page()
    hands = Hands(page)
    hands.type_into("Last known well: time", "-3h")
    hands.type_into("NIHSS", "16")
    hands.type_into("Age", "74")
    hands.choose("Occluded vessel", "mca_m1")
    hands.choose("Modified Rankin scale before the stroke", "0")
    hands.choose("What is done here", "primary")
    hands.type_into("To thrombectomy centre", "70")
    hands.type_into("Door to groin there", "60")
    hands.answer("Haemorrhage?", "No")
    hands.answer("Affected side of the patient", "Left")
    hands.mark("L", "I")
    expect(page.get_by_role("region", name="Next step")).to_contain_text("Transfer now")
    transfer = page.get_by_role("region", name="Transfer", exact=True)
    expect(transfer).to_contain_text("before the window closes")
    hands.click(page.get_by_text("Words for the call").click)
    expect(page.get_by_label("Words for the call")).to_contain_text("Transfer now")
    hands.tell("Spoke hospital, 70 min")

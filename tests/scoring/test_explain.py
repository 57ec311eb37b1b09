"""What would change an answer: read off the rules, true when tried, and near."""

from datetime import date

from hypothesis import given, settings

from scoring.eligibility import grid_in_force, judge
from scoring.explain import Change, what_would_change
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Known
from tests.properties.test_judging import patients

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))
EARLY_SMALL_CORE: dict[str, Known] = {
    "occlusion_site": "mca_m1", "minutes_since_last_known_well": 300, "aspects_total": 6, "age_years": 70,
    "nihss_total": 16, "prestroke_mrs": 2, "mass_effect": False,
}  # fmt: skip


def changes_of(values: dict[str, Known], ruleset: str = "aha-asa-2026") -> list[Change]:
    changes = what_would_change(GRID, values, judge(GRID, values))
    return [change for change in changes if change.ruleset == ruleset]


def test_the_nearest_change_of_each_fact_is_named() -> None:
    told = {f"{change.fact} {change.condition}": change.outcome for change in changes_of(EARLY_SMALL_CORE)}
    assert told["aspects_total is 5 or less"] == Outcome.IDD
    assert told["minutes_since_last_known_well is above 360"] == Outcome.IDD
    assert told["prestroke_mrs is 1 or less"] == Outcome.COR1
    assert told["prestroke_mrs is 3 or more"] == Outcome.COR2B
    assert told["nihss_total is 5 or less"] == Outcome.NOT_ADDRESSED
    assert told["occlusion_site is mca_m2_dominant or basilar"] in {Outcome.IDD, Outcome.NEED_DATA}


def test_time_is_never_turned_back() -> None:
    late = {**EARLY_SMALL_CORE, "minutes_since_last_known_well": 600}
    assert not [c for c in changes_of(late) if c.fact == "minutes_since_last_known_well" and (c.bound or 0) < 600]


def test_a_patient_out_of_scope_has_no_changes() -> None:
    assert changes_of({**EARLY_SMALL_CORE, "haemorrhage_on_imaging": True}) == []


@settings(max_examples=150)
@given(patients())
def test_every_change_is_true_when_tried(values: dict[str, Known]) -> None:
    answers = judge(GRID, values)
    outcomes = {answer.ruleset.id: answer.outcome for answer in answers}
    for change in what_would_change(GRID, values, answers):
        assert change.outcome != outcomes[change.ruleset]
        if change.outcome is Outcome.NEED_DATA:
            continue
        tried = {answer.ruleset.id: answer.outcome for answer in judge(GRID, {**values, change.fact: _value(change)})}
        assert tried[change.ruleset] == change.outcome, change


def _value(change: Change) -> Known:
    if change.bound is None:
        choice = change.condition.removeprefix("is ").split(" or ")[0]
        return {"yes": True, "no": False}.get(choice, choice)
    step = {"above": 0.001, "below": -0.001}.get(change.condition.split()[1], 0)
    if change.fact.startswith("minutes") and step:
        return change.bound + 1
    return change.bound + step

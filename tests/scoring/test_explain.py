"""What would change an answer: read off the rules, true when tried, and near."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.conditions import Bounds, Flag
from scoring.derived import fact_spec
from scoring.eligibility import grid_in_force, judge
from scoring.explain import Change, what_would_change
from scoring.facts import Kind
from scoring.grid import Grid
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known
from tests.properties.test_judging import patients
from tests.scoring.made_rules import made_of

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
    assert told["prestroke_mrs is 3 to 4"] == Outcome.COR2B
    assert told["nihss_total is 5 or less"] == Outcome.NOT_ADDRESSED
    assert told["occlusion_site is mca_m2_dominant or basilar"] in {Outcome.IDD, Outcome.NEED_DATA}


def test_time_is_never_turned_back() -> None:
    late = {**EARLY_SMALL_CORE, "minutes_since_last_known_well": 600}
    assert not [c for c in changes_of(late) if c.fact == "minutes_since_last_known_well" and (c.bound or 0) < 600]


def test_a_patient_out_of_scope_has_no_changes() -> None:
    assert changes_of({**EARLY_SMALL_CORE, "haemorrhage_on_imaging": True}) == []


LATE_MIDDLE_CORE: dict[str, Known] = {
    **EARLY_SMALL_CORE, "prestroke_mrs": 0, "aspects_total": 7, "minutes_since_last_known_well": 600,
    "core_volume_ml": 60.5, "tmax6_volume_ml": 100,
}  # fmt: skip


def test_each_fact_is_told_with_the_bound_and_the_nearest_value_on_either_side() -> None:
    """Japan 2021: from 6 to 16 hours a smaller core is grade A; beyond its ages and its core it says nothing."""
    told = {
        (change.fact, change.condition): (change.outcome, change.bound, change.nearest)
        for change in changes_of(LATE_MIDDLE_CORE, "jss-2021")
        if change.bound is not None
    }
    silent = Outcome.NOT_ADDRESSED
    assert told == {
        ("core_volume_ml", "is below 31"): (Outcome.GRADE_A, 31, 31),
        ("core_volume_ml", "is at least 70"): (silent, 70, 70),
        ("prestroke_mrs", "is 3 or more"): (silent, 3, 3),
        ("nihss_total", "is 5 or less"): (silent, 5, 5),
        ("age_years", "is below 18"): (silent, 18, 18),
        ("age_years", "is above 90"): (silent, 90, 90),
        ("aspects_total", "is 5 or less"): (silent, 5, 5),
        ("minutes_since_last_known_well", "is above 960"): (silent, 960, 961),
    }


def test_choices_that_lead_to_the_same_answer_are_told_together_without_the_present_one() -> None:
    told = {c.condition: c.outcome for c in changes_of(LATE_MIDDLE_CORE) if c.fact == "occlusion_site"}
    assert told == {
        "is none or ica_extracranial or vertebral": Outcome.NOT_ADDRESSED,
        "is mca_m2_codominant or mca_m2_nondominant or mca_m3 or mca_m4 or aca_a1 or aca_a2 or aca_a3 or pca_p1 or "
        "pca_p2 or pca_p3": Outcome.COR3NB,
        "is basilar": Outcome.NEED_DATA,
        "is mca_m2_dominant": Outcome.IDD,
    }


def test_yes_and_no_are_told_as_such() -> None:
    swollen = {**EARLY_SMALL_CORE, "prestroke_mrs": 0, "aspects_total": 2, "mass_effect": True}
    (relieved,) = (c for c in changes_of(swollen) if c.fact == "mass_effect")
    assert (relieved.condition, relieved.outcome, relieved.bound, relieved.nearest) == (
        "is no", Outcome.COR2A, None, None,
    )  # fmt: skip
    (swelling,) = (c for c in changes_of({**swollen, "mass_effect": False}) if c.fact == "mass_effect")
    assert (swelling.condition, swelling.outcome) == ("is yes", Outcome.IDD)


def test_of_all_guidelines_in_force_each_has_its_say_in_the_order_of_the_rule_book() -> None:
    """A trial or a superseded guideline has none."""
    changes = what_would_change(GRID, LATE_MIDDLE_CORE, judge(GRID, LATE_MIDDLE_CORE))
    told = list(dict.fromkeys(change.ruleset for change in changes))
    speaking = [r.id for r in GRID.rulesets if r.kind == "guideline" and not r.superseded]
    assert told == [ruleset for ruleset in speaking if ruleset in told]
    assert {"aha-asa-2026", "eso-esmint-2019", "uk-ncg-2023", "jss-2021"} <= set(told)


def test_a_fact_that_is_known_only_within_bounds_is_left_to_what_is_missing() -> None:
    """Its bounds still count for the other facts: of ASPECTS 6 or 7 both give one answer."""
    partly: dict[str, Known] = {**EARLY_SMALL_CORE, "aspects_total": Interval(6, 7)}
    told = {(change.fact, change.condition, change.outcome) for change in changes_of(partly)}
    whole = {(change.fact, change.condition, change.outcome) for change in changes_of(EARLY_SMALL_CORE)}
    assert told == {change for change in whole if change[0] != "aspects_total"}


def test_what_would_change_does_not_depend_on_who_came_before() -> None:
    """NIHSS 11 to 13 and NIHSS 12 lie in one cell; of the bounds nothing is told, of the value what lies near."""
    within, exact = ({**EARLY_SMALL_CORE, "nihss_total": value} for value in (Interval(11, 13), 12))
    assert "nihss_total" not in {change.fact for change in what_would_change(GRID, within, judge(GRID, within))}
    assert "nihss_total" in {change.fact for change in what_would_change(GRID, exact, judge(GRID, exact))}


def test_where_all_that_is_still_open_says_the_same_nothing_would_be_missing() -> None:
    """With a pre-stroke mRS of 4 and ASPECTS 2 data are insufficient whatever the time and the NIHSS from 6 on."""
    settled: dict[str, Known] = {
        "occlusion_site": "mca_m1", "aspects_total": 2, "age_years": 85, "nihss_total": 16, "prestroke_mrs": 4,
    }  # fmt: skip
    told = {(change.fact, change.condition): change.outcome for change in changes_of(settled)}
    assert {fact for fact, _ in told} == {"aspects_total", "age_years", "nihss_total", "occlusion_site"}
    assert [outcome for (fact, _), outcome in told.items() if fact == "nihss_total"] == [Outcome.NOT_ADDRESSED]


def test_what_is_known_within_bounds_is_settled_for_none_of_them() -> None:
    """ASPECTS 5 or 6: with a pre-stroke mRS of 2, for the one data are insufficient, and the other is class 2a."""
    partly: dict[str, Known] = {**EARLY_SMALL_CORE, "prestroke_mrs": 0, "aspects_total": Interval(5, 6)}
    told = {change.condition: change.outcome for change in changes_of(partly) if change.fact == "prestroke_mrs"}
    assert told == {"is 2 to 4": Outcome.NEED_DATA}


def test_a_fact_whose_bounds_lie_on_both_sides_of_a_rule_is_open_beside_a_change() -> None:
    severe, salvageable = Bounds("nihss_total", low=6), Flag("salvageable_tissue", expected=True)
    grid = Grid([replace(made_of((Outcome.COR1, severe, salvageable)), kind="guideline")])
    values: dict[str, Known] = {"nihss_total": Interval(5, 6), "salvageable_tissue": False}
    (change,) = what_would_change(grid, values, judge(grid, values))
    assert (change.fact, change.condition, change.outcome) == ("salvageable_tissue", "is yes", Outcome.NEED_DATA)


def test_the_nearest_value_below_a_bound_is_the_next_integer() -> None:
    basilar: dict[str, Known] = {**BASILAR, "nihss_total": 26, "prestroke_mrs": 0, "pc_aspects_total": 8}
    (change,) = (c for c in changes_of(basilar, "snis-basilar-2023") if c.fact == "pc_aspects_total")
    assert (change.condition, change.outcome, change.bound, change.nearest) == (
        "is 5 or less", Outcome.NOT_ADDRESSED, 6, 5,
    )  # fmt: skip


BASILAR: dict[str, Known] = {
    "occlusion_site": "basilar", "minutes_since_last_known_well": 300, "age_years": 65, "pc_aspects_total": 8,
}  # fmt: skip


def test_one_grade_for_and_against_treatment_is_two_answers() -> None:
    """A weak recommendation for thrombectomy from NIHSS 10, and a weak one against it below."""
    (change,) = (c for c in changes_of({**BASILAR, "nihss_total": 10}, "eso-esmint-basilar-2024") if c.nearest == 9)
    assert change.outcome is Outcome.WEAK
    assert change.outcome_text == "weak recommendation against thrombectomy"
    answers = {answer.ruleset.id: answer for answer in judge(GRID, BASILAR)}
    waiting = answers["eso-esmint-basilar-2024"]
    assert (waiting.outcome, waiting.clause, waiting.missing) == (Outcome.NEED_DATA, None, ("nihss_total",))


def test_a_change_says_where_it_ends() -> None:
    told = {f"{c.fact} {c.condition}": c.outcome for c in changes_of({**EARLY_SMALL_CORE, "prestroke_mrs": 4})}
    assert told["prestroke_mrs is 2"] == Outcome.COR2A
    assert told["prestroke_mrs is 5"] == Outcome.IDD
    assert told["age_years is at least 6 and below 18"] == Outcome.COR2A
    child = {
        "occlusion_site": "mca_m1",
        "minutes_since_last_known_well": 100,
        "age_years": 3,
        "salvageable_tissue": True,
    }
    told = {f"{c.fact} {c.condition}": c.outcome for c in changes_of(child)}
    assert told["minutes_since_last_known_well is above 1440"] == Outcome.NOT_ADDRESSED


@settings(max_examples=150)
@given(patients(), st.data())
def test_every_change_is_true_wherever_in_its_range_it_is_tried(values: dict[str, Known], data: st.DataObject) -> None:
    answers = judge(GRID, values)
    now = {answer.ruleset.id: (answer.outcome, answer.outcome_text) for answer in answers}
    for change in what_would_change(GRID, values, answers):
        assert (change.outcome, change.outcome_text) != now[change.ruleset]
        tried = data.draw(st.sampled_from(_values_within(change)))
        told = {answer.ruleset.id: answer for answer in judge(GRID, {**values, change.fact: tried})}[change.ruleset]
        assert (told.outcome, told.outcome_text) == (change.outcome, change.outcome_text), (change, tried)


@pytest.mark.parametrize("minutes", [300, 600])
@pytest.mark.parametrize("low", [0, 2, 3, 5])
@pytest.mark.parametrize("high", [3, 6, 10])
def test_every_change_beside_a_fact_that_is_known_within_bounds_is_true(minutes: int, low: int, high: int) -> None:
    """The bounds stay as they are while the other fact changes."""
    partly: dict[str, Known] = {
        **EARLY_SMALL_CORE, "minutes_since_last_known_well": minutes, "prestroke_mrs": 0,
        "aspects_total": Interval(min(low, high), high),
    }  # fmt: skip
    now = {answer.ruleset.id: answer.said for answer in judge(GRID, partly)}
    for change in what_would_change(GRID, partly, judge(GRID, partly)):
        for tried in _values_within(change):
            then = {answer.ruleset.id: answer for answer in judge(GRID, {**partly, change.fact: tried})}[change.ruleset]
            assert (then.outcome, then.outcome_text) == (change.outcome, change.outcome_text), (change, tried)
            assert then.said != now[change.ruleset]


def _values_within(change: Change) -> list[Known]:
    """Values that the words of a change allow: its ends and what lies between."""
    words = change.condition.removeprefix("is ")
    if change.bound is None:
        return [{"yes": True, "no": False}.get(choice, choice) for choice in words.split(" or ")]
    spec = fact_spec(change.fact)
    assert spec is not None
    low, high = spec.minimum or 0, min(spec.maximum or 5000, 5000)
    step = 1 if spec.kind is Kind.INTEGER else 0.001
    for part in words.replace("28 days", repr(28 / 365.25)).split(" and "):
        match part.split():
            case ["at", "least", number] | [number, "or", "more"]:
                low = float(number)
            case ["above", number]:
                low = float(number) + step
            case ["at", "most", number] | [number, "or", "less"]:
                high = float(number)
            case ["below", number]:
                high = float(number) - step
            case [one, "to", two]:
                low, high = float(one), float(two)
            case [number]:
                low = high = float(number)
            case _:
                raise AssertionError(part)
    middle = (low + high) / 2
    return [low, high, round(middle) if spec.kind is Kind.INTEGER else middle]


def test_an_upper_end_tells_whether_it_belongs_to_the_range_and_an_age_of_days_is_told_in_days() -> None:
    (young,) = (c for c in changes_of(EARLY_SMALL_CORE, "nice-ng128") if c.fact == "age_years")
    assert (young.condition, young.outcome) == ("is at most 16", Outcome.NOT_ADDRESSED)
    child: dict[str, Known] = {**EARLY_SMALL_CORE, "age_years": 3, "salvageable_tissue": True}
    assert "is below 28 days" in {c.condition for c in changes_of(child) if c.fact == "age_years"}

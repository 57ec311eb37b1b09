"""What would change an answer: read off the rules, true when tried, and near."""

from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.derived import fact_spec
from scoring.eligibility import grid_in_force, judge
from scoring.explain import Change, what_would_change
from scoring.facts import Kind
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
    assert told["prestroke_mrs is 3 to 4"] == Outcome.COR2B
    assert told["nihss_total is 5 or less"] == Outcome.NOT_ADDRESSED
    assert told["occlusion_site is mca_m2_dominant or basilar"] in {Outcome.IDD, Outcome.NEED_DATA}


def test_time_is_never_turned_back() -> None:
    late = {**EARLY_SMALL_CORE, "minutes_since_last_known_well": 600}
    assert not [c for c in changes_of(late) if c.fact == "minutes_since_last_known_well" and (c.bound or 0) < 600]


def test_a_patient_out_of_scope_has_no_changes() -> None:
    assert changes_of({**EARLY_SMALL_CORE, "haemorrhage_on_imaging": True}) == []


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
        if change.outcome is Outcome.NEED_DATA:
            continue
        tried = data.draw(st.sampled_from(_values_within(change)))
        told = {answer.ruleset.id: answer for answer in judge(GRID, {**values, change.fact: tried})}[change.ruleset]
        assert (told.outcome, told.outcome_text) == (change.outcome, change.outcome_text), (change, tried)


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

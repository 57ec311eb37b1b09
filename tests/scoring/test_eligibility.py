"""Outcomes alone are those of the full answers; a grid of rules on facts that do not exist is refused."""

from dataclasses import replace
from datetime import date

import pytest

from scoring.conditions import Bounds, Flag
from scoring.eligibility import Answer, clause_lines, grid_in_force, judge, outcomes
from scoring.facts import FACTS
from scoring.grid import Grid
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.values import Interval, Known

BOOK = read_rulebook()
GRID = grid_in_force(BOOK, date(2026, 11, 22))


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"haemorrhage_on_imaging": True},
        {"occlusion_site": "mca_m1", "nihss_total": 16, "aspects_total": Interval(5, 6)},
        {"occlusion_site": "basilar", "nihss_total": 20, "minutes_since_last_known_well": 660, "age_years": 50},
    ],
)
def test_outcomes_alone_are_those_of_the_answers(values: dict[str, Known]) -> None:
    assert outcomes(GRID, values) == tuple(answer.outcome for answer in judge(GRID, values))


def test_a_condition_on_a_fact_that_does_not_exist_cannot_be_compiled() -> None:
    ruleset = BOOK.ruleset("dawn")
    clause = replace(ruleset.clauses[0], lines=(Flag("shoe_size", expected=True),))
    with pytest.raises(KeyError, match="shoe_size"):
        Grid([replace(ruleset, clauses=(clause,))])


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scoring.grid._REMEMBERED", 2)
    grid = Grid(list(BOOK.in_force(date(2026, 11, 22)))[:1])
    first = grid.kept_for({"nihss_total": 3})
    first["mark"] = True
    assert grid.kept_for({"nihss_total": 4}) is first, "the same cell"
    grid.kept_for({"nihss_total": 6})
    grid.kept_for({"nihss_total": 7, "prestroke_mrs": 0})
    assert "mark" not in grid.kept_for({"nihss_total": 3}), "forgotten, not grown without end"


DAWN_PATIENT: dict[str, Known] = {
    "occlusion_site": "mca_m1", "minutes_since_last_known_well": 720, "age_years": 60, "nihss_total": 15,
    "core_volume_ml": 10, "prestroke_mrs": 0,
}  # fmt: skip


def answer_of(ruleset: str, values: dict[str, Known]) -> Answer:
    return next(answer for answer in judge(GRID, values) if answer.ruleset.id == ruleset)


def told(answer: Answer) -> dict[str, str]:
    return {line.fact: line.answer for line in answer.lines}


def test_of_the_clause_that_decides_every_line_is_told() -> None:
    assert told(answer_of("dawn", DAWN_PATIENT)) == dict.fromkeys(DAWN_PATIENT, "met")


def test_where_no_clause_holds_the_nearest_is_told_by_what_fails() -> None:
    refused = answer_of("dawn", {**DAWN_PATIENT, "nihss_total": 9, "prestroke_mrs": 2})
    assert refused.clause is None
    assert refused.nearest is not None
    assert refused.nearest.group == "B", "C would fail on the core, too"
    assert told(refused) == {"nihss_total": "not_met", "prestroke_mrs": "not_met"}


def test_while_data_are_missing_the_nearest_that_is_still_possible_is_told_whole() -> None:
    waiting = answer_of("dawn", {fact: value for fact, value in DAWN_PATIENT.items() if fact != "nihss_total"})
    assert waiting.nearest is not None
    assert waiting.nearest.group == "B"
    assert told(waiting) == {**dict.fromkeys(DAWN_PATIENT, "met"), "nihss_total": "unknown"}
    assert waiting.missing == ("nihss_total",)


def test_a_patient_out_of_scope_is_told_why_and_of_no_clause() -> None:
    (line,) = (bleeding := answer_of("dawn", {**DAWN_PATIENT, "haemorrhage_on_imaging": True})).lines
    assert (line.fact, line.answer) == ("haemorrhage_on_imaging", "met")
    assert (bleeding.outcome, bleeding.clause, bleeding.nearest) == (Outcome.NOT_ELIGIBLE, None, None)


def test_of_alternative_criteria_the_nearest_is_told() -> None:
    """The set of 2019 asks for DAWN or DEFUSE 3: of the two, the one that fails on the fewest facts."""
    late = {**DAWN_PATIENT, "nihss_total": 8, "aspects_total": 8, "mismatch_ratio": 1.2, "mismatch_volume_ml": 2}
    clause = next(c for c in BOOK.ruleset("aha-asa-2019").clauses if c.id == "aha-asa-2019.3.7.3-to-16h")
    lines = {line.fact: line.answer for line in clause_lines(clause, late)}
    assert lines == {**dict.fromkeys(DAWN_PATIENT, "met"), "nihss_total": "not_met"}


def test_of_alternative_criteria_that_fail_on_as_many_facts_the_one_with_the_fewest_open_is_told() -> None:
    """By items that cannot be tested the NIHSS is 8 to 12: DEFUSE 3 is satisfied by it, DAWN may not be."""
    late = {**DAWN_PATIENT, "nihss_total": Interval(8, 12), "aspects_total": 8, "mismatch_ratio": 2.5}
    late |= {"mismatch_volume_ml": 30, "core_volume_ml": 20}
    del late["prestroke_mrs"]
    clause = next(c for c in BOOK.ruleset("aha-asa-2019").clauses if c.id == "aha-asa-2019.3.7.3-to-16h")
    lines = {line.fact: line.answer for line in clause_lines(clause, late)}
    assert lines == {**dict.fromkeys(late, "met"), "prestroke_mrs": "unknown"}


def test_a_route_that_is_met_decides_while_another_is_open() -> None:
    (lysis,) = judge(Grid([BOOK.ruleset("aha-asa-2026-ivt")]), {
        "age_years": 70, "minutes_since_last_known_well": 400, "salvageable_tissue": True,
        "occlusion_site": "mca_m1", "woke_with_symptoms": False,
    })  # fmt: skip
    assert (lysis.outcome, lysis.clause and lysis.clause.clause, lysis.missing) == (Outcome.COR2A, "4.6.3-2", ())


def test_a_route_that_is_met_decides_while_an_earlier_one_that_says_more_is_open() -> None:
    """Whether the patient woke with it is not known, so the route by the midpoint of sleep stays open."""
    (lysis,) = judge(Grid([BOOK.ruleset("aha-asa-2026-ivt")]), {
        "age_years": 70, "minutes_since_last_known_well": 600, "salvageable_tissue": True, "occlusion_site": "mca_m1",
        "evt_available": False, "disabling_deficit": True,
    })  # fmt: skip
    assert (lysis.outcome, lysis.clause and lysis.clause.clause, lysis.missing) == (Outcome.COR2B, "4.6.3-3", ())


@pytest.mark.parametrize("failing", [{"prestroke_mrs": 3}, {"nihss_total": 3}])
def test_a_fact_that_fails_the_criteria_for_any_vessel_and_time_leaves_nothing_to_wait_for(
    failing: dict[str, Known],
) -> None:
    """NICE selects nobody with a pre-stroke mRS of 3 or an NIHSS of 3, whatever a CT angiogram would show."""
    refused = answer_of("nice-ng128", {"age_years": 70, **failing})
    assert (refused.outcome, refused.missing) == (Outcome.NOT_SELECTED, ())
    assert refused.clause is not None
    assert refused.clause.clause == "1.4.8"


def test_of_alternatives_that_hold_the_first_is_told() -> None:
    lines = told(answer_of("nice-ng128", {"age_years": 70, "nihss_total": 3, "prestroke_mrs": 4}))
    assert lines == {"age_years": "met", "nihss_total": "met"}


def test_of_clauses_that_say_the_same_one_that_is_met_is_named_before_one_that_is_open() -> None:
    dawn = BOOK.ruleset("dawn")
    salvageable, swollen = Flag("salvageable_tissue", expected=True), Flag("mass_effect", expected=True)
    stricter = replace(dawn.clauses[0], id="dawn.stricter", lines=(salvageable, swollen))
    plain = replace(dawn.clauses[0], id="dawn.plain", lines=(salvageable,))
    (answer,) = judge(Grid([replace(dawn, clauses=(stricter, plain))]), {"salvageable_tissue": True})
    assert answer.clause is plain


def test_a_clause_that_nobody_can_meet_decides_nothing() -> None:
    dawn = BOOK.ruleset("dawn")
    between = Bounds("nihss_total", low=6, low_is_strict=True, high=7, high_is_strict=True)
    impossible = replace(dawn.clauses[0], lines=(between,))
    (answer,) = judge(Grid([replace(dawn, clauses=(impossible,))]), {})
    assert (answer.outcome, answer.clause, answer.missing) == (Outcome.NOT_ELIGIBLE, None, ())


def test_a_trial_that_would_not_take_the_patient_either_way_waits_for_nothing() -> None:
    """Without collateral flow MR CLEAN-LATE takes nobody, whether or not DAWN or DEFUSE 3 would."""
    late = {fact: value for fact, value in DAWN_PATIENT.items() if fact != "core_volume_ml"}
    refused = answer_of("mr-clean-late", {**late, "collaterals": "absent"})
    assert (refused.outcome, refused.missing) == (Outcome.NOT_ELIGIBLE, ())
    assert answer_of("mr-clean-late", {**late, "collaterals": "good"}).missing == ("core_volume_ml",)


def test_an_nihss_within_bounds_is_open_only_within_them() -> None:
    """From 12 to 16 DAWN would take the patient by a small core, and by no larger one."""
    partly = {**DAWN_PATIENT, "nihss_total": Interval(12, 16)}
    assert answer_of("dawn", {**partly, "core_volume_ml": 10}).outcome is Outcome.ELIGIBLE
    assert answer_of("dawn", {**partly, "core_volume_ml": 40}).outcome is Outcome.NOT_ELIGIBLE
    across = answer_of("dawn", {**partly, "nihss_total": Interval(18, 22), "core_volume_ml": 40})
    assert (across.outcome, across.missing) == (Outcome.NEED_DATA, ("nihss_total",))
    mild = answer_of("eso-esmint-basilar-2024", {
        "occlusion_site": "basilar", "minutes_since_last_known_well": 300, "age_years": 65, "pc_aspects_total": 8,
        "nihss_total": Interval(2, 8),
    })  # fmt: skip
    assert (mild.outcome, mild.missing) == (Outcome.WEAK, ())


def test_bounds_within_which_all_clauses_say_the_same_leave_nothing_open() -> None:
    """Late, ASPECTS 3 to 5 and 6 to 10 are class 1 by one clause each; 2 would not be."""
    late: dict[str, Known] = {
        "occlusion_site": "mca_m1", "minutes_since_last_known_well": 600, "age_years": 70, "nihss_total": 16,
        "prestroke_mrs": 0, "mass_effect": False,
    }  # fmt: skip
    settled = answer_of("aha-asa-2026", {**late, "aspects_total": Interval(5, 6)})
    assert (settled.outcome, settled.missing) == (Outcome.COR1, ())
    assert answer_of("aha-asa-2026", {**late, "aspects_total": Interval(2, 6)}).missing == ("aspects_total",)


def test_clauses_that_say_the_same_together_leave_nothing_to_wait_for() -> None:
    """Whatever the ASPECTS is, one of two clauses holds, and both say that data are insufficient."""
    values: dict[str, Known] = {
        "occlusion_site": "mca_m1", "minutes_since_last_known_well": 600, "age_years": 70, "nihss_total": 16,
        "prestroke_mrs": 2,
    }  # fmt: skip
    settled = answer_of("aha-asa-2026", values)
    assert (settled.outcome, settled.missing) == (Outcome.IDD, ())
    assert settled.clause is not None
    assert settled.clause.id in {"aha-asa-2026.fig3-late-disability", "aha-asa-2026.fig3-late-very-large-core"}


def test_a_clause_that_is_met_does_not_decide_while_one_that_goes_before_it_may_say_otherwise() -> None:
    values: dict[str, Known] = {
        "occlusion_site": "mca_m1", "minutes_since_last_known_well": 480, "age_years": 70, "nihss_total": 16,
        "prestroke_mrs": 0, "aspects_total": 8, "collaterals": "good",
    }  # fmt: skip
    open_still = answer_of("eso-esmint-2019", values)
    assert (open_still.outcome, open_still.missing) == (Outcome.NEED_DATA, ("core_volume_ml",))


def test_what_is_missing_is_what_a_person_can_still_state_in_the_order_of_the_vocabulary() -> None:
    late = {**DAWN_PATIENT, "minutes_since_last_known_well": 800, "aspects_total": 8}
    assert answer_of("uk-ncg-2023", late).missing == ("tmax6_volume_ml",), "the core is known"
    missing = answer_of("dawn", {}).missing
    assert len(missing) > 1
    assert list(missing) == [fact for fact in FACTS if fact in missing]


def test_bounds_between_which_no_rule_tells_apart_leave_nothing_to_ask_for() -> None:
    """Here no single fact would settle the answer, so all that can matter are named: an ASPECTS of 7 or 8 cannot."""
    late: dict[str, Known] = {
        "occlusion_site": "mca_m1", "minutes_since_last_known_well": 525, "age_years": 89.5, "nihss_total": 6,
        "prestroke_mrs": 1, "aspects_total": Interval(7, 8),
    }  # fmt: skip
    assert answer_of("eso-esmint-2019", late).missing == ("core_volume_ml", "tmax6_volume_ml", "collaterals")

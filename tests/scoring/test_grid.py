"""The compiled rules beside a plain reading, line by line: what holds, what is open, and which clause is nearest."""

from collections import Counter
from datetime import date
from itertools import pairwise

import pytest

from scoring.cells import Column
from scoring.conditions import Bounds, Condition, Flag
from scoring.eligibility import clause_answer, grid_in_force, judge
from scoring.grid import Grid
from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.rulebook import Clause, RuleSet
from scoring.ternary import Ternary, all_of
from scoring.values import Interval, Known, OneOf
from tests.properties.test_judging import assert_read_as_its_lines, sample_values
from tests.scoring.made_rules import made_of

GRID = grid_in_force(read_rulebook(), date(2026, 11, 22))

LATE: dict[str, Known] = {
    "age_years": 84, "nihss_total": 9, "prestroke_mrs": 2, "occlusion_site": "mca_m1", "aspects_total": 5,
    "minutes_since_last_known_well": 800, "core_volume_ml": 60, "mass_effect": True,
}  # fmt: skip
PATIENTS: dict[str, dict[str, Known]] = {
    "nothing known": {},
    "age alone": {"age_years": 70},
    "late, old and disabled": LATE,
    "early": {**LATE, "minutes_since_last_known_well": 100, "age_years": 50, "prestroke_mrs": 0},
    "basilar": {**LATE, "occlusion_site": "basilar", "pc_aspects_total": 7, "pons_midbrain_index": 1},
    "child": {"age_years": 3, "occlusion_site": "mca_m1", "minutes_since_last_known_well": 500},
    "beyond a day": {**LATE, "minutes_since_last_known_well": 2000, "nihss_total": 3},
    "ASPECTS within bounds": {**LATE, "aspects_total": Interval(5, 7), "prestroke_mrs": 0, "nihss_total": 16},
    "ASPECTS within bounds, mild": {**LATE, "aspects_total": Interval(2, 3), "nihss_total": 2},
    "M2 of unknown dominance": {
        **LATE, "minutes_since_last_known_well": 200, "aspects_total": 9, "prestroke_mrs": 0,
        "occlusion_site": OneOf(frozenset({"mca_m2_dominant", "mca_m2_codominant", "mca_m2_nondominant"})),
    },
}  # fmt: skip
patients = pytest.mark.parametrize("values", PATIENTS.values(), ids=PATIENTS)


@patients
def test_what_holds_and_what_is_open_is_what_the_lines_say(values: dict[str, Known]) -> None:
    assert_read_as_its_lines(GRID, values)


@patients
def test_the_nearest_clause_fails_on_the_fewest_facts_and_of_these_holds_on_the_most(values: dict[str, Known]) -> None:
    for answer in judge(GRID, values):
        if answer.nearest is not None:
            among = _open(answer.ruleset, values) if answer.outcome is Outcome.NEED_DATA else answer.ruleset.clauses
            assert _distance(answer.nearest, values) == min(_distance(clause, values) for clause in among)


def test_the_nearest_counts_the_first_clause_as_any_other() -> None:
    """The first clause fails on two facts and holds on one, the second fails on one; then each fails on one."""
    severe, swollen = Bounds("nihss_total", low=6), Flag("mass_effect", expected=True)
    salvageable, independent = Flag("salvageable_tissue", expected=True), Bounds("prestroke_mrs", high=1)
    values: dict[str, Known] = {
        "nihss_total": 3, "mass_effect": False, "salvageable_tissue": True, "prestroke_mrs": 3,
    }  # fmt: skip
    for first, second in (([severe, swollen, salvageable], [independent]), ([severe], [independent, salvageable])):
        grid = Grid([made_of((Outcome.COR1, *first), (Outcome.COR2A, *second))])
        (nearest,) = grid.nearest(values, [grid.everything])
        assert nearest.clause == "b"


def test_a_clause_that_is_met_waits_for_those_before_it_that_may_still_hold_and_say_otherwise() -> None:
    swollen, salvageable = Flag("mass_effect", expected=True), Flag("salvageable_tissue", expected=True)
    severe = Bounds("nihss_total", low=6)
    ruleset = made_of((Outcome.COR1, swollen), (Outcome.COR2A, severe), (Outcome.COR2A, salvageable))
    assert _deciding(ruleset, {"salvageable_tissue": True}) is None
    assert _deciding(ruleset, {"salvageable_tissue": True, "nihss_total": 3}) is None
    assert _deciding(ruleset, {"salvageable_tissue": True, "mass_effect": False}) == "c"
    assert _deciding(ruleset, {"salvageable_tissue": True, "mass_effect": True}) == "a"
    assert _deciding(ruleset, {"salvageable_tissue": False, "mass_effect": True}) == "a"


def _deciding(ruleset: RuleSet, values: dict[str, Known]) -> str | None:
    grid = Grid([ruleset])
    masks = grid.masks(values)
    found = grid.deciding(masks.possible, masks.met)
    return found and found.clause


def _open(ruleset: RuleSet, values: dict[str, Known]) -> list[Clause]:
    return [clause for clause in ruleset.clauses if clause_answer(clause, values) is not Ternary.NOT_MET]


def _distance(clause: Clause, values: dict[str, Known]) -> tuple[int, int]:
    """Facts on which the clause fails, and, less than none, those on which it holds; of alternatives the nearest."""
    return min(_counted(conjunction, values) for conjunction in clause.conjunctions())


def _counted(conjunction: tuple[Condition, ...], values: dict[str, Known]) -> tuple[int, int]:
    by_fact: dict[str, list[Ternary]] = {}
    for condition in conjunction:
        by_fact.setdefault(condition.fact, []).append(condition.answer(values.get(condition.fact)))
    counts = Counter(all_of(answers) for answers in by_fact.values())
    return counts[Ternary.NOT_MET], -counts[Ternary.MET]


@pytest.mark.parametrize("column", GRID.columns, ids=lambda column: column.fact)
def test_the_pieces_that_a_rule_set_sees_are_those_in_which_a_patient_can_lie(column: Column) -> None:
    for ruleset in GRID.rulesets:
        segments = GRID.segments(column, ruleset)
        asked = any(condition.fact == column.fact for clause in ruleset.clauses for condition in clause.conditions())
        cells = [cell for segment in segments for cell in segment.cells]
        assert (cells if column.points else sorted(cells)) == (list(column.reachable(None)) if asked else []), (
            ruleset.id
        )
        mine = GRID.mask_of_ruleset[ruleset.id]
        assert all(column.cells[i].mask & mine == segment.mask for segment in segments for i in segment.cells)
        assert all(one.mask != two.mask for one, two in pairwise(segments)), "neighbours differ"
        assert column.points or len({segment.mask for segment in segments}) == len(segments), "choices have no order"


@pytest.mark.parametrize("minutes", [0, 30, 700, 3000])
def test_a_patient_whose_time_has_passed_is_known_again_by_its_signature(minutes: int) -> None:
    moved = {"minutes_since_last_known_well": 800 + minutes, "minutes_since_imaging": minutes}
    before: dict[str, Known] = {**LATE, "minutes_since_imaging": 0}
    then = GRID.moved_signature(GRID.signature(before), before, moved)
    assert then == GRID.signature({**before, **moved})


def test_a_signature_tells_apart_whom_the_rules_tell_apart_and_no_others() -> None:
    """NIHSS 9 and 10 lie on both sides of a bound; 17 and 18 do not, nor does a fact that no rule asks for."""
    assert GRID.signature({**LATE, "nihss_total": 9}) != GRID.signature({**LATE, "nihss_total": 10})
    assert GRID.signature({**LATE, "nihss_total": 17}) == GRID.signature({**LATE, "nihss_total": 18})
    assert GRID.signature({**LATE, "weight_kg": 70}) == GRID.signature(LATE)
    assert GRID.signature({**LATE, "nihss_total": Interval(9, 10)}) != GRID.signature({**LATE, "nihss_total": 9})


@pytest.mark.parametrize("column", GRID.columns, ids=lambda column: column.fact)
def test_each_piece_of_a_fact_and_not_knowing_it_has_a_signature_of_its_own(column: Column) -> None:
    signatures = [GRID.signature({column.fact: value}) for value in sample_values(column)]
    assert len({GRID.signature({}), *signatures}) == 1 + len(column.reachable(None))


def test_whatever_is_known_alone_has_a_signature_of_its_own() -> None:
    alone: list[dict[str, Known]] = [{c.fact: value} for c in GRID.columns for value in sample_values(c)]
    alone += [{}, {"tmax6_volume_ml": 100}, {"haemorrhage_on_imaging": True}, {"haemorrhage_on_imaging": False}]
    assert len({GRID.signature(values) for values in alone}) == len(alone)


def test_a_stated_fact_behind_a_derived_one_counts_by_being_known() -> None:
    """What is missing names the hypoperfused volume only while it is not known."""
    known = GRID.signature({**LATE, "tmax6_volume_ml": 100})
    assert known != GRID.signature(LATE)
    assert known == GRID.signature({**LATE, "tmax6_volume_ml": 300})

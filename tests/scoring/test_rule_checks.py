"""Faults of a rule book that no single file shows: each is planted in the real one and must be found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import pytest

from scoring.conditions import Bounds, Flag
from scoring.outcomes import Outcome
from scoring.rule_checks import check_rulebook
from scoring.rule_files import read_rulebook
from scoring.rulebook import AnyOf, Clause, RuleBook

BOOK = read_rulebook()
AHA = "aha-asa-2026"


def clause(clause_id: str) -> Clause:
    return next(c for ruleset in BOOK.rulesets for c in ruleset.clauses if c.id == clause_id)


def with_clauses(ruleset_id: str, change: Callable[[tuple[Clause, ...]], tuple[Clause, ...]]) -> RuleBook:
    rulesets = [
        replace(ruleset, clauses=change(ruleset.clauses)) if ruleset.id == ruleset_id else ruleset
        for ruleset in BOOK.rulesets
    ]
    return RuleBook(tuple(rulesets), BOOK.version)


def test_the_rule_book_has_no_fault() -> None:
    assert check_rulebook(BOOK) == []


def test_a_clause_that_claims_the_patients_of_another_is_found() -> None:
    rival = replace(clause(f"{AHA}.4.7.2-1"), id=f"{AHA}.rival", outcome=Outcome.COR3NB)
    faults = check_rulebook(with_clauses(AHA, lambda clauses: (*clauses, rival)))
    assert any(f"{AHA}.4.7.2-1 and {AHA}.rival" in fault for fault in faults)


def test_an_overlap_of_a_single_point_is_found() -> None:
    early = clause(f"{AHA}.4.7.2-1")
    two = clause(f"{AHA}.4.7.2-2")
    touching = replace(
        two,
        outcome=Outcome.COR2B,
        lines=tuple(
            Bounds(line.fact, 360, False, 1440, False)
            if isinstance(line, Bounds) and line.fact == "minutes_since_last_known_well"
            else line
            for line in two.lines
        ),
    )
    apart = replace(two, outcome=Outcome.COR2B)

    def faults_of_pair(second: Clause) -> list[str]:
        return [fault for fault in check_rulebook(with_clauses(AHA, lambda _: (early, second))) if " and " in fault]

    assert faults_of_pair(touching)
    assert faults_of_pair(apart) == []


def test_a_declared_exception_is_no_fault() -> None:
    general = clause(f"{AHA}.4.7.2-1")
    exception = replace(
        general, id=f"{AHA}.exception", outcome=Outcome.IDD, lines=(*general.lines, Flag("mass_effect", expected=True))
    )
    yielding = replace(general, yields_to=(exception.id,))
    assert check_rulebook(with_clauses(AHA, lambda _: (exception, yielding))) == []
    assert check_rulebook(with_clauses(AHA, lambda _: (exception, general)))


def test_a_clause_that_always_comes_too_late_is_found() -> None:
    general = clause(f"{AHA}.4.7.2-1")
    later = replace(general, id=f"{AHA}.later", lines=(*general.lines, Flag("mass_effect", expected=False)))
    faults = check_rulebook(with_clauses(AHA, lambda _: (general, later)))
    assert faults == [f"{AHA}.later: earlier clauses always hold where it does, so it never decides"]


def test_a_clause_covered_by_two_others_together_is_found() -> None:
    general = clause(f"{AHA}.4.7.2-1")
    halves = [
        replace(general, id=f"{AHA}.half-{flag}", lines=(*general.lines, Flag("mass_effect", expected=flag)))
        for flag in (True, False)
    ]
    faults = check_rulebook(with_clauses(AHA, lambda _: (*halves, general)))
    assert faults == [f"{general.id}: earlier clauses always hold where it does, so it never decides"]


def test_one_open_alternative_is_enough_to_decide() -> None:
    general = clause(f"{AHA}.4.7.2-1")
    flags = Flag("mass_effect", expected=True), Flag("mass_effect", expected=False)
    first = replace(general, id=f"{AHA}.first", lines=(*general.lines, flags[0]))
    either = replace(general, lines=(*general.lines, AnyOf(((flags[0],), (flags[1],)))))
    assert check_rulebook(with_clauses(AHA, lambda _: (first, either))) == []


@pytest.mark.parametrize(
    "line",
    [Bounds("nihss_total", high=5), Bounds("nihss_total", low=6, low_is_strict=True, high=7, high_is_strict=True)],
)
def test_lines_that_contradict_one_another_are_found(line: Bounds) -> None:
    broken = replace(clause(f"{AHA}.4.7.2-1"), id=f"{AHA}.broken")
    broken = replace(broken, lines=(*broken.lines, line))
    faults = check_rulebook(with_clauses(AHA, lambda _: (broken,)))
    assert faults == [f"{AHA}.broken: its lines contradict one another, no patient can meet it"]


def test_a_clause_that_ends_before_it_begins_is_found() -> None:
    broken = replace(clause(f"{AHA}.4.7.2-1"), in_force_until=date(2026, 1, 26))
    faults = check_rulebook(with_clauses(AHA, lambda _: (broken,)))
    assert faults == [f"{AHA}.4.7.2-1: ends before it begins"]


def test_clauses_that_were_never_in_force_together_may_differ() -> None:
    old = replace(
        clause(f"{AHA}.4.7.2-1"),
        id=f"{AHA}.old",
        outcome=Outcome.COR2B,
        in_force_from=date(2019, 1, 1),
        in_force_until=date(2026, 1, 26),
    )
    assert check_rulebook(with_clauses(AHA, lambda clauses: (old, *clauses))) == []


def test_of_cautions_every_line_counts_so_a_second_of_the_same_is_no_fault() -> None:
    ruleset = next(ruleset for ruleset in BOOK.rulesets if ruleset.kind == "caution")
    again = replace(ruleset.clauses[0], id=f"{ruleset.id}.again")
    assert check_rulebook(with_clauses(ruleset.id, lambda clauses: (*clauses, again))) == []

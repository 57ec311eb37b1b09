"""Faults of a rule book that no single file shows: each is planted in the real one and must be found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from scoring.cells import Cell
from scoring.conditions import Bounds, Flag
from scoring.outcomes import Outcome
from scoring.rule_checks import _told, check_citations, check_rulebook
from scoring.rule_files import read_rulebook
from scoring.rulebook import AnyOf, Clause, Line, RuleBook, RuleSet, Unaddressed

BOOK = read_rulebook()
AHA = "aha-asa-2026"


def clause(clause_id: str) -> Clause:
    return next(c for ruleset in BOOK.rulesets for c in ruleset.clauses if c.id == clause_id)


def with_clauses(ruleset_id: str, change: Callable[[tuple[Clause, ...]], tuple[Clause, ...]]) -> RuleBook:
    """The book with other clauses in one set, of which nobody says any more whom it leaves out."""
    return with_ruleset(ruleset_id, lambda one: replace(one, clauses=change(one.clauses), not_addressed=()))


def with_ruleset(ruleset_id: str, change: Callable[[RuleSet], RuleSet]) -> RuleBook:
    rulesets = [change(ruleset) if ruleset.id == ruleset_id else ruleset for ruleset in BOOK.rulesets]
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


def without(clause_id: str) -> Callable[[RuleSet], RuleSet]:
    return lambda one: replace(one, clauses=tuple(c for c in one.clauses if c.id != clause_id))


def test_every_patient_of_the_leading_guideline_is_accounted_for() -> None:
    assert BOOK.ruleset(AHA).not_addressed


@pytest.mark.parametrize("clause_id", [c.id for c in BOOK.ruleset(AHA).clauses if not c.id.endswith(("4.7.3-2", "t"))])
def test_a_clause_that_goes_missing_leaves_a_patient_whom_nobody_accounts_for(clause_id: str) -> None:
    (fault,) = check_rulebook(with_ruleset(AHA, without(clause_id)))
    assert fault.startswith(f"{AHA}: a patient is neither answered nor named as not addressed: ")


def test_the_patient_who_is_left_out_is_described() -> None:
    (fault,) = check_rulebook(with_ruleset(AHA, without(f"{AHA}.4.7.3-2")))
    patient = dict(told.split(" ", 1) for told in fault.split(": ", 2)[2].split(", "))
    assert patient["occlusion_site"] == "basilar"
    assert patient["nihss_total"] in {"6", "between 6 and 10"}
    assert patient["prestroke_mrs"] in {"1", "below 1"}
    assert patient["pc_aspects_total"] in {"6", "above 6"}


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        (Cell(0, low=6, high=6), "6"),
        (Cell(0, low=6, high=10), "between 6 and 10"),
        (Cell(0, high=6), "below 6"),
        (Cell(0, low=10), "above 10"),
        (Cell(0, choice="basilar"), "basilar"),
        (Cell(0, choice=False), "False"),
    ],
)
def test_the_range_of_each_fact_is_told_in_words(cell: Cell, words: str) -> None:
    assert _told(cell) == words


def test_a_gap_of_a_single_point_is_found() -> None:
    def narrowed(one: RuleSet) -> RuleSet:
        clauses = [
            replace(c, lines=tuple(map(below_24_h, c.lines))) if c.id.endswith("4.7.2-8") else c for c in one.clauses
        ]
        return replace(one, clauses=tuple(clauses))

    def below_24_h(line: Line) -> Line:
        is_time = isinstance(line, Bounds) and line.fact == "minutes_since_last_known_well"
        return Bounds("minutes_since_last_known_well", high=1440, high_is_strict=True) if is_time else line

    (fault,) = check_rulebook(with_ruleset(AHA, narrowed))
    assert "minutes_since_last_known_well 1440" in fault


def test_a_patient_cannot_be_answered_and_left_out() -> None:
    claimed = Unaddressed("ASPECTS 10", (Bounds("aspects_total", low=10),))
    faults = check_rulebook(with_ruleset(AHA, lambda one: replace(one, not_addressed=(*one.not_addressed, claimed))))
    assert f"{AHA}.4.7.2-1: answers patients whom '{AHA}, not addressed: ASPECTS 10' leaves out" in faults


def test_nobody_can_be_left_out_by_lines_that_contradict_one_another() -> None:
    nobody = Unaddressed("nobody", (Bounds("aspects_total", low=10), Bounds("aspects_total", high=5)))
    faults = check_rulebook(with_ruleset(AHA, lambda one: replace(one, not_addressed=(*one.not_addressed, nobody))))
    assert faults == [f"{AHA}, not addressed: nobody: its lines contradict one another, no patient can meet it"]


def test_a_set_of_which_nobody_says_whom_it_leaves_out_may_have_gaps() -> None:
    assert not BOOK.ruleset("aha-asa-2019").not_addressed
    assert check_rulebook(with_ruleset("aha-asa-2019", without("aha-asa-2019.3.7.2-m2-m3"))) == []


def test_every_citation_resolves_and_every_source_is_cited() -> None:
    assert check_citations() == []


def test_citations_that_lead_nowhere_and_sources_that_nobody_cites_are_found(tmp_path: Path) -> None:
    rules, tables = tmp_path / "rules", tmp_path / "tables"
    (rules / "one").mkdir(parents=True)
    tables.mkdir()
    (rules / "sources.yaml").write_text("known: {title: a}\nforgotten: {title: b}\n", encoding="utf-8")
    (rules / "rulesets.yaml").write_text("- {id: one, source: known}\n", encoding="utf-8")
    (rules / "one" / "a.yaml").write_text("id: one.a\nsource: lost\n", encoding="utf-8")
    (tables / "deep.yaml").write_text("- part: [{source: deeper, note: source}]\n", encoding="utf-8")
    assert check_citations(rules, tables) == [
        "a.yaml: cites 'lost', which sources.yaml does not list",
        "deep.yaml: cites 'deeper', which sources.yaml does not list",
        "sources.yaml: nothing cites 'forgotten'",
    ]

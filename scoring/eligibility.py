"""What each rule set says of a case: outcome, deciding clause, its lines with the patient's values, what is missing."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from scoring.completions import Completions
from scoring.conditions import Condition
from scoring.derived import STATED_FACTS_BEHIND
from scoring.facts import FACTS
from scoring.grid import Grid, Kept, Masks
from scoring.outcomes import Outcome, Said, Stance, said
from scoring.rulebook import AnyOf, Clause, Conjunction, Line, RuleBook, RuleSet
from scoring.ternary import Ternary, all_of, any_of
from scoring.values import Known


class AnsweredLine(NamedTuple):
    """One line of a clause with its answer, for all patients whose facts lie in the same cells."""

    fact: str
    condition: str
    answer: str
    """A :class:`Ternary` value, plain because answers are written out by the thousand."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one rule set says."""

    ruleset: RuleSet
    outcome: Outcome
    clause: Clause | None
    """The clause that decided; ``None`` where none holds (``NOT_ADDRESSED``, ``NOT_ELIGIBLE``) or data are missing."""
    nearest: Clause | None
    """Where no clause decided: the one that came nearest, whose lines are the reasons."""
    missing: tuple[str, ...]
    """Facts that a person can supply and of which each could settle the answer by itself."""
    lines: tuple[AnsweredLine, ...] = ()
    """The lines behind the answer: of the deciding clause all, of the nearest those that fail, or all while data are
    missing."""
    out_of_scope: Condition | None = None
    """The fact that takes the patient out of the rule set's scope."""

    @property
    def said(self) -> Said:
        """The outcome and how far it speaks for treatment."""
        return self.clause.said if self.clause is not None else said(self.outcome)

    @property
    def stance(self) -> Stance:
        """How far the answer speaks for treatment."""
        return (self.clause.stance if self.clause is not None else None) or self.outcome.stance

    @property
    def outcome_text(self) -> str:
        """The outcome in words."""
        return self.said.text


class _Decision(NamedTuple):
    """The bare outcome of one rule set; ``completions`` are there when data are missing."""

    ruleset: RuleSet
    outcome: Outcome
    clause: Clause | None = None
    completions: Completions | None = None
    is_out_of_scope: bool = False


_ANSWERS, _OUTCOMES = "answers", "outcomes"
"""Under which names they are kept."""


def judge(grid: Grid, values: Mapping[str, Known], kept: Kept | None = None) -> tuple[Answer, ...]:
    """Ask every rule set of the grid; a ``NEED_DATA`` comes only where a missing fact could change the outcome.

    Patients whose facts lie in the same cells get the same answers, so these are kept for the next such patient.
    ``kept`` is ``grid.kept_for(values)`` where the caller has it at hand.
    """
    kept = grid.kept_for(values) if kept is None else kept
    return kept.once(_ANSWERS, lambda: _judge(grid, values))


def outcomes(grid: Grid, values: Mapping[str, Known]) -> tuple[Outcome, ...]:
    """The outcomes alone, in the order of the grid's rule sets."""
    return grid.kept_for(values).once(_OUTCOMES, lambda: _outcomes(grid, values))


def _outcomes(grid: Grid, values: Mapping[str, Known]) -> tuple[Outcome, ...]:
    masks = grid.masks(values)
    return tuple(_decide(grid, ruleset, values, masks).outcome for ruleset in grid.rulesets)


def _judge(grid: Grid, values: Mapping[str, Known]) -> tuple[Answer, ...]:
    masks = grid.masks(values)
    decisions = [_decide(grid, ruleset, values, masks) for ruleset in grid.rulesets]
    undecided = [decision for decision in decisions if decision.clause is None and not decision.is_out_of_scope]
    searched = [grid.mask_of_ruleset[decision.ruleset.id] for decision in undecided]
    nearest = dict(zip((d.ruleset.id for d in undecided), grid.nearest(values, searched), strict=True))
    return tuple(_answer(decision, nearest.get(decision.ruleset.id), values) for decision in decisions)


def _answer(decision: _Decision, nearest: Clause | None, values: Mapping[str, Known]) -> Answer:
    if decision.is_out_of_scope and decision.ruleset.unless is not None:
        lines = [_answered(decision.ruleset.unless, Ternary.MET)]
    elif decision.clause is not None:
        lines = clause_lines(decision.clause, values)
    elif nearest is not None and decision.outcome is Outcome.NEED_DATA:
        lines = clause_lines(nearest, values)
    else:
        lines = _failing_lines(nearest, values) if nearest is not None else []
    return Answer(
        ruleset=decision.ruleset,
        outcome=decision.outcome,
        clause=decision.clause,
        nearest=nearest,
        missing=_stated(decision.completions.settling_facts(), values) if decision.completions else (),
        lines=tuple(lines),
        out_of_scope=decision.ruleset.unless if decision.is_out_of_scope else None,
    )


def grid_in_force(rulebook: RuleBook, on: date) -> Grid:
    """The guidelines and trials on thrombectomy that are in force on a day, compiled."""
    return _grid_of_period(rulebook, rulebook.period(on))


@lru_cache(maxsize=16)
def _grid_of_period(rulebook: RuleBook, on: date) -> Grid:
    return Grid([ruleset for ruleset in rulebook.in_force(on) if ruleset.kind in {"guideline", "trial"}])


def _decide(grid: Grid, ruleset: RuleSet, values: Mapping[str, Known], masks: Masks) -> _Decision:
    if ruleset.unless is not None and ruleset.unless.answer(values.get(ruleset.unless.fact)) is Ternary.MET:
        return _Decision(ruleset, Outcome(ruleset.otherwise), is_out_of_scope=True)
    mine = grid.mask_of_ruleset[ruleset.id]
    possible = masks.possible & mine
    if not possible:
        return _Decision(ruleset, Outcome(ruleset.otherwise))
    met = masks.met & mine
    clause = grid.first(met) if met and ruleset.first_met_decides else grid.deciding(possible, met)
    if clause is not None:
        return _Decision(ruleset, Outcome(clause.outcome), clause)
    completions = Completions(grid, ruleset, values, possible)
    open_outcomes = completions.outcomes()
    if len(open_outcomes) > 1:
        return _Decision(ruleset, Outcome.NEED_DATA, completions=completions)
    (settled,) = open_outcomes
    found = next((candidate for candidate in grid.clauses(possible) if candidate.said == settled), None)
    return _Decision(ruleset, Outcome(settled.verdict), found)


def _stated(facts: Sequence[str], values: Mapping[str, Known]) -> tuple[str, ...]:
    """Facts in the terms of what a person can supply, in the order of the vocabulary."""
    stated = {
        behind
        for fact in facts
        for behind in STATED_FACTS_BEHIND.get(fact, (fact,))
        if behind == fact or values.get(behind) is None
    }
    return tuple(sorted(stated, key=_place_in_vocabulary))


def _place_in_vocabulary(fact: str) -> int:
    return _VOCABULARY.get(fact, len(_VOCABULARY))


_VOCABULARY = {name: place for place, name in enumerate(FACTS)}


def clause_answer(clause: Clause, values: Mapping[str, Known]) -> Ternary:
    """Evaluate one clause line by line: the plain reading that the compiled grid must agree with."""
    return all_of(_line_answer(line, values) for line in clause.lines)


def _answered(condition: Condition, answer: Ternary) -> AnsweredLine:
    return AnsweredLine(condition.fact, condition.text, answer.value)


def clause_lines(clause: Clause, values: Mapping[str, Known]) -> list[AnsweredLine]:
    """The conditions of a clause with their answers; of alternatives those that matter."""
    conditions: list[Condition] = []
    for line in clause.lines:
        conditions.extend(_telling_conditions(line, values) if isinstance(line, AnyOf) else (line,))
    return [_answered(condition, condition.answer(values.get(condition.fact))) for condition in conditions]


def _failing_lines(clause: Clause, values: Mapping[str, Known]) -> list[AnsweredLine]:
    """Of a clause that does not hold, the conditions that fail."""
    conditions: list[Condition] = []
    for line in clause.lines:
        if _line_answer(line, values) is Ternary.NOT_MET:
            conditions.extend(_telling_conditions(line, values) if isinstance(line, AnyOf) else (line,))
    answered = [(condition, condition.answer(values.get(condition.fact))) for condition in conditions]
    return [_answered(condition, answer) for condition, answer in answered if answer is Ternary.NOT_MET]


def _line_answer(line: Line, values: Mapping[str, Known]) -> Ternary:
    if isinstance(line, AnyOf):
        return any_of(_together(alternative, values) for alternative in line.alternatives)
    return line.answer(values.get(line.fact))


def _together(conditions: Conjunction, values: Mapping[str, Known]) -> Ternary:
    return all_of(condition.answer(values.get(condition.fact)) for condition in conditions)


def _telling_conditions(line: AnyOf, values: Mapping[str, Known]) -> Iterator[Condition]:
    """Conditions of the alternative that holds, or of all (of whole criteria: of the nearest) if none does."""
    met = [alternative for alternative in line.alternatives if _together(alternative, values) is Ternary.MET]
    if met:
        shown: Sequence[Conjunction] = met[:1]
    elif line.meets:
        shown = [min(line.alternatives, key=lambda conditions: _failing(conditions, values))]
    else:
        shown = line.alternatives
    yield from (condition for alternative in shown for condition in alternative)


def _failing(conditions: Conjunction, values: Mapping[str, Known]) -> tuple[int, int]:
    answers = [condition.answer(values.get(condition.fact)) for condition in conditions]
    return answers.count(Ternary.NOT_MET), answers.count(Ternary.UNKNOWN)

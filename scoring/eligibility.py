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
from scoring.grid import Grid, Masks
from scoring.outcomes import Outcome, Stance
from scoring.rulebook import AnyOf, Clause, Conjunction, Line, RuleBook, RuleSet
from scoring.ternary import Ternary, all_of, any_of
from scoring.values import Known


class Reason(NamedTuple):
    """One line of a clause beside the patient's value. ``value is None``: not known."""

    fact: str
    value: Known | None
    condition: str
    answer: Ternary


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
    out_of_scope: Condition | None = None
    """The fact that takes the patient out of the rule set's scope."""

    @property
    def stance(self) -> Stance:
        """How far the answer speaks for treatment."""
        return (self.clause.stance if self.clause is not None else None) or self.outcome.stance

    def reasons(self, values: Mapping[str, Known]) -> list[Reason]:
        """The lines behind the answer, with the patient's values.

        Of the deciding clause all lines; of the nearest one, where none decided, those that fail, or while data are
        missing all.
        """
        if self.out_of_scope is not None:
            return [_reason(self.out_of_scope, values)]
        if self.clause is not None:
            return clause_reasons(self.clause, values)
        reasons = [] if self.nearest is None else clause_reasons(self.nearest, values)
        if self.outcome is Outcome.NEED_DATA:
            return reasons
        return [reason for reason in reasons if reason.answer is Ternary.NOT_MET]


def judge(grid: Grid, values: Mapping[str, Known]) -> list[Answer]:
    """Ask every rule set of the grid; a ``NEED_DATA`` comes only where a missing fact could change the outcome."""
    masks = grid.masks(values)
    decisions = [_decide(grid, ruleset, values, masks) for ruleset in grid.rulesets]
    undecided = [decision for decision in decisions if decision.clause is None and not decision.is_out_of_scope]
    searched = [_candidates(grid, decision, masks) for decision in undecided]
    nearest = dict(zip((d.ruleset.id for d in undecided), grid.nearest(values, searched), strict=True))
    return [
        Answer(
            ruleset=decision.ruleset,
            outcome=decision.outcome,
            clause=decision.clause,
            nearest=nearest.get(decision.ruleset.id),
            missing=_stated(decision.completions.settling_facts(), values) if decision.completions else (),
            out_of_scope=decision.ruleset.unless if decision.is_out_of_scope else None,
        )
        for decision in decisions
    ]


def outcomes(grid: Grid, values: Mapping[str, Known]) -> list[Outcome]:
    """The outcomes alone, in the order of the grid's rule sets."""
    masks = grid.masks(values)
    return [_decide(grid, ruleset, values, masks).outcome for ruleset in grid.rulesets]


@lru_cache(maxsize=16)
def grid_in_force(rulebook: RuleBook, on: date) -> Grid:
    """The guidelines and trials on thrombectomy that are in force on a day, compiled."""
    return Grid([ruleset for ruleset in rulebook.in_force(on) if ruleset.kind in {"guideline", "trial"}])


class _Decision(NamedTuple):
    """The bare outcome of one rule set; ``completions`` are there when data are missing."""

    ruleset: RuleSet
    outcome: Outcome
    clause: Clause | None = None
    completions: Completions | None = None
    is_out_of_scope: bool = False


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
    completions = Completions(grid, ruleset, values, masks)
    open_outcomes = completions.outcomes()
    if len(open_outcomes) > 1:
        return _Decision(ruleset, Outcome.NEED_DATA, completions=completions)
    (outcome,) = open_outcomes
    found = next((candidate for candidate in grid.clauses(possible) if candidate.outcome == outcome), None)
    return _Decision(ruleset, Outcome(outcome), found)


def _candidates(grid: Grid, decision: _Decision, masks: Masks) -> int:
    """Conjunctions among which the nearest is looked for: while data are missing, those that are still possible."""
    mine = grid.mask_of_ruleset[decision.ruleset.id]
    return masks.possible & mine if decision.outcome is Outcome.NEED_DATA else mine


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


def clause_reasons(clause: Clause, values: Mapping[str, Known]) -> list[Reason]:
    """The lines of a clause beside the patient's values."""
    return [reason for line in clause.lines for reason in _reasons(line, values)]


def _line_answer(line: Line, values: Mapping[str, Known]) -> Ternary:
    if isinstance(line, AnyOf):
        return any_of(_together(alternative, values) for alternative in line.alternatives)
    return line.answer(values.get(line.fact))


def _together(conditions: Conjunction, values: Mapping[str, Known]) -> Ternary:
    return all_of(condition.answer(values.get(condition.fact)) for condition in conditions)


def _reasons(line: Line, values: Mapping[str, Known]) -> Iterator[Reason]:
    """Reasons of one line; of alternatives the one that holds, or all (of whole criteria: the nearest) if none does."""
    if not isinstance(line, AnyOf):
        yield _reason(line, values)
        return
    met = [alternative for alternative in line.alternatives if _together(alternative, values) is Ternary.MET]
    if met:
        shown: Sequence[Conjunction] = met[:1]
    elif line.meets:
        shown = [min(line.alternatives, key=lambda conditions: _failing(conditions, values))]
    else:
        shown = line.alternatives
    yield from (_reason(condition, values) for alternative in shown for condition in alternative)


def _failing(conditions: Conjunction, values: Mapping[str, Known]) -> tuple[int, int]:
    answers = [condition.answer(values.get(condition.fact)) for condition in conditions]
    return answers.count(Ternary.NOT_MET), answers.count(Ternary.UNKNOWN)


def _reason(condition: Condition, values: Mapping[str, Known]) -> Reason:
    value = values.get(condition.fact)
    return Reason(condition.fact, value, condition.text, condition.answer(value))

"""Thrombolysis: which window holds, what speaks against it, and how doses run by weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from scoring.conditions import Condition
from scoring.derived import MISMATCH_FACTS
from scoring.eligibility import Answer, AnsweredLine, clause_lines, judge
from scoring.grid import Grid, Masks
from scoring.outcomes import Tier
from scoring.rulebook import LOCAL_POLICY, Clause, RuleBook
from scoring.ternary import Ternary
from scoring.values import Known


@dataclass(frozen=True, slots=True)
class Caution:
    """A finding that bears on thrombolysis, with the lines of its clause."""

    clause: Clause
    tier: Tier
    lines: tuple[AnsweredLine, ...]
    is_local: bool = False
    """Whether it comes from this hospital's own policy and not from the guideline."""


@dataclass(frozen=True, slots=True)
class ThrombolysisAdvice:
    """What one guideline says of thrombolysis, for all patients whose facts lie in the same cells."""

    answer: Answer
    cautions: tuple[Caution, ...]
    """Findings that are present, the gravest first."""
    unknown: tuple[str, ...]
    """Facts behind absolute contraindications that are not known."""

    @property
    def is_contraindicated(self) -> bool:
        """Whether an absolute contraindication is present."""
        return any(caution.tier is Tier.ABSOLUTE for caution in self.cautions)


def thrombolysis_advice(rulebook: RuleBook, on: date, values: Mapping[str, Known]) -> list[ThrombolysisAdvice]:
    """Ask every guideline in force that speaks of thrombolysis.

    Parameters
    ----------
    rulebook
        The rule book.
    on
        Date of the judgement.
    values
        What is known of the case, as ``derived.assess`` gives it.
    """
    windows, cautions = _in_force(rulebook, rulebook.period(on))
    masks = cautions.masks(values)
    return [_advice(answer, cautions, masks, values) for answer in judge(windows, values)]


def _advice(answer: Answer, table: Grid, masks: Masks, values: Mapping[str, Known]) -> ThrombolysisAdvice:
    """Put the cautions of the guideline, and the hospital's own, beside what it says of the window."""
    names = {answer.ruleset.name, LOCAL_POLICY}
    mine = sum(table.mask_of_ruleset[ruleset.id] for ruleset in table.rulesets if ruleset.name in names)
    present = sorted(table.clauses(masks.met & mine), key=_gravity)
    unknown = [
        condition.fact
        for clause in table.clauses(masks.possible & ~masks.met & mine)
        if clause.outcome is Tier.ABSOLUTE
        for condition in clause.conditions()
        if values.get(condition.fact) is None or _waits_for_a_volume(condition, values)
    ]
    return ThrombolysisAdvice(
        answer=answer,
        cautions=tuple(
            Caution(clause, Tier(clause.outcome), tuple(clause_lines(clause, values)), clause.ruleset == LOCAL_POLICY)
            for clause in present
        ),
        unknown=tuple(dict.fromkeys(unknown)),
    )


def _waits_for_a_volume(condition: Condition, values: Mapping[str, Known]) -> bool:
    """Of the mismatch nothing was found while one volume is not known, whatever bounds the other leaves."""
    return condition.fact in MISMATCH_FACTS and condition.answer(values.get(condition.fact)) is Ternary.UNKNOWN


def _gravity(clause: Clause) -> int:
    return list(Tier).index(Tier(clause.outcome))


@lru_cache(maxsize=16)
def _in_force(rulebook: RuleBook, on: date) -> tuple[Grid, Grid]:
    """The windows and the tables of cautions, compiled.

    A table belongs to the guideline whose name it shares, and the hospital's own to all of them.
    """
    rulesets = [ruleset for ruleset in rulebook.in_force(on) if not ruleset.superseded]
    return (
        Grid([ruleset for ruleset in rulesets if ruleset.kind == "thrombolysis"]),
        Grid([ruleset for ruleset in rulesets if ruleset.kind == "caution"]),
    )

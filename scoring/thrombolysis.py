"""Thrombolysis: which window holds, what speaks against it, and how doses run by weight."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from scoring.eligibility import Answer, Reason, clause_answer, clause_reasons, judge
from scoring.grid import Grid
from scoring.outcomes import Tier
from scoring.rulebook import Clause, RuleBook, RuleSet
from scoring.ternary import Ternary
from scoring.values import Known


@dataclass(frozen=True, slots=True)
class Caution:
    """A finding that bears on thrombolysis, with the lines that made it so."""

    clause: Clause
    tier: Tier
    reasons: list[Reason]
    is_local: bool = False
    """Whether it comes from this hospital's own policy and not from the guideline."""


@dataclass(frozen=True, slots=True)
class ThrombolysisAdvice:
    """What one guideline says of thrombolysis."""

    answer: Answer
    cautions: list[Caution]
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
    grid, tables = _in_force(rulebook, on)
    return [_advice(answer, tables.get(answer.ruleset.name), values) for answer in judge(grid, values)]


def _advice(answer: Answer, table: RuleSet | None, values: Mapping[str, Known]) -> ThrombolysisAdvice:
    cautions: list[Caution] = []
    unknown: dict[str, None] = {}
    for clause in table.clauses if table is not None else ():
        told = clause_answer(clause, values)
        tier = Tier(clause.outcome)
        if told is Ternary.MET:
            cautions.append(Caution(clause, tier, clause_reasons(clause, values)))
        elif told is Ternary.UNKNOWN and tier is Tier.ABSOLUTE:
            unknown.update(dict.fromkeys(c.fact for c in clause.conditions() if values.get(c.fact) is None))
    order = list(Tier)
    cautions.sort(key=lambda caution: order.index(caution.tier))
    return ThrombolysisAdvice(answer, cautions, tuple(unknown))


@lru_cache(maxsize=16)
def _in_force(rulebook: RuleBook, on: date) -> tuple[Grid, dict[str, RuleSet]]:
    """The windows compiled, and the tables of cautions by the guideline that they belong to."""
    rulesets = rulebook.in_force(on)
    windows = [ruleset for ruleset in rulesets if ruleset.kind == "thrombolysis" and not ruleset.superseded]
    return Grid(windows), {ruleset.name: ruleset for ruleset in rulesets if ruleset.kind == "caution"}

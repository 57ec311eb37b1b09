"""Thrombolysis beside thrombectomy: what guidelines say to a patient for whom both are due."""

from collections.abc import Mapping
from datetime import date
from functools import lru_cache

from scoring.eligibility import clause_answer
from scoring.rulebook import Clause, RuleBook, RuleSet
from scoring.ternary import Ternary
from scoring.values import Known


def bridging_clauses(
    rulebook: RuleBook, on: date, values: Mapping[str, Known], said: Mapping[str, Known]
) -> tuple[tuple[RuleSet, Clause], ...]:
    """Every clause on the two treatments together that holds, each with its rule set.

    Parameters
    ----------
    rulebook
        The rule book; its sets of kind ``bridging`` in force on ``on`` are used.
    on
        Date of the judgement.
    values
        What is known of the case, as ``derived.assess`` gives it.
    said
        What guidelines say of the case: ``evt_stance`` and ``ivt_stance``.
    """
    asked = {**values, **said}
    return tuple(
        (ruleset, clause)
        for ruleset in _in_force(rulebook, rulebook.period(on))
        for clause in ruleset.clauses
        if clause_answer(clause, asked) is Ternary.MET
    )


@lru_cache(maxsize=16)
def _in_force(rulebook: RuleBook, on: date) -> tuple[RuleSet, ...]:
    return tuple(ruleset for ruleset in rulebook.in_force(on) if ruleset.kind == "bridging")

"""Which patients are alike: whatever rule files and tables can tell apart, they do not tell these apart."""

from datetime import date
from functools import lru_cache

from scoring.benefit import pool_conditions
from scoring.delay import delay_model
from scoring.grid import Grid
from scoring.rulebook import RuleBook


def alike_in_force(rulebook: RuleBook, on: date) -> Grid:
    """Everything that is asked of a patient on a day, cut together; only its ``kept_for`` is of use.

    Patients to whom it gives the same ``Kept`` share the answers, actions and figures of all rule sets and tables. What
    differs between them are the values themselves, the times, and what no rule asks for.
    """
    return _of_period(rulebook, rulebook.period(on))


@lru_cache(maxsize=16)
def _of_period(rulebook: RuleBook, on: date) -> Grid:
    return Grid(rulebook.in_force(on), also=[*pool_conditions(), *delay_model().applies_to])

"""Small rule sets made up for tests, whose answers can be worked out by hand."""

from dataclasses import replace
from string import ascii_lowercase

from scoring.outcomes import Outcome
from scoring.rule_files import read_rulebook
from scoring.rulebook import Line, RuleSet


def made_of(*clauses: tuple[Outcome, *tuple[Line, ...]]) -> RuleSet:
    """A trial of clauses ``a``, ``b``, ... in this order, each an outcome and its lines.

    Where none of them holds the patient is not eligible.
    """
    model = read_rulebook().ruleset("dawn")
    made = [
        replace(model.clauses[0], id=f"{model.id}.{name}", clause=name, outcome=outcome, lines=tuple(lines))
        for name, (outcome, *lines) in zip(ascii_lowercase, clauses, strict=False)
    ]
    return replace(model, clauses=tuple(made))

"""A clause of the rule book as a JSON-ready dictionary."""

from typing import Any

from app.answers.values import iso
from scoring.conditions import Condition
from scoring.rulebook import AnyOf, Clause, RuleSet


def clause_json(clause: Clause, ruleset: RuleSet) -> dict[str, Any]:
    """A clause of the rule book, as ``GET /v1/rules`` lists it."""
    return {
        "id": clause.id,
        "ruleset": ruleset.id,
        "ruleset_title": ruleset.title,
        "kind": ruleset.kind,
        "clause": clause.clause,
        "title": clause.title,
        "outcome": clause.outcome.value,
        "outcome_text": clause.outcome_text,
        "level": clause.level,
        "group": clause.group,
        "note": clause.note,
        "all_of": [_line_json(line) for line in clause.lines],
        "otherwise": ruleset.otherwise.value,
        "in_force": {"from": clause.in_force_from.isoformat(), "until": iso(clause.in_force_until)},
        "checked": {"status": clause.checked.status, "by": clause.checked.by, "on": iso(clause.checked.on)},
        "source": clause.source_summary,
        "left_out": ruleset.left_out,
    }


def _line_json(line: Condition | AnyOf) -> dict[str, Any]:
    if not isinstance(line, AnyOf):
        return {"fact": line.fact, "condition": line.text}
    if line.meets:
        return {"meets_criteria_of": list(line.meets)}
    return {"any_of": [{"all_of": [_line_json(condition) for condition in group]} for group in line.alternatives]}

"""The use case: one case in, the whole answer out. No HTTP, no files but the rules, no clock."""

from collections.abc import Collection
from functools import cache
from pathlib import Path
from typing import Any

from app.answers.clauses import clause_json
from app.answers.judged import judge_case
from app.answers.parts import NOT_FOR_CLINICAL_USE, PARTS, closing, opening
from app.answers.text import answer_text
from app.operations import observers
from scoring.case import Case
from scoring.local_policy import with_local_policy
from scoring.rule_files import read_rulebook
from scoring.rulebook import RuleBook

__all__ = ["NOT_FOR_CLINICAL_USE", "PARTS", "rulebook", "rules_catalogue", "triage", "triage_text"]


@cache
def rulebook() -> RuleBook:
    """The rule book of this installation with the hospital's own cautions, read once. Raises RuleFileError."""
    return with_local_policy(read_rulebook(), _local_policy_file())


def _local_policy_file() -> Path | None:
    from app.settings.settings import Settings  # noqa: PLC0415 -- a command that judges one case waits for this only here

    return Settings().local_policy_file


def triage(case: Case, parts: Collection[str] | None = None) -> dict[str, Any]:
    """Judge a case.

    Parameters
    ----------
    case
        The case.
    parts
        Names from ``PARTS`` that the answer shall hold, and that are paid for; ``None``: all.

    Returns
    -------
    The answer of ``POST /v1/triage``, ready for JSON.

    Raises
    ------
    CaseError
        The case contradicts itself; the error says where.
    """
    judged = judge_case(case, rulebook())
    answer = opening(judged)
    for name, part in PARTS.items():
        if parts is None or name in parts:
            answer.update(part(judged))
    answer.update(closing(judged))
    observers.judged(answer)
    return answer


def triage_text(case: Case, parts: Collection[str] | None = None) -> bytes:
    """The answer of `triage` as JSON text, byte for byte, in less time. Parameters and errors as there."""
    judged = judge_case(case, rulebook())
    text = answer_text(judged, [part for name, part in PARTS.items() if parts is None or name in parts])
    observers.judged(
        {"transfer": {"action": judged.advice.action.value}} if parts is None or "transfer" in parts else {}
    )
    return text


def rules_catalogue(ruleset: str | None = None) -> list[dict[str, Any]]:
    """Every clause with its citation, lines, dates and how it was checked; of one rule set if one is named."""
    return [
        clause_json(clause, entry)
        for entry in rulebook().rulesets
        if ruleset in (None, entry.id)
        for clause in entry.clauses
    ]

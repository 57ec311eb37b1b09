"""From the answers and the site to one action: treat here, transfer, call, image, or go another way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from scoring.derived import STATED_FACTS_BEHIND
from scoring.eligibility import Answer, AnsweredLine, clause_answer, clause_lines
from scoring.grid import Grid
from scoring.outcomes import Action, Stance
from scoring.rulebook import Clause, RuleBook, RuleSet
from scoring.ternary import Ternary
from scoring.values import Known


@dataclass(frozen=True, slots=True)
class TransferAdvice:
    """The action and the clause that decided it, for all patients whose facts lie in the same cells."""

    action: Action
    clause: Clause | None
    """``None`` when the facts at hand decide no clause, and the action is the cautious default."""
    lines: tuple[AnsweredLine, ...]
    missing: tuple[str, ...]
    """Facts that stopped an earlier clause from being judged."""


def transfer_advice(
    rulebook: RuleBook, on: date, values: Mapping[str, Known], said: Mapping[str, Known]
) -> TransferAdvice:
    """Walk the transfer clauses in their order; the first that holds decides.

    Parameters
    ----------
    rulebook
        The rule book; its ``transfer`` set in force on ``on`` is used.
    on
        Date of the judgement.
    values
        What is known of the case, as ``derived.assess`` gives it.
    said
        What guidelines say of the case, as facts that the clauses ask for: ``stances`` of thrombectomy, and
        ``neurosurgery_is_advised`` where swelling is in question.
    """
    asked = {**values, **said}
    return action_advice(rulebook, on, "transfer", asked) or TransferAdvice(
        Action.CALL_THROMBECTOMY_CENTRE, None, (), ()
    )


def action_advice(rulebook: RuleBook, on: date, table: str, values: Mapping[str, Known]) -> TransferAdvice | None:
    """Walk the clauses of one action table in their order; the first that holds decides.

    ``table`` is the id of a rule set of kind ``action``. ``None`` on days before any of its clauses.
    """
    grid = _action_set(rulebook, rulebook.period(on), table)
    if grid is None:
        return None
    return grid.kept_for(values).once(_ADVICE, lambda: _walk(grid.rulesets[0], values))


_ADVICE = "advice"
"""Under which name it is kept."""


def _walk(ruleset: RuleSet, values: Mapping[str, Known]) -> TransferAdvice:
    missing: dict[str, None] = {}
    for clause in ruleset.clauses:
        answer = clause_answer(clause, values)
        if answer is Ternary.MET:
            lines = tuple(clause_lines(clause, values))
            return TransferAdvice(Action(clause.outcome), clause, lines, tuple(missing))
        if answer is Ternary.UNKNOWN:
            missing.update(dict.fromkeys(_unknown_facts(clause, values)))
    return TransferAdvice(Action(ruleset.otherwise), None, (), tuple(missing))


def leading_stance(answers: Sequence[Answer]) -> Stance:
    """What the first guideline in the rule book's order says; the others are shown beside it."""
    for answer in answers:
        if answer.ruleset.kind == "guideline" and not answer.ruleset.superseded:
            return answer.stance
    return Stance.NOT_ADDRESSED


_ASKED_BESIDE_THE_LEADING = {"nice-ng128": "evt_stance_nice", "uk-ncg-2023": "evt_stance_uk"}
"""Guidelines that transfer clauses ask for by name, each with the fact that holds what it says."""


def stances(answers: Sequence[Answer]) -> dict[str, Known]:
    """What the leading guideline, and those that transfer clauses name, say of thrombectomy."""
    said: dict[str, Known] = {"evt_stance": leading_stance(answers).value}
    for answer in answers:
        if (fact := _ASKED_BESIDE_THE_LEADING.get(answer.ruleset.id)) is not None:
            said[fact] = answer.stance.value
    return said


@lru_cache(maxsize=16)
def _action_set(rulebook: RuleBook, on: date, table: str) -> Grid | None:
    ruleset = next((ruleset for ruleset in rulebook.in_force(on) if ruleset.id == table), None)
    return None if ruleset is None else Grid([ruleset])


def _unknown_facts(clause: Clause, values: Mapping[str, Known]) -> list[str]:
    """Stated facts that would let the clause be judged; none if it also waits for what nobody can state."""
    unknown = [condition.fact for condition in clause.conditions() if values.get(condition.fact) is None]
    behind = [STATED_FACTS_BEHIND.get(fact, (fact,)) for fact in unknown]
    return [stated for facts in behind for stated in facts] if all(behind) else []

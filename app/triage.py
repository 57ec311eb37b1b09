"""The use case: one case in, the whole answer out. No HTTP, no files but the rules, no clock."""

from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import Any

from app.answer import (
    answer_json,
    aspects_json,
    change_json,
    clause_json,
    ivt_json,
    pc_aspects_json,
    time_json,
    transfer_json,
)
from app.version import __version__
from scoring.case import Case
from scoring.derived import Assessment, assess
from scoring.eligibility import Answer, grid_in_force, judge, outcomes
from scoring.explain import what_would_change
from scoring.grid import Grid
from scoring.outcomes import Action, Outcome
from scoring.rule_files import read_rulebook
from scoring.rulebook import RuleBook
from scoring.summary import summarise
from scoring.thrombolysis import thrombolysis_advice
from scoring.timeline import minutes_to_puncture
from scoring.transfer import leading_stance, transfer_advice
from scoring.values import Known

NOT_FOR_CLINICAL_USE = (
    "Decision support for trained clinicians and research. Not a cleared medical device, not for clinical use on its"
    " own: check every answer against its source."
)


@cache
def rulebook() -> RuleBook:
    """The rule book of this installation, read once. Raises RuleFileError."""
    return read_rulebook()


@cache
def atlas_version() -> str:
    """Version of the installed atlas, for the record in answers."""
    from imaging.atlas import load_atlas  # noqa: PLC0415 -- keeps numpy out of answers that need no scan until asked

    return load_atlas().version


def triage(case: Case) -> dict[str, Any]:
    """Judge a case.

    Returns
    -------
    The answer of ``POST /v1/triage``, ready for JSON.

    Raises
    ------
    CaseError
        The case contradicts itself; the error says where.
    """
    book = rulebook()
    assessment = assess(case)
    today = case.evaluated_at.date()
    grid = grid_in_force(book, today)
    answers = judge(grid, assessment.values)
    to_puncture = minutes_to_puncture(case.site, assessment.timeline.minutes.get("minutes_since_arrival"))
    later = _judge_later(grid, assessment, to_puncture)
    stance = leading_stance(answers)
    advice = transfer_advice(book, today, assessment.values, stance)
    summary = summarise(answers)
    return {
        "case_id": case.case_id,
        "evaluated_at": case.evaluated_at.isoformat(),
        "aspects": aspects_json(case, assessment),
        "pc_aspects": pc_aspects_json(case, assessment),
        "time": time_json(assessment.timeline, case.evaluated_at, to_puncture),
        "evt": [answer_json(now, then, assessment.values) for now, then in zip(answers, later, strict=True)],
        "evt_summary": {"verdict": summary.verdict, "agree": summary.agree, "text": summary.text},
        "ivt": [
            ivt_json(advised, assessment.values) for advised in thrombolysis_advice(book, today, assessment.values)
        ],
        "transfer": transfer_json(advice, case, to_puncture, assessment.values),
        "what_would_change": [
            change_json(change, assessment.timeline) for change in what_would_change(grid, assessment.values, answers)
        ],
        "missing": _missing(answers, advice.missing, advice.action),
        "warnings": _warnings(case, assessment, answers),
        "versions": {"software": __version__, "rules": book.version, "atlas": atlas_version()},
        "not_for_clinical_use": NOT_FOR_CLINICAL_USE,
    }


def rules_catalogue(ruleset: str | None = None) -> list[dict[str, Any]]:
    """Every clause with its citation, lines, dates and how it was checked; of one rule set if one is named."""
    return [
        clause_json(clause, entry)
        for entry in rulebook().rulesets
        if ruleset in (None, entry.id)
        for clause in entry.clauses
    ]


def _judge_later(grid: Grid, assessment: Assessment, to_puncture: int | None) -> Sequence[Outcome | None]:
    """The outcomes at the projected puncture; ``None`` each when that moment is not known."""
    since_anchor = assessment.values.get("minutes_since_last_known_well")
    if to_puncture is None or not isinstance(since_anchor, int | float):
        return [None] * len(grid.rulesets)
    values: dict[str, Known] = {
        **assessment.values,
        **{name: minutes + to_puncture for name, minutes in assessment.timeline.minutes.items()},
    }
    return outcomes(grid, values)


def _missing(answers: Sequence[Answer], for_transfer: Sequence[str], action: Action) -> list[str]:
    """Missing facts: those first that would settle the most guidelines, then trials; then what the action waits for."""
    guidelines, trials = Counter[str](), Counter[str]()
    for answer in answers:
        (guidelines if answer.ruleset.kind == "guideline" else trials).update(answer.missing)
    ranked = sorted(guidelines | trials, key=lambda fact: (-guidelines[fact], -trials[fact]))
    if action is Action.CALL_THROMBECTOMY_CENTRE:
        ranked += [fact for fact in for_transfer if fact not in ranked]
    return ranked


def _warnings(case: Case, assessment: Assessment, answers: Sequence[Answer]) -> list[str]:
    warnings = list(assessment.timeline.warnings)
    if assessment.aspects is not None:
        warnings += assessment.aspects.warnings
    if assessment.nihss is not None:
        warnings += assessment.nihss.warnings
    if case.findings_from_software:
        warnings.append("ASPECTS comes from the software's reading of the scan; no reader has confirmed it.")
    if case.facts.haemorrhage_on_imaging is None:
        warnings.append("Haemorrhage was not stated to be excluded; every answer on thrombectomy assumes that it is.")
    unchecked = {a.clause.checked.status for a in answers if a.clause is not None} - {"read"}
    if unchecked:
        warnings.append(
            "Some clauses behind this answer were not yet checked against the original document by a clinician;"
            " see 'checked' beside each."
        )
    return warnings

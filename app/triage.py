"""The use case: one case in, the whole answer out. No HTTP, no files but the rules, no clock."""

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from app import observers
from app.answer import (
    TOWARDS_THE_CENTRE,
    answer_json,
    aspects_json,
    change_json,
    clause_json,
    ivt_json,
    near_bound_json,
    pc_aspects_json,
    time_json,
    transfer_json,
    values_json,
)
from app.answer_evidence import benefit_json, checklist_json, delay_json, swelling_json
from app.version import __version__
from imaging.atlas_description import atlas_version
from scoring.benefit import benefit_figures, eligible_trials
from scoring.case import Case
from scoring.decompression import decompression_advice, swelling_is_in_question
from scoring.delay import outcomes_by_delay
from scoring.derived import Assessment, assess
from scoring.eligibility import Answer, grid_in_force, judge, outcomes
from scoring.explain import what_would_change
from scoring.grid import Grid
from scoring.local_policy import with_local_policy
from scoring.near_bounds import near_bounds
from scoring.outcomes import Action, Outcome
from scoring.rule_files import read_rulebook
from scoring.rulebook import RuleBook
from scoring.summary import summarise
from scoring.thrombolysis import thrombolysis_advice
from scoring.timeline import minutes_to_puncture
from scoring.transfer import TransferAdvice, action_advice, leading_stance, transfer_advice
from scoring.transfer_checklist import transfer_checklist
from scoring.values import Known

NOT_FOR_CLINICAL_USE = (
    "Decision support for trained clinicians and research. Not a cleared medical device, not for clinical use on its"
    " own: check every answer against its source."
)


@cache
def rulebook() -> RuleBook:
    """The rule book of this installation with the hospital's own cautions, read once. Raises RuleFileError."""
    return with_local_policy(read_rulebook(), _local_policy_file())


def _local_policy_file() -> Path | None:
    from app.settings import Settings  # noqa: PLC0415 -- a command that judges one case waits for this only here

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
    judged = _judge(case)
    answer: dict[str, Any] = {"case_id": case.case_id, "evaluated_at": case.evaluated_at.isoformat()}
    for name, part in PARTS.items():
        if parts is None or name in parts:
            answer.update(part(judged))
    answer["missing"] = _missing(judged)
    answer["warnings"] = _warnings(judged)
    answer["versions"] = {"software": __version__, "rules": judged.book.version, "atlas": atlas_version()}
    answer["not_for_clinical_use"] = NOT_FOR_CLINICAL_USE
    observers.judged(answer)
    return answer


@dataclass(frozen=True, slots=True)
class _Judged:
    """A case and what every part of the answer builds on."""

    case: Case
    book: RuleBook
    on: date
    assessment: Assessment
    grid: Grid
    answers: Sequence[Answer]
    to_puncture: int | None
    advice: TransferAdvice

    @property
    def values(self) -> Mapping[str, Known]:
        """What is known, as rules see it."""
        return self.assessment.values


def _judge(case: Case) -> _Judged:
    book, on = rulebook(), case.evaluated_at.date()
    assessment = assess(case)
    grid = grid_in_force(book, on)
    answers = judge(grid, assessment.values)
    to_puncture = minutes_to_puncture(case.site, assessment.timeline.minutes.get("minutes_since_arrival"))
    advice = transfer_advice(book, on, assessment.values, leading_stance(answers))
    return _Judged(case, book, on, assessment, grid, answers, to_puncture, advice)


def _aspects(judged: _Judged) -> dict[str, Any]:
    return {
        "aspects": aspects_json(judged.case, judged.assessment),
        "pc_aspects": pc_aspects_json(judged.case, judged.assessment),
    }


def _time(judged: _Judged) -> dict[str, Any]:
    return {"time": time_json(judged.assessment.timeline, judged.case.evaluated_at, judged.to_puncture)}


def _evt(judged: _Judged) -> dict[str, Any]:
    later = _outcomes_at_puncture(judged)
    summary = summarise(judged.answers)
    shown = values_json(judged.values)
    return {
        "evt": [answer_json(now, then, shown) for now, then in zip(judged.answers, later, strict=True)],
        "evt_summary": asdict(summary),
    }


def _ivt(judged: _Judged) -> dict[str, Any]:
    advised = thrombolysis_advice(judged.book, judged.on, judged.values)
    return {"ivt": [ivt_json(advice, judged.values) for advice in advised]}


def _transfer(judged: _Judged) -> dict[str, Any]:
    told = transfer_json(judged.advice, judged.case, judged.to_puncture, judged.values, _on_arrival(judged))
    leaves = judged.values.get("site_treats") is False and judged.advice.action in TOWARDS_THE_CENTRE
    checklist = transfer_checklist(judged.case, judged.values) if leaves else ()
    return {"transfer": {**told, "checklist": checklist_json(checklist)}}


def _on_arrival(judged: _Judged) -> TransferAdvice | None:
    """Whether to image again at the centre, for a patient who is to be transferred and whose imaging time is known."""
    imaged, site = judged.values.get("minutes_since_imaging"), judged.case.site
    if judged.advice.action is not Action.TRANSFER_NOW or site is None or not isinstance(imaged, int | float):
        return None
    if site.minutes_to_thrombectomy_centre is None:
        return None
    then: dict[str, Known] = {**judged.values, "minutes_since_imaging": imaged + site.minutes_to_thrombectomy_centre}
    return action_advice(judged.book, judged.on, "arrival", then)


def _changes(judged: _Judged) -> dict[str, Any]:
    changes = what_would_change(judged.grid, judged.values, judged.answers)
    titles = {ruleset.id: ruleset.title for ruleset in judged.grid.rulesets}
    return {
        "what_would_change": [change_json(change, judged.assessment.timeline) for change in changes],
        "near_bounds": [near_bound_json(bound, titles) for bound in near_bounds(changes, judged.values)],
    }


def _benefit(judged: _Judged) -> dict[str, Any]:
    figures = benefit_figures(eligible_trials(judged.answers), judged.values)
    expected = outcomes_by_delay(judged.values, judged.to_puncture)
    return {"benefit": [benefit_json(figure) for figure in figures], "outcome_by_delay": delay_json(expected)}


def _swelling(judged: _Judged) -> dict[str, Any]:
    if not swelling_is_in_question(judged.values):
        return {"swelling": None}
    advice = decompression_advice(judged.book, judged.on, judged.values)
    return {"swelling": swelling_json(advice, judged.values)}


PARTS: Mapping[str, Callable[[_Judged], dict[str, Any]]] = {
    "aspects": _aspects,
    "time": _time,
    "evt": _evt,
    "ivt": _ivt,
    "transfer": _transfer,
    "what_would_change": _changes,
    "benefit": _benefit,
    "swelling": _swelling,
}
"""The parts that a caller may ask for; what is missing, warnings and versions come with each of them."""


def rules_catalogue(ruleset: str | None = None) -> list[dict[str, Any]]:
    """Every clause with its citation, lines, dates and how it was checked; of one rule set if one is named."""
    return [
        clause_json(clause, entry)
        for entry in rulebook().rulesets
        if ruleset in (None, entry.id)
        for clause in entry.clauses
    ]


def _outcomes_at_puncture(judged: _Judged) -> Sequence[Outcome | None]:
    """The outcomes at the projected puncture; ``None`` each when that moment is not known."""
    later = judged.to_puncture
    if later is None or "minutes_since_last_known_well" not in judged.values:
        return [None] * len(judged.grid.rulesets)
    moved = {name: minutes + later for name, minutes in judged.assessment.timeline.minutes.items()}
    return outcomes(judged.grid, {**judged.values, **moved})


def _missing(judged: _Judged) -> list[str]:
    """Missing facts: those first that would settle the most guidelines, then trials; then what the action waits for."""
    guidelines, trials = Counter[str](), Counter[str]()
    for answer in judged.answers:
        (guidelines if answer.ruleset.kind == "guideline" else trials).update(answer.missing)
    ranked = sorted(guidelines | trials, key=lambda fact: (-guidelines[fact], -trials[fact]))
    if judged.advice.action is Action.CALL_THROMBECTOMY_CENTRE:
        ranked += [fact for fact in judged.advice.missing if fact not in ranked]
    return ranked


def _warnings(judged: _Judged) -> list[str]:
    case, assessment = judged.case, judged.assessment
    warnings = list(assessment.timeline.warnings)
    if assessment.aspects is not None:
        warnings += assessment.aspects.warnings
    if assessment.nihss is not None:
        warnings += assessment.nihss.warnings
    if case.findings_from_software:
        warnings.append("ASPECTS comes from the software's reading of the scan; no reader has confirmed it.")
    if judged.to_puncture is not None and judged.values.get("site_treats") and case.facts.arrived_at is None:
        warnings.append("The time of arrival is not known; puncture is projected as if the patient arrived now.")
    if case.facts.haemorrhage_on_imaging is None:
        warnings.append("Haemorrhage was not stated to be excluded; every answer on thrombectomy assumes that it is.")
    if any(answer.clause is not None and answer.clause.checked.status != "read" for answer in judged.answers):
        warnings.append(
            "Some clauses behind this answer were not yet checked against the original document by a clinician;"
            " see 'checked' beside each."
        )
    return warnings

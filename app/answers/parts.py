"""The parts of an answer, each made from one judged case; a caller may ask for some of them alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from app.answers.evidence import benefit_json, delay_json, swelling_json
from app.answers.ivt import ivt_json
from app.answers.transfer import TOWARDS_THE_CENTRE, checklist_json, transfer_json
from app.answers.values import (
    answer_json,
    aspects_json,
    change_json,
    comes_at,
    near_bound_json,
    pc_aspects_json,
    time_json,
    values_json,
)
from app.version import __version__
from imaging.atlas_description import atlas_version
from scoring.benefit import benefit_figures, eligible_trials
from scoring.case import Case
from scoring.decompression import decompression_advice, swelling_is_in_question
from scoring.delay import outcomes_by_delay
from scoring.derived import Assessment
from scoring.eligibility import Answer, outcomes
from scoring.explain import what_would_change
from scoring.grid import Grid, Kept
from scoring.near_bounds import graded, near_bounds
from scoring.outcomes import Action, Outcome
from scoring.rulebook import RuleBook
from scoring.summary import summarise
from scoring.thrombolysis import thrombolysis_advice
from scoring.transfer import TransferAdvice, action_advice
from scoring.transfer_checklist import transfer_checklist
from scoring.values import Known

NOT_FOR_CLINICAL_USE = (
    "Decision support for trained clinicians and research. Not a cleared medical device, not for clinical use on its"
    " own: check every answer against its source."
)


@dataclass(frozen=True, slots=True)
class Judged:
    """A case and what every part of the answer builds on."""

    case: Case
    book: RuleBook
    on: date
    assessment: Assessment
    grid: Grid
    kept: Kept
    """What is kept for patients in the same cells of the grid."""
    answers: Sequence[Answer]
    to_puncture: int | None
    advice: TransferAdvice

    @property
    def values(self) -> Mapping[str, Known]:
        """What is known, as rules see it."""
        return self.assessment.values


def _aspects(judged: Judged) -> dict[str, Any]:
    return {
        "aspects": aspects_json(judged.case, judged.assessment),
        "pc_aspects": pc_aspects_json(judged.case, judged.assessment),
    }


def _time(judged: Judged) -> dict[str, Any]:
    return {"time": time_json(judged.assessment.timeline, judged.case.evaluated_at, judged.to_puncture)}


def _evt(judged: Judged) -> dict[str, Any]:
    later = outcomes_at_puncture(judged)
    shown = values_json(judged.values)
    return {
        "evt": [answer_json(now, then, shown) for now, then in zip(judged.answers, later, strict=True)],
        "evt_summary": dict(summary_json(judged)),
    }


def summary_json(judged: Judged) -> dict[str, Any]:
    """The sentence over all answers; shared between patients in the same cells, so not to be changed."""
    return judged.kept.once("summary", lambda: asdict(summarise(judged.answers)))


def _ivt(judged: Judged) -> dict[str, Any]:
    advised = thrombolysis_advice(judged.book, judged.on, judged.values)
    return {"ivt": [ivt_json(advice, judged.values) for advice in advised]}


def _transfer(judged: Judged) -> dict[str, Any]:
    told = transfer_json(judged.advice, judged.case, judged.to_puncture, judged.values, _on_arrival(judged))
    leaves = judged.values.get("site_treats") is False and judged.advice.action in TOWARDS_THE_CENTRE
    checklist = transfer_checklist(judged.case, judged.values) if leaves else ()
    return {"transfer": {**told, "checklist": checklist_json(checklist)}}


def _on_arrival(judged: Judged) -> TransferAdvice | None:
    """Whether to image again at the centre, for a patient who is to be transferred and whose imaging time is known."""
    imaged, site = judged.values.get("minutes_since_imaging"), judged.case.site
    if judged.advice.action is not Action.TRANSFER_NOW or site is None or not isinstance(imaged, int | float):
        return None
    if site.minutes_to_thrombectomy_centre is None:
        return None
    then: dict[str, Known] = {**judged.values, "minutes_since_imaging": imaged + site.minutes_to_thrombectomy_centre}
    return action_advice(judged.book, judged.on, "arrival", then)


def _changes(judged: Judged) -> dict[str, Any]:
    changes = what_would_change(judged.grid, judged.values, judged.answers, judged.kept)
    anchor_at = judged.assessment.timeline.anchor_at
    return {
        "what_would_change": [change_json(change, comes_at(change, anchor_at)) for change in changes],
        "near_bounds": near_bounds_json(judged),
    }


def near_bounds_json(judged: Judged) -> list[dict[str, Any]]:
    """Values so near to a bound that one step of their scale would give other answers."""
    kept, values = judged.kept, judged.values
    changes = kept.once("graded changes", lambda: graded(what_would_change(judged.grid, values, judged.answers, kept)))
    bounds = near_bounds(changes, values)
    titles = {ruleset.id: ruleset.title for ruleset in judged.grid.rulesets} if bounds else {}
    return [near_bound_json(bound, titles) for bound in bounds]


def _benefit(judged: Judged) -> dict[str, Any]:
    figures = benefit_figures(eligible_trials(judged.answers), judged.values)
    expected = outcomes_by_delay(judged.values, judged.to_puncture)
    return {"benefit": [benefit_json(figure) for figure in figures], "outcome_by_delay": delay_json(expected)}


def _swelling(judged: Judged) -> dict[str, Any]:
    if not swelling_is_in_question(judged.values):
        return {"swelling": None}
    advice = decompression_advice(judged.book, judged.on, judged.values)
    return {"swelling": swelling_json(advice, judged.values)}


def opening(judged: Judged) -> dict[str, Any]:
    """What stands before the parts: which case, as of when."""
    return {"case_id": judged.case.case_id, "evaluated_at": judged.case.evaluated_at.isoformat()}


def closing(judged: Judged) -> dict[str, Any]:
    """What comes with every part: what is missing, what to mind, and the versions behind the answer."""
    return {
        "missing": _missing(judged),
        "warnings": _warnings(judged),
        "versions": versions_json(judged.book),
        "not_for_clinical_use": NOT_FOR_CLINICAL_USE,
    }


def versions_json(book: RuleBook) -> dict[str, str]:
    """What an answer was made with."""
    return {"software": __version__, "rules": book.version, "atlas": atlas_version()}


PARTS: Mapping[str, Callable[[Judged], dict[str, Any]]] = {
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


def outcomes_at_puncture(judged: Judged) -> tuple[Outcome | None, ...]:
    """The outcomes at the projected puncture; ``None`` each when that moment is not known."""
    later = judged.to_puncture
    if later is None or "minutes_since_last_known_well" not in judged.values:
        return (None,) * len(judged.grid.rulesets)
    moved = {name: minutes + later for name, minutes in judged.assessment.timeline.minutes.items()}
    return outcomes(judged.grid, {**judged.values, **moved})


def _missing(judged: Judged) -> list[str]:
    """Missing facts: those first that would settle the most guidelines, then trials; then what the action waits for."""
    ranked = list(judged.kept.once("missing", lambda: _ranked_missing(judged.answers)))
    if judged.advice.action is Action.CALL_THROMBECTOMY_CENTRE:
        ranked += [fact for fact in judged.advice.missing if fact not in ranked]
    return ranked


def _ranked_missing(answers: Sequence[Answer]) -> list[str]:
    guidelines, trials = Counter[str](), Counter[str]()
    for answer in answers:
        (guidelines if answer.ruleset.kind == "guideline" else trials).update(answer.missing)
    return sorted(guidelines | trials, key=lambda fact: (-guidelines[fact], -trials[fact]))


def _warnings(judged: Judged) -> list[str]:
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

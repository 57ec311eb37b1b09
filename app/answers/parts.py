"""The parts of an answer, each made from one judged case; a caller may ask for some of them alone."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from app.answers.evidence import benefit_json, delay_json, swelling_json
from app.answers.ivt import dose_json, ivt_json
from app.answers.judged import Judged
from app.answers.transfer import (
    action_json,
    checklist_json,
    destinations_json,
    door_in_door_out_json,
    estimates_json,
)
from app.answers.values import (
    answer_json,
    aspects_json,
    change_json,
    comes_at,
    crossing_json,
    near_bound_json,
    pc_aspects_json,
    time_json,
    values_json,
)
from app.version import __version__
from imaging.atlas_description import atlas_version
from scoring.benefit import benefit_figures, eligible_trials
from scoring.crossings import crossings
from scoring.delay import outcomes_by_delay
from scoring.eligibility import Answer
from scoring.near_bounds import graded, near_bounds
from scoring.outcomes import Action, Outcome
from scoring.rulebook import RuleBook
from scoring.summary import summarise
from scoring.transfer_checklist import transfer_checklist

NOT_FOR_CLINICAL_USE = (
    "Decision support for trained clinicians and research. Not a cleared medical device, not for clinical use on its"
    " own: check every answer against its source."
)

CLAUSES_NOT_CHECKED = (
    "Some clauses behind this answer were not yet checked against the original document by a clinician; see 'checked'"
    " beside each."
)
"""A warning; where every line says how it was checked, it need not be said again."""


def _aspects(judged: Judged) -> dict[str, Any]:
    return {
        "aspects": aspects_json(judged.case, judged.assessment),
        "pc_aspects": pc_aspects_json(judged.case, judged.assessment),
    }


def _time(judged: Judged) -> dict[str, Any]:
    return {"time": time_json(judged.assessment.timeline, judged.case.evaluated_at, judged.to_puncture)}


def _evt(judged: Judged) -> dict[str, Any]:
    later = judged.outcomes_at_puncture()
    return {
        "evt": [answer_json(now, then, judged.shown) for now, then in zip(judged.answers, later, strict=True)],
        "evt_summary": dict(summary_json(judged)),
        "on_the_way": on_the_way_json(judged, later),
    }


def on_the_way_json(judged: Judged, later: tuple[Outcome | None, ...]) -> list[dict[str, Any]]:
    """Bounds of time that are crossed before the projected puncture, each with the answers that it changes.

    ``later`` are the ``outcomes_at_puncture``: where they are those of now, nothing is looked for.
    """
    if later == judged.kept.once("outcomes of the answers", lambda: tuple(one.outcome for one in judged.answers)):
        return []
    found = crossings(judged.grid, judged.values, judged.assessment.timeline.minutes, judged.to_puncture)
    return [crossing_json(crossing, judged.case.evaluated_at) for crossing in found]


def summary_json(judged: Judged) -> dict[str, Any]:
    """The sentence over all answers; shared between patients in the same cells, so not to be changed."""
    return judged.kept.once("summary", lambda: asdict(summarise(judged.answers)))


def _ivt(judged: Judged) -> dict[str, Any]:
    dose = dose_json(judged.values.get("weight_kg"))
    told = ((advice, judged.with_thrombectomy(advice)) for advice in judged.thrombolysis)
    return {"ivt": [ivt_json(advice, judged.shown, dose, together) for advice, together in told]}


def _transfer(judged: Judged) -> dict[str, Any]:
    checklist = transfer_checklist(judged.case, judged.values) if judged.leaves else ()
    action = action_json(judged.advice, shown_to_transfer(judged, judged.shown))
    return {
        "transfer": {
            **action,
            "destination": destination_of(judged),
            "estimates": estimates_json(judged.case, judged.to_puncture),
            "destinations": destinations_json(judged.case),
            "door_in_door_out": door_in_door_out_json(judged.values),
            "on_arrival": _on_arrival(judged),
            "checklist": checklist_json(checklist),
        }
    }


def shown_to_transfer(judged: Judged, shown: Mapping[str, Any]) -> Mapping[str, Any]:
    """The values as JSON with what guidelines say, which clauses on transfer ask for."""
    return {**shown, **judged.said}


def destination_of(judged: Judged) -> str | None:
    """The thrombectomy centre by name, for a patient who goes there or may."""
    site = judged.case.site
    return site.thrombectomy_centre if site is not None and judged.goes_to_the_centre else None


def _on_arrival(judged: Judged) -> dict[str, Any] | None:
    then = judged.on_arrival()
    return None if then is None else action_json(then.advice, {**judged.shown, **values_json(then.moved)})


def _changes(judged: Judged) -> dict[str, Any]:
    anchor_at = judged.assessment.timeline.anchor_at
    return {
        "what_would_change": [change_json(change, comes_at(change, anchor_at)) for change in judged.changes],
        "near_bounds": near_bounds_json(judged),
    }


def near_bounds_json(judged: Judged) -> list[dict[str, Any]]:
    """Values so near to a bound that one step of their scale would give other answers."""
    bounds = near_bounds(judged.kept.once("graded changes", lambda: graded(judged.changes)), judged.values)
    titles = {ruleset.id: ruleset.title for ruleset in judged.grid.rulesets} if bounds else {}
    return [near_bound_json(bound, titles) for bound in bounds]


def _benefit(judged: Judged) -> dict[str, Any]:
    expected = outcomes_by_delay(judged.values, judged.to_puncture)
    return {"benefit": figures_json(judged), "outcome_by_delay": delay_json(expected)}


def figures_json(judged: Judged) -> list[Mapping[str, Any]]:
    """What trials found that would have taken such patients."""
    return [benefit_json(figure) for figure in benefit_figures(eligible_trials(judged.answers), judged.values)]


def _swelling(judged: Judged) -> dict[str, Any]:
    return {"swelling": swelling_of(judged)}


def swelling_of(judged: Judged) -> dict[str, Any] | None:
    """What guidelines say of surgery; ``None``: nothing was stated of swelling."""
    is_here = judged.values.get("site_has_neurosurgery") is True
    return swelling_json(judged.swelling, judged.shown, is_here=is_here) if judged.swelling else None


def opening(judged: Judged) -> dict[str, Any]:
    """What stands before the parts: which case, as of when."""
    return {"case_id": judged.case.case_id, "evaluated_at": judged.case.evaluated_at.isoformat()}


def closing(judged: Judged) -> dict[str, Any]:
    """What comes with every part: what is missing, what to mind, and the versions behind the answer."""
    return {"missing": missing_facts(judged), "warnings": warnings_of(judged), **constants_json(judged.book)}


def constants_json(book: RuleBook) -> dict[str, Any]:
    """What is the same in every answer."""
    return {"versions": versions_json(book), "not_for_clinical_use": NOT_FOR_CLINICAL_USE}


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


def missing_facts(judged: Judged) -> list[str]:
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


def warnings_of(judged: Judged) -> list[str]:
    """What to mind before trusting the answer."""
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
    if judged.kept.once("unchecked", lambda: any(_is_unchecked(answer) for answer in judged.answers)):
        warnings.append(CLAUSES_NOT_CHECKED)
    return warnings


def _is_unchecked(answer: Answer) -> bool:
    return answer.clause is not None and answer.clause.checked.status != "read"

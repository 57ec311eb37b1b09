"""The parts of an answer as JSON-ready dictionaries, with the names of the public contract."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from scoring.aspects import AspectsScore
from scoring.case import Case
from scoring.conditions import Condition
from scoring.derived import Assessment
from scoring.door_in_door_out import door_in_door_out_dispute, door_in_door_out_targets
from scoring.doses import alteplase_dose, dose_source, tenecteplase_dose
from scoring.eligibility import Answer, Reason
from scoring.explain import Change
from scoring.facts import FACTS
from scoring.near_bounds import NearBound
from scoring.network import Destination
from scoring.outcomes import Action, Outcome
from scoring.regions import Side
from scoring.rulebook import AnyOf, Clause, RuleSet
from scoring.thrombolysis import Caution, ThrombolysisAdvice
from scoring.timeline import Timeline
from scoring.transfer import TransferAdvice
from scoring.values import Interval, Known, OneOf


def aspects_json(case: Case, assessment: Assessment) -> dict[str, Any] | None:
    """ASPECTS from the findings, or from the stated total; ``None`` when neither is known."""
    stated = case.facts.aspects_total
    score = assessment.aspects
    if score is None:
        if stated is None:
            return None
        score = AspectsScore(stated, stated, stated, None, {}, ())
    elif stated is not None:
        score = AspectsScore(stated, stated, stated, score.side, score.regions, score.warnings)
    side = score.side or (Side(case.facts.affected_side) if case.facts.affected_side else None)
    return {
        "total": score.total,
        "low": score.low,
        "high": score.high,
        "side": side.value if side else None,
        "regions": {region.value: status.value for region, status in score.regions.items()},
        "band": score.band,
        "prognostic_band": score.prognostic_band,
        "source": _source_of_score(case),
        "warnings": list(score.warnings),
    }


def _source_of_score(case: Case) -> str:
    if case.findings is None:
        return "stated_total"
    return "software_reading" if case.findings_from_software else "region_findings"


def pc_aspects_json(case: Case, assessment: Assessment) -> dict[str, Any] | None:
    """pc-ASPECTS from the findings, or from the stated total; ``None`` when neither is known."""
    score, stated = assessment.pc_aspects, case.facts.pc_aspects_total
    if score is None:
        if stated is None:
            return None
        return {"total": stated, "low": stated, "high": stated, "regions": {}}
    total = score.total if stated is None else stated
    low, high = (score.low, score.high) if stated is None else (stated, stated)
    regions = {part.value: status.value for part, status in score.regions.items()}
    return {"total": total, "low": low, "high": high, "regions": regions}


def time_json(timeline: Timeline, evaluated_at: datetime, to_puncture: int | None) -> dict[str, Any]:
    """Times since the anchor, the window, and the projected puncture; ``None`` for what is not known."""
    window, closes_at = timeline.window, timeline.window_closes_at
    since_anchor = timeline.minutes_since_anchor
    puncture_at = None if to_puncture is None else evaluated_at + timedelta(minutes=to_puncture)
    return {
        "anchor": timeline.anchor,
        "anchor_at": _iso(timeline.anchor_at),
        "minutes_since_anchor": since_anchor,
        "window": window.name if window else None,
        "window_closes_at": _iso(closes_at),
        "minutes_left_in_window": None if closes_at is None else int((closes_at - evaluated_at) / timedelta(minutes=1)),
        "projected_puncture_at": _iso(puncture_at),
        "minutes_to_projected_puncture": to_puncture,
        "minutes_from_anchor_to_puncture": (
            None if to_puncture is None or since_anchor is None else since_anchor + to_puncture
        ),
    }


def answer_json(answer: Answer, later: Outcome | None, shown: Mapping[str, Any]) -> dict[str, Any]:
    """One rule set's answer, and its outcome at the projected puncture; ``shown`` are the values as JSON."""
    return {
        **described_answer(answer),
        "missing": list(answer.missing),
        "reasons": lines_json(answer, shown),
        "at_projected_puncture": later.value if later else None,
    }


def described_answer(answer: Answer) -> Mapping[str, Any]:
    """Rule set, outcome, clause and citation of an answer; shared between answers, so not to be changed."""
    return _described(answer.ruleset, answer.outcome, answer.clause, answer.nearest)


@lru_cache(maxsize=4096)
def _described(ruleset: RuleSet, outcome: Outcome, clause: Clause | None, nearest: Clause | None) -> dict[str, Any]:
    """The part of an answer that is the same for every patient to whom the clause applies."""
    cited = clause or nearest
    return {
        "ruleset": ruleset.id,
        "title": ruleset.title,
        "kind": ruleset.kind,
        "superseded": ruleset.superseded,
        "outcome": outcome.value,
        "outcome_text": clause.outcome_text if clause else outcome.label,
        "stance": ((clause.stance if clause else None) or outcome.stance).value,
        "level": clause.level if clause else None,
        "clause": clause.clause if clause else None,
        "clause_title": clause.title if clause else None,
        "nearest_clause": nearest.clause if nearest and clause is None else None,
        "group": clause.group if clause else None,
        "note": clause.note if clause else None,
        "source": cited.source_summary if cited is not None else _ruleset_source(ruleset),
        "left_out": ruleset.left_out,
    }


def ivt_json(advice: ThrombolysisAdvice, values: Mapping[str, Known]) -> dict[str, Any]:
    """What one guideline says of thrombolysis, what speaks against it, and dose bands when the weight is known."""
    answer = advice.answer
    clause = answer.clause
    cited = clause or answer.nearest
    return {
        "ruleset": answer.ruleset.name,
        "title": answer.ruleset.title,
        "outcome": answer.outcome.value,
        "outcome_text": answer.outcome.label,
        "level": clause.level if clause else None,
        "clause": clause.clause if clause else None,
        "clause_title": clause.title if clause else None,
        "note": clause.note if clause else None,
        "contraindicated": advice.is_contraindicated,
        "cautions": [_caution_json(caution) for caution in advice.cautions],
        "contraindications_not_asked": list(advice.unknown),
        "missing": list(answer.missing),
        "reasons": [reason_json(reason) for reason in answer.reasons(values)],
        "source": cited.source_summary if cited is not None else _ruleset_source(answer.ruleset),
        "dose_reference": _dose_json(values.get("weight_kg")),
    }


def _caution_json(caution: Caution) -> dict[str, Any]:
    return {
        "tier": caution.tier.value,
        "tier_text": caution.tier.label,
        "title": caution.clause.title,
        "clause": caution.clause.clause,
        "note": caution.clause.note,
        "local": caution.is_local,
        "reasons": [reason_json(reason) for reason in caution.reasons],
        "source": caution.clause.source_summary,
    }


def _dose_json(weight_kg: Known | None) -> dict[str, Any] | None:
    if not isinstance(weight_kg, int | float):
        return None
    return {
        "tenecteplase": asdict(tenecteplase_dose(weight_kg)),
        "alteplase": asdict(alteplase_dose(weight_kg)),
        "text": "Published dose bands for reference; not a prescription.",
        **dose_source(),
    }


def _ruleset_source(ruleset: RuleSet) -> dict[str, Any]:
    source = ruleset.source
    return {
        "key": source.key,
        "title": source.title,
        "year": source.year,
        "reference": source.reference,
        "locator": None,
        "checked": None,
    }


def lines_json(answer: Answer, shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines behind an answer beside the patient's values; ``shown`` are the values as JSON."""
    return [
        {"fact": fact, "value": shown.get(fact), "condition": condition, "answer": told}
        for fact, condition, told in answer.lines
    ]


def values_json(values: Mapping[str, Known]) -> dict[str, Any]:
    """Everything that is known, as JSON."""
    return {fact: value_json(value) for fact, value in values.items()}


def reason_json(reason: Reason) -> dict[str, Any]:
    """One line of a clause beside the patient's value."""
    return {
        "fact": reason.fact,
        "value": value_json(reason.value),
        "condition": reason.condition,
        "answer": reason.answer.value,
    }


def value_json(value: Known | None) -> Any:
    """A value as JSON: bounds as an object, possible choices as a list, an infinite ratio as words."""
    if isinstance(value, Interval):
        return {"low": value.low, "high": value.high}
    if isinstance(value, OneOf):
        return sorted(value.options)
    return "infinite" if value == float("inf") else value


def change_json(change: Change, after: str | None) -> dict[str, Any]:
    """A change that would give another outcome; ``after`` is when it comes by itself, as `comes_at` says."""
    described: dict[str, Any] = {
        "if": f"{change.fact} {change.condition}",
        "fact": change.fact,
        "title": FACTS[change.fact].title if change.fact in FACTS else change.fact,
        "then": {
            "ruleset": change.ruleset,
            "outcome": change.outcome.value,
            "outcome_text": change.outcome.label,
        },
    }
    if after is not None:
        described["after"] = after
    return described


def comes_at(change: Change, anchor_at: datetime | None) -> str | None:
    """The moment at which a change comes by itself, by the passing of time; ``None``: it does not."""
    if change.fact != "minutes_since_last_known_well" or change.bound is None or anchor_at is None:
        return None
    return (anchor_at + timedelta(minutes=change.bound)).isoformat()


def near_bound_json(bound: NearBound, titles: Mapping[str, str]) -> dict[str, Any]:
    """A value that lies near to another answer; ``titles`` are those of the rule sets by id."""
    return {
        "fact": bound.fact,
        "value": bound.value,
        "nearest": bound.nearest,
        "distance": round(bound.distance, 2),
        "unit": bound.margin.unit,
        "rulesets": list(bound.rulesets),
        "text": f"{bound.text}: {', '.join(titles[ruleset] for ruleset in bound.rulesets)}.",
        "note": bound.margin.note,
        "checked": bound.margin.checked,
    }


TOWARDS_THE_CENTRE = {Action.TRANSFER_NOW, Action.CALL_THROMBECTOMY_CENTRE, Action.GET_CTA_OR_DISCUSS}
"""Actions that lead to the thrombectomy centre; the others have no destination of this network."""


def action_json(advice: TransferAdvice) -> dict[str, Any]:
    """An action, the clause and the lines that decided it, and what stopped an earlier clause from being judged."""
    clause = advice.clause
    return {
        "action": advice.action.value,
        "action_text": (clause.instruction if clause else None) or advice.action.label,
        "level": clause.level if clause else None,
        "clause": clause.clause if clause else None,
        "reasons": [reason_json(reason) for reason in advice.reasons],
        "source": clause.source_summary if clause else None,
        "note": clause.note if clause else None,
        "missing": list(advice.missing),
    }


def transfer_json(
    advice: TransferAdvice,
    case: Case,
    to_puncture: int | None,
    values: Mapping[str, Known],
    on_arrival: TransferAdvice | None,
) -> dict[str, Any]:
    """The action, where to, why, and the minutes that are known."""
    site = case.site
    is_elsewhere = values.get("site_treats") is False and advice.action in TOWARDS_THE_CENTRE
    return {
        **action_json(advice),
        "destination": site.thrombectomy_centre if site is not None and is_elsewhere else None,
        "on_arrival": action_json(on_arrival) if on_arrival else None,
        "estimates": {
            "minutes_to_thrombectomy_centre": site.minutes_to_thrombectomy_centre if site else None,
            "door_to_groin_minutes": site.door_to_groin_minutes if site else None,
            "minutes_to_projected_puncture": to_puncture,
        },
        "destinations": [_destination_json(destination) for destination in case.destinations],
        "door_in_door_out": _door_in_door_out_json(values),
    }


def _destination_json(destination: Destination) -> dict[str, Any]:
    return {
        "site_id": destination.site_id,
        "name": destination.name,
        "mode": destination.mode,
        "transport_minutes": destination.transport_minutes,
        "arrival_at": destination.arrival_at.isoformat(),
        "open_on_arrival": destination.is_open_on_arrival,
        "door_to_groin_minutes": destination.door_to_groin_minutes,
        "puncture_at": _iso(destination.puncture_at),
        "icu_beds": destination.icu_beds,
    }


def _door_in_door_out_json(values: Mapping[str, Known]) -> dict[str, Any] | None:
    """Minutes since arrival beside the targets for leaving; only at a site that does not treat."""
    minutes = values.get("minutes_since_arrival")
    if not isinstance(minutes, int | float) or values.get("site_treats") is not False:
        return None
    targets = [
        {
            "minutes": target.minutes,
            "missed": target.is_missed(minutes),
            "minutes_left": max(0, target.minutes - int(minutes)),
            "title": target.title,
            "checked": target.checked,
        }
        for target in door_in_door_out_targets()
    ]
    return {"minutes_since_arrival": int(minutes), "targets": targets, "note": door_in_door_out_dispute()}


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
        "in_force": {"from": clause.in_force_from.isoformat(), "until": _iso(clause.in_force_until)},
        "checked": {"status": clause.checked.status, "by": clause.checked.by, "on": _iso(clause.checked.on)},
        "source": clause.source_summary,
        "left_out": ruleset.left_out,
    }


def _line_json(line: Condition | AnyOf) -> dict[str, Any]:
    if not isinstance(line, AnyOf):
        return {"fact": line.fact, "condition": line.text}
    if line.meets:
        return {"meets_criteria_of": list(line.meets)}
    return {"any_of": [{"all_of": [_line_json(condition) for condition in group]} for group in line.alternatives]}


def _iso(moment: Any) -> str | None:
    return None if moment is None else moment.isoformat()

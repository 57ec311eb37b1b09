"""The parts of an answer as JSON-ready dictionaries, with the names of the public contract."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any

from scoring.aspects import AspectsScore
from scoring.case import Case
from scoring.crossings import Crossing
from scoring.derived import MISMATCH_FACTS, Assessment
from scoring.eligibility import Answer, AnsweredLine
from scoring.explain import Change
from scoring.facts import FACTS
from scoring.near_bounds import NearBound
from scoring.outcomes import Outcome
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.rulebook import Clause, RuleSet
from scoring.ternary import Ternary
from scoring.timeline import Timeline
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
        "regions": regions_json(score.regions),
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
    return {"total": total, "low": low, "high": high, "regions": regions_json(score.regions)}


def regions_json(regions: Mapping[Region, Status] | Mapping[PosteriorRegion, Status]) -> dict[str, str]:
    """The status of each region that was looked at."""
    return {_NAMES[region]: _NAMES[status] for region, status in regions.items()}


_NAMES: Mapping[StrEnum, str] = {word: word.value for words in (Region, PosteriorRegion, Status) for word in words}
"""Plain strings: written out far faster than members of an enumeration."""


_MINUTE = timedelta(minutes=1)


def time_json(timeline: Timeline, evaluated_at: datetime, to_puncture: int | None) -> dict[str, Any]:
    """The `times_of` a case as JSON."""
    times = times_of(timeline, evaluated_at, to_puncture)
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in times.items()}


def times_of(
    timeline: Timeline, evaluated_at: datetime, to_puncture: int | None
) -> dict[str, datetime | int | str | None]:
    """Times since the anchor, the window, and the projected puncture; ``None`` for what is not known."""
    window = timeline.window
    closes_at = timeline.closing_of(window)
    since_anchor = timeline.minutes_since_anchor
    puncture_at = None if to_puncture is None else evaluated_at + timedelta(minutes=to_puncture)
    return {
        "anchor": timeline.anchor,
        "anchor_at": timeline.anchor_at,
        "minutes_since_anchor": since_anchor,
        "window": window.name if window else None,
        "window_closes_at": closes_at,
        "minutes_left_in_window": None if closes_at is None else int((closes_at - evaluated_at) / _MINUTE),
        "projected_puncture_at": puncture_at,
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
        "reasons": lines_json(answer.lines, shown),
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
        "source": cited.source_summary if cited is not None else ruleset_source(ruleset),
        "left_out": ruleset.left_out,
    }


def ruleset_source(ruleset: RuleSet) -> dict[str, Any]:
    """The citation of a whole rule set, where no clause of it is at hand."""
    source = ruleset.source
    return {
        "key": source.key,
        "title": source.title,
        "year": source.year,
        "reference": source.reference,
        "locator": None,
        "checked": None,
    }


def lines_json(lines: Iterable[AnsweredLine], shown: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Lines of a clause beside the patient's values; ``shown`` are the values as JSON.

    A mismatch of which one volume is not known is shown only where its bounds decide: else they are no finding.
    """
    return [
        {
            "fact": fact,
            "value": None if told == Ternary.UNKNOWN and fact in MISMATCH_FACTS else shown.get(fact),
            "condition": condition,
            "answer": told,
        }
        for fact, condition, told in lines
    ]


def values_json(values: Mapping[str, Known]) -> dict[str, Any]:
    """What is known, as JSON."""
    return {fact: value_json(value) for fact, value in values.items()}


def value_json(value: Known | None) -> Any:
    """A value as JSON: bounds as an object, possible choices as a list, an infinite ratio as words."""
    if isinstance(value, Interval):
        return {"low": value_json(value.low), "high": value_json(value.high)}
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
            "outcome_text": change.outcome_text,
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


def crossing_json(crossing: Crossing, evaluated_at: datetime) -> dict[str, Any]:
    """One bound of time that is crossed on the way, and the answers before and after it."""
    return {
        "at": (evaluated_at + timedelta(minutes=crossing.minutes_from_now)).isoformat(),
        "minutes_since_last_known_well": crossing.minutes_since_last_known_well,
        "changes": [{"ruleset": ruleset, "from": old.value, "to": new.value} for ruleset, old, new in crossing.changes],
    }


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


def iso(moment: Any) -> str | None:
    """A time or a day as text; ``None``: not known."""
    return None if moment is None else moment.isoformat()

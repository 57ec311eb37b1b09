"""ASPECTS and pc-ASPECTS as Observations: a component a region, bounds beside the total."""

from collections.abc import Mapping, Sequence
from typing import Any

from app.interop.fhir.answer_draft import Draft, notes
from app.interop.fhir.fact_codes import ABSENT, ASPECTS_ASSESSMENT, ASPECTS_SCORE, PRESENT
from app.interop.fhir.region_scores import ASPECTS_PREFIX, POSTERIOR_PREFIX
from app.interop.fhir.systems import (
    DATA_ABSENT,
    FACTS_SYSTEM,
    OBSERVATION_CATEGORY,
    REGIONS_SYSTEM,
    RESTATED,
    RESULTS_SYSTEM,
    SNOMED,
    STATUS_SYSTEM,
    Json,
    choice_system,
    coding,
    concept,
)
from scoring.case import Case
from scoring.facts import FACTS
from scoring.regions import PosteriorRegion, Region, Status

_SIDES = {"left": "7771000", "right": "24028007"}
_REGION_CODES = {
    Region.C: ("11000004", "Caudate nucleus"),
    Region.IC: ("85637007", "Internal capsule"),
    Region.I: ("36169008", "Insula"),
}
_HEMISPHERE = coding(SNOMED, "372073000", "Brain hemisphere")


def add_aspects(draft: Draft, score: Mapping[str, Any], case: Case, imaging: Sequence[Json], device: Json) -> Json:
    """The Observation of ASPECTS; returns the reference to it."""
    side = score["side"]
    where = f"{side} hemisphere" if side else "side not stated"
    components = [*_bounds("aspects", score)]
    if side:
        components.append({"code": concept(coding(FACTS_SYSTEM, "affected_side")), **_side_value(side)})
    if score["regions"]:
        components += [_region(region, score["regions"].get(region), side) for region in Region]
    if case.findings is not None:
        components += _marks(case.findings.old_infarct, "old_infarct", "Old infarct, not scored")
        components += _marks(case.findings.swelling_only, "swelling_only", "Swelling only, not scored")
    content = _observation(draft, score, imaging, device, case) | {
        "code": concept(coding(SNOMED, ASPECTS_SCORE, "Alberta Stroke Program Early CT score"), text="ASPECTS"),
        "method": concept(coding(SNOMED, ASPECTS_ASSESSMENT, "Assessment using ASPECTS")),
        "bodySite": concept(_HEMISPHERE, *([coding(SNOMED, _SIDES[side], side)] if side else []), text=where),
        **_total(score),
        "component": components,
        **notes(score["warnings"]),
    }
    return draft.add(
        "Observation", "aspects", content, told=[f"ASPECTS {_words(score)}, {where}. {draft.status.capitalize()}."]
    )


def add_posterior(draft: Draft, score: Mapping[str, Any], case: Case, imaging: Sequence[Json], device: Json) -> Json:
    """The Observation of pc-ASPECTS; returns the reference to it."""
    components = _bounds("pc-aspects", score)
    if score["regions"]:
        components += [_posterior_region(region, score["regions"].get(region)) for region in PosteriorRegion]
    content = _observation(draft, score, imaging, device, case) | {
        "code": concept(coding(RESULTS_SYSTEM, "pc-aspects", "Posterior circulation ASPECTS"), text="pc-ASPECTS"),
        **_total(score),
        "component": components,
    }
    return draft.add(
        "Observation", "pc-aspects", content, told=[f"pc-ASPECTS {_words(score)}. {draft.status.capitalize()}."]
    )


def _observation(
    draft: Draft, score: Mapping[str, Any], imaging: Sequence[Json], device: Json, case: Case
) -> dict[str, Any]:
    imaged_at = case.facts.imaged_at
    by_software = score.get("source") == "software_reading"
    tag = {} if by_software else {"meta": {"tag": [coding(RESULTS_SYSTEM, RESTATED)]}}
    return {
        **tag,
        "status": draft.status,
        "category": [concept(coding(OBSERVATION_CATEGORY, "imaging", "Imaging"))],
        "subject": draft.subject,
        "issued": draft.evaluated_at,
        **({"effectiveDateTime": imaged_at.isoformat()} if imaged_at else {}),
        **({"device": device} if by_software else {}),
        **({"derivedFrom": list(imaging)} if imaging else {}),
    }


def _total(score: Mapping[str, Any]) -> dict[str, Any]:
    if score["total"] is not None:
        return {"valueInteger": score["total"]}
    return {"dataAbsentReason": concept(coding(DATA_ABSENT, "unknown"), text="Not every region was looked at.")}


def _bounds(prefix: str, score: Mapping[str, Any]) -> list[Json]:
    return [
        {
            "code": concept(coding(RESULTS_SYSTEM, f"{prefix}-{bound}"), text=f"{words} possible"),
            "valueInteger": score[bound],
        }
        for bound, words in (("low", "Lowest"), ("high", "Highest"))
    ]


def _side_value(side: str) -> dict[str, Any]:
    codes = coding(SNOMED, _SIDES[side], side.capitalize()), coding(choice_system("affected_side"), side)
    return {"valueCodeableConcept": concept(*codes, text=f"The patient's {side}")}


def _region(region: Region, status: str | None, side: str | None) -> Json:
    public = _REGION_CODES.get(region)
    codes = [coding(REGIONS_SYSTEM, f"{ASPECTS_PREFIX}{region}", region.label)]
    if public:
        codes.append(coding(SNOMED, *public))
    name = ", ".join(part for part in (region.value, region.label, side) if part)
    return {"code": concept(*codes, text=name), **_seen(status)}


def _posterior_region(region: PosteriorRegion, status: str | None) -> Json:
    name = region.value.replace("_", ", ")
    return {"code": concept(coding(REGIONS_SYSTEM, f"{POSTERIOR_PREFIX}{region}", name), text=name), **_seen(status)}


def _seen(status: str | None) -> dict[str, Any]:
    if status is None:
        return {"dataAbsentReason": concept(coding(DATA_ABSENT, "not-performed"), text="Not looked at")}
    own = coding(STATUS_SYSTEM, status)
    if status == Status.NOT_ASSESSABLE:
        return {"dataAbsentReason": concept(coding(DATA_ABSENT, "unknown"), own, text="Not assessable")}
    found = (PRESENT, "Present") if status == Status.AFFECTED else (ABSENT, "Absent")
    return {"valueCodeableConcept": concept(coding(SNOMED, *found), own, text=status.capitalize())}


def _marks(regions: frozenset[Region], mark: str, words: str) -> list[Json]:
    return [
        {
            "code": concept(coding(RESULTS_SYSTEM, mark, words)),
            "valueCodeableConcept": concept(coding(REGIONS_SYSTEM, f"{ASPECTS_PREFIX}{region}", region.label)),
        }
        for region in Region
        if region in regions
    ]


def _words(score: Mapping[str, Any]) -> str:
    total = "not known" if score["total"] is None else str(score["total"])
    return total if score["low"] == score["high"] else f"{total}, possible {score['low']} to {score['high']}"


assert set(_SIDES) == set(FACTS["affected_side"].choices)  # noqa: S101 -- a side without a code would be dropped

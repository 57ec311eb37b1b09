"""What each rule set says, as RiskAssessments, and all of it as one GuidanceResponse that names what is missing."""

from collections.abc import Mapping
from typing import Any

from app.interop.fhir.answer_draft import Draft, notes, parameter
from app.interop.fhir.fact_codes import ASPECTS_SCORE, LOINC_FACTS
from app.interop.fhir.systems import (
    FACTS_SYSTEM,
    LOINC,
    OUTCOMES_SYSTEM,
    OWN,
    RESULTS_SYSTEM,
    RULESETS_SYSTEM,
    SNOMED,
    STANCES_SYSTEM,
    Json,
    coding,
    concept,
)
from scoring.facts import FACTS

_FIRST_LOINC = {fact: code for code, fact in reversed(LOINC_FACTS.items())}
_SENT_AS = {
    "minutes_since_last_known_well": ("last_known_well_at",),
    "minutes_since_recognition": ("recognised_at",),
    "minutes_since_sleep_midpoint": ("slept_at", "woke_at"),
    "minutes_since_imaging": ("imaged_at",),
}
"""What to send for a span of time: the moments that it is counted from."""
_SITE_TITLES = {"site.capability": "Capability of this hospital"}
_SCORES = {
    "aspects_total": [coding(SNOMED, ASPECTS_SCORE)],
    "pc_aspects_total": [coding(RESULTS_SYSTEM, "pc-aspects")],
}
_ANSWER_PARTS = (
    "ruleset", "kind", "superseded", "outcome", "outcome_text", "stance", "level", "clause", "clause_title",
    "nearest_clause", "group", "note", "at_projected_puncture", "left_out",
)  # fmt: skip
_SOURCE_PARTS = ("key", "title", "year", "reference", "locator", "checked")


def add_risk(draft: Draft, answer: Mapping[str, Any], basis: list[Json], device: Json) -> Json:
    """What one rule set says of thrombectomy; returns the reference to it."""
    cited = citation(answer)
    outcome = concept(
        coding(OUTCOMES_SYSTEM, answer["outcome"], answer["outcome_text"]),
        coding(STANCES_SYSTEM, answer["stance"]),
        text=answer["outcome_text"],
    )
    content = {
        "status": draft.status,
        "method": concept(coding(RULESETS_SYSTEM, answer["ruleset"], answer["title"]), text=answer["title"]),
        "code": concept(coding(RESULTS_SYSTEM, "thrombectomy-suitability", "Suitability for thrombectomy")),
        "subject": draft.subject,
        "occurrenceDateTime": draft.evaluated_at,
        "performer": device,
        **({"basis": basis} if basis else {}),
        "prediction": [
            {"outcome": concept(text="Suitability for thrombectomy"), "qualitativeRisk": outcome, "rationale": cited}
        ],
        **notes([text for text in (answer["note"], answer["left_out"]) if text]),
    }
    told = [f"{answer['title']}: {answer['outcome_text']}", cited]
    return draft.add("RiskAssessment", f"evt/{answer['ruleset']}", content, told=told)


def citation(answer: Mapping[str, Any]) -> str:
    """Clause, source and how the clause was checked against it."""
    source = answer["source"]
    clause = answer["clause"] or answer.get("nearest_clause")
    parts = [
        f"Clause {clause}." if answer["clause"] else f"Nearest clause {clause}." if clause else None,
        f"{source['title']}, {source['year']}." if source else None,
        f"{source['locator']}." if source and source["locator"] else None,
        f"Checked: {source['checked']}." if source and source["checked"] else None,
        f"Waits for: {', '.join(map(title_of, answer['missing']))}." if answer["missing"] else None,
    ]
    return " ".join(part for part in parts if part)


def add_guidance(draft: Draft, answer: Mapping[str, Any], unread: Json | None, device: Json) -> Json:
    """All answers as one GuidanceResponse, with their parts as contained Parameters; returns the reference to it."""
    summary = answer["evt_summary"]
    waits = summary["verdict"] == "need_data"
    content = {
        "contained": [output_parameters(answer)],
        "requestIdentifier": {"system": f"{OWN}request", "value": draft.names.identity("request")},
        "moduleUri": f"{OWN}rules:{answer['versions']['rules']}",
        "status": "data-required" if waits else "success",
        "subject": draft.subject,
        "occurrenceDateTime": draft.evaluated_at,
        "performer": device,
        "reasonCode": [concept(coding(RESULTS_SYSTEM, "thrombectomy-suitability", "Suitability for thrombectomy"))],
        **notes([summary["text"], *answer["warnings"], answer["not_for_clinical_use"]]),
        **({"evaluationMessage": [unread]} if unread else {}),
        "outputParameters": {"reference": "#output"},
        **({"dataRequirement": [data_requirement(fact) for fact in answer["missing"]]} if answer["missing"] else {}),
    }
    missing = [f"Missing: {', '.join(map(title_of, answer['missing']))}."] if answer["missing"] else []
    return draft.add("GuidanceResponse", "guidance", content, told=[summary["text"], *missing])


def data_requirement(fact: str) -> Json:
    """What to send for a missing fact: a profile-free Observation with the fact's code."""
    if fact in {"age_years", "age_days"}:
        return {"type": "Patient", "mustSupport": ["birthDate"]}
    if fact.startswith("site."):
        return {
            "type": "Parameters",
            "mustSupport": ["parameter"],
            "codeFilter": [_filter(coding(RESULTS_SYSTEM, "site"))],
        }
    codes = [coding(FACTS_SYSTEM, name, title_of(name)) for name in (*_SENT_AS.get(fact, ()), fact)]
    if fact in _FIRST_LOINC:
        codes.insert(0, coding(LOINC, _FIRST_LOINC[fact]))
    codes[:0] = _SCORES.get(fact, [])
    return {"type": "Observation", "mustSupport": ["code", "value[x]"], "codeFilter": [_filter(*codes)]}


def _filter(*codes: Json) -> Json:
    return {"path": "code", "code": list(codes)}


def title_of(fact: str) -> str:
    """A fact in words, or what is missing of the site."""
    return FACTS[fact].title if fact in FACTS else _SITE_TITLES.get(fact, fact)


def output_parameters(answer: Mapping[str, Any]) -> Json:
    """The answer for programs, with the names of the JSON interface."""
    parts: list[Json | None] = [
        _group(
            "evt_summary", {name: answer["evt_summary"].get(name) for name in ("verdict", "agree", "differ_in", "text")}
        ),
        _group("time", answer["time"]),
        _group("versions", answer["versions"]),
        *(parameter("missing", fact) for fact in answer["missing"]),
        *(_answer_part("evt", told, _ANSWER_PARTS) for told in answer["evt"]),
        *(
            _answer_part("ivt", told, ("ruleset", "outcome", "outcome_text", "level", "clause", "contraindicated"))
            for told in answer["ivt"]
        ),
        _answer_part(
            "transfer", answer["transfer"], ("action", "action_text", "level", "clause", "note", "destination")
        ),
    ]
    return {"resourceType": "Parameters", "id": "output", "parameter": [part for part in parts if part is not None]}


def _answer_part(name: str, told: Mapping[str, Any], names: tuple[str, ...]) -> Json | None:
    group = _group(name, {part: told[part] for part in names})
    if group is None:
        return None
    group["part"] += [{"name": "missing", "valueString": fact} for fact in told["missing"]]
    source = told["source"]
    if source and (cited := _group("source", {part: source[part] for part in _SOURCE_PARTS})):
        group["part"].append(cited)
    return group


def _group(name: str, values: Mapping[str, Any]) -> Json | None:
    parts = [part for key, value in values.items() if (part := parameter(key, value)) is not None]
    return {"name": name, "part": parts} if parts else None

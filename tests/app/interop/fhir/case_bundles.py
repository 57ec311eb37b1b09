"""Writes a triage request as an EHR would: a Bundle with a LOINC code where there is one, or Parameters."""

from typing import Any

from app.interop.fhir.nihss_codes import GRADES, NIHSS_ITEMS
from scoring.facts import FACTS, Kind

Json = dict[str, Any]
OWN = "urn:aspects-triage:codesystem:"
LOINC, SNOMED, UCUM = "http://loinc.org", "http://snomed.info/sct", "http://unitsofmeasure.org"
PATIENT: Json = {"resourceType": "Patient", "id": "p1", "gender": "female"}

LOINC_OF = {
    "nihss_total": "72089-6",
    "weight_kg": "29463-7",
    "glucose_mmol_per_l": "14749-6",
    "platelets_10e9_per_l": "777-3",
    "inr": "6301-6",
    "aptt_seconds": "3173-2",
    "pt_seconds": "5902-2",
    "systolic_bp_mmhg": "8480-6",
    "diastolic_bp_mmhg": "8462-4",
}
UCUM_OF = {
    "years": "a", "days": "d", "days ago": "d", "min": "min", "h": "h", "s": "s", "ml": "mL", "kg": "kg",
    "mmHg": "mm[Hg]", "mmol/l": "mmol/L", "10^9/l": "10*9/L", "points": "{score}", "count": "{count}", None: "1",
}  # fmt: skip


def coded(system: str, code: str) -> Json:
    return {"coding": [{"system": system, "code": code}]}


def quantity(value: float, ucum: str) -> Json:
    return {"valueQuantity": {"value": value, "system": UCUM, "code": ucum, "unit": ucum}}


def observation(code: Json, **content: Any) -> Json:
    return {
        "resourceType": "Observation",
        "status": "final",
        "code": code,
        "subject": {"reference": "Patient/p1"},
        **content,
    }


def fact_code(fact: str) -> Json:
    return coded(LOINC, LOINC_OF[fact]) if fact in LOINC_OF else coded(f"{OWN}facts", fact)


def fact_value(fact: str, value: Any) -> Json:
    spec = FACTS[fact]
    match spec.kind:
        case Kind.BOOLEAN:
            return {"valueBoolean": value}
        case Kind.TIME:
            return {"valueDateTime": value}
        case Kind.CHOICE:
            return {"valueCodeableConcept": coded(f"{OWN}{fact.replace('_', '-')}", value)}
        case Kind.INTEGER if spec.unit in {None, "points", "count"}:
            return {"valueInteger": value}
        case _:
            return quantity(value, UCUM_OF[spec.unit])


def fact_observation(fact: str, value: Any) -> Json:
    return observation(fact_code(fact), **fact_value(fact, value))


def nihss(items: Json) -> Json:
    codes = {item: code for code, item in NIHSS_ITEMS.items()}
    components = []
    for item, grade in items.items():
        answer = coded(f"{OWN}nihss-untestable", "UN") if grade == "UN" else coded(LOINC, GRADES[item][grade])
        components.append({"code": coded(LOINC, codes[item]), "valueCodeableConcept": answer})
    return observation(coded(LOINC, "70182-1"), component=components)


def seen(status: str) -> Json:
    if status == "not_assessable":
        return {"dataAbsentReason": coded(f"{OWN}region-status", status)}
    return {"valueCodeableConcept": coded(SNOMED, {"affected": "52101004", "unaffected": "2667000"}[status])}


def aspects(findings: Json) -> Json:
    components = [
        {"code": coded(f"{OWN}regions", f"ASPECTS-{region}"), **seen(status)}
        for region, status in findings["regions"].items()
        if status is not None
    ]
    if findings.get("side"):
        code = {"left": "7771000", "right": "24028007"}[findings["side"]]
        components.append({"code": coded(f"{OWN}facts", "affected_side"), "valueCodeableConcept": coded(SNOMED, code)})
    for mark in ("old_infarct", "swelling_only"):
        components += [
            {
                "code": coded(f"{OWN}results", mark),
                "valueCodeableConcept": coded(f"{OWN}regions", f"ASPECTS-{region}"),
            }
            for region in findings.get(mark, [])
        ]
    return observation(coded(SNOMED, "1290002002"), component=components)


def posterior(findings: Json) -> Json:
    components = [
        {"code": coded(f"{OWN}regions", f"PCASPECTS-{region}"), **seen(status)}
        for region, status in findings["regions"].items()
        if status is not None
    ]
    return observation(coded(f"{OWN}results", "pc-aspects"), component=components)


def bundle(*resources: Json, timestamp: str | None = "2026-03-14T10:00:00Z", patient: Json = PATIENT) -> Json:
    made: Json = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": resource} for resource in (patient, *resources)],
    }
    return made | ({"timestamp": timestamp} if timestamp else {})


def case_bundle(request: Json) -> Json:
    """The request as a Bundle; what FHIR has no resource for (the site) as Parameters within it."""
    facts = {fact: value for fact, value in request["facts"].items() if value is not None}
    resources = []
    if {"systolic_bp_mmhg", "diastolic_bp_mmhg"} <= facts.keys():
        pressures = [
            {"code": fact_code(fact), **fact_value(fact, facts.pop(fact))}
            for fact in ("systolic_bp_mmhg", "diastolic_bp_mmhg")
        ]
        resources.append(observation(coded(LOINC, "85354-9"), component=pressures))
    if (items := facts.pop("nihss_items", None)) is not None and items:
        resources.append(nihss(items))
    resources += [fact_observation(fact, value) for fact, value in facts.items()]
    if request.get("findings"):
        resources.append(aspects(request["findings"]))
    if request.get("posterior_findings"):
        resources.append(posterior(request["posterior_findings"]))
    rest = {name: request[name] for name in ("case_id", "site_id", "site") if request.get(name) is not None}
    if rest:
        resources.append(parameters(rest))
    return bundle(*resources, timestamp=request["evaluated_at"])


def parameters(request: Json) -> Json:
    """The request as Parameters, name by name."""
    return {"resourceType": "Parameters", "parameter": _parts(request)}


def _parts(content: Json) -> list[Json]:
    made = []
    for name, value in content.items():
        if value is None:
            continue
        if isinstance(value, dict):
            made.append({"name": name, **({"part": _parts(value)} if value else {})})
        elif isinstance(value, list):
            made += [{"name": name, **_simple(name, entry)} for entry in value]
        else:
            made.append({"name": name, **_simple(name, value)})
    return made


def _simple(name: str, value: Any) -> Json:
    if isinstance(value, bool):
        return {"valueBoolean": value}
    if isinstance(value, int):
        return {"valueInteger": value}
    if isinstance(value, float):
        return {"valueDecimal": value}
    return {"valueDateTime" if name.endswith("_at") else "valueString": value}

"""What a call says of the patient: prefetched or fetched, put together as one Bundle, and whether it is a stroke."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from app.interop.cds_hooks.discovery import NEEDED, PREFETCH
from app.interop.cds_hooks.ehr_file import Ehr
from app.interop.cds_hooks.requests import HookCall
from app.interop.fhir.bundles import Resource
from app.interop.fhir.fact_codes import ASPECTS_SCORE, INTRACRANIAL_HAEMORRHAGE, NIHSS_PANELS, SNOMED_FACTS
from app.interop.fhir.freshness import Freshness, made_at
from app.interop.fhir.nihss_codes import NIHSS_ITEMS
from app.interop.fhir.nodes import Node, Notes
from app.interop.fhir.systems import FACTS_SYSTEM, ICD_10, LOINC, RESULTS_SYSTEM, SNOMED, Json
from app.problems import Problem

_SIGNS = {
    LOINC: frozenset({"72089-6", *NIHSS_PANELS, *NIHSS_ITEMS}),
    SNOMED: frozenset({ASPECTS_SCORE, *SNOMED_FACTS}),
    RESULTS_SYSTEM: frozenset({"pc-aspects"}),
    FACTS_SYSTEM: frozenset({
        "nihss_total", "last_known_well_at", "onset_witnessed_at", "recognised_at", "woke_at", "occlusion_site",
        "minutes_since_last_known_well", "minutes_since_recognition", "aspects_total", "haemorrhage_on_imaging",
    }),
}  # fmt: skip
"""Observations that are made of nobody but a patient in whom a stroke is suspected."""
_STROKES = frozenset({"230690007", "422504002", INTRACRANIAL_HAEMORRHAGE})
_STROKE_CLASSES = ("I60", "I61", "I63", "I64")


async def gather(call: HookCall, ehr: Ehr | None) -> tuple[dict[str, Any], list[str]]:
    """The answers to the prefetch queries, and the keys that are absent.

    Raises
    ------
    Problem
        412: data that are needed were not sent and cannot be fetched; 422: the record of another patient.
    """
    sent = call.prefetch or {}
    there = {key: sent[key] for key in PREFETCH if key in sent and not _is_failure(sent[key])}
    absent = set(PREFETCH) - set(there)
    if absent & NEEDED:
        if ehr is None:
            raise Problem(412, f"These prefetch keys are needed: {', '.join(sorted(NEEDED))}.")
        from app.interop.cds_hooks.fetching import fetch  # noqa: PLC0415 -- only a service that knows EHRs needs it

        there |= await fetch(call, ehr, absent)
        absent = {key for key in PREFETCH if key not in there}
    patient = there.get("patient")
    if not isinstance(patient, dict) or patient.get("resourceType") != "Patient":
        raise Problem(412, "The prefetch key patient holds no Patient.")
    if patient.get("id") != call.context.patient_id:
        raise Problem(422, "The Patient that was sent is not the one whose record is open.")
    return there, sorted(absent)


def _is_failure(value: Any) -> bool:
    return isinstance(value, dict) and value.get("resourceType") == "OperationOutcome"


def as_bundle(answers: Mapping[str, Any]) -> Json:
    """All answers as one Bundle, each under its prefetch key; a query without results adds nothing."""
    entries = [{"resource": answers[key]} for key in PREFETCH if isinstance(answers.get(key), dict)]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def is_stroke(resources: list[Resource], evaluated_at: datetime, hours: float) -> bool:
    """Whether anything of this hour says that a stroke is suspected. Raises the 422 `Problem` of FHIR faults."""
    freshness = Freshness(evaluated_at, hours)
    return any(_is_sign(resource, freshness) for resource in resources)


def _is_sign(resource: Resource, freshness: Freshness) -> bool:
    node, unread = resource.node, Notes()
    if resource.kind == "Observation":
        if node.text("status") in {"entered-in-error", "cancelled"}:
            return False
        coded = any(code in _SIGNS.get(system, ()) for part in _parts(node) for system, code in part.codings("code"))
        return coded and not freshness.is_stale(node, made_at(node), unread)
    if resource.kind == "Condition" and any(_is_stroke_code(*coded) for coded in node.codings("code")):
        began = node.moment("onsetDateTime") or node.moment("recordedDate")
        return began is not None and not freshness.is_stale(node, began, unread)
    return False


def _parts(node: Node) -> Iterator[Node]:
    yield node
    yield from node.nodes("component")


def _is_stroke_code(system: str, code: str) -> bool:
    return (system == SNOMED and code in _STROKES) or (system in ICD_10 and code.startswith(_STROKE_CLASSES))

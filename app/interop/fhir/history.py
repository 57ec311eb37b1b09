"""Diagnoses, medicines, procedures, encounters and imaging studies, as far as they mean a fact without guessing.

What is absent from an EHR's lists is never taken as absent from the patient.
"""

from collections.abc import Callable, Iterator, Mapping

from app.interop.fhir.bundles import Resource
from app.interop.fhir.fact_codes import (
    ATC_ANTICOAGULANT_CLASSES,
    ATC_ANTICOAGULANTS,
    CT_HEAD,
    HEAD_OR_BRAIN,
    ICD_10_FACTS,
    INTRACRANIAL_HAEMORRHAGE,
    RXNORM_ANTICOAGULANTS,
    SENT_AS_OBSERVATIONS,
    THROMBOLYSIS_PROCEDURES,
)
from app.interop.fhir.freshness import Freshness
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.statements import Statement
from app.interop.fhir.systems import ATC, FACTS_SYSTEM, ICD_10, LOINC, RXNORM, SNOMED, STUDIES_SYSTEM
from scoring.facts import FACTS, Kind

_CLINICAL_STATUS = "http://terminology.hl7.org/CodeSystem/condition-clinical"
_VERIFICATION = "http://terminology.hl7.org/CodeSystem/condition-ver-status"
_PRESENT = frozenset({"active", "recurrence", "relapse"})
_PAST = frozenset({"inactive", "remission", "resolved"})
_ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"


def read_condition(resource: Resource, _freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    """A diagnosis that is confirmed and means a fact."""
    node = resource.node
    status = {code for system, code in node.codings("clinicalStatus") if system == _CLINICAL_STATUS}
    verified = {code for system, code in node.codings("verificationStatus") if system == _VERIFICATION}
    if verified & {"entered-in-error", "refuted"}:
        notes.tell(node.place, "Its status says that this diagnosis does not hold; it was not used.")
        return
    codes = list(node.codings("code"))
    if verified and not verified & {"confirmed"}:
        notes.tell(node.place, "The diagnosis is not confirmed; it was not used.")
        return
    facts = {
        code
        for system, code in codes
        if system == FACTS_SYSTEM and code in SENT_AS_OBSERVATIONS and FACTS[code].kind is Kind.BOOLEAN
    }
    facts |= {ICD_10_FACTS[code] for system, code in codes if system in ICD_10 and code in ICD_10_FACTS}
    if facts and not status & _PAST:
        yield from (Statement(fact, value=True, place=node.place) for fact in sorted(facts))
    elif (SNOMED, INTRACRANIAL_HAEMORRHAGE) in codes and status & _PAST:
        yield Statement("prior_intracranial_haemorrhage", value=True, place=node.place)
    else:
        notes.tell(node.place, "This diagnosis means no fact of this service without guessing; it was not used.")


def read_medication(resource: Resource, _freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    """An anticoagulant that the patient takes now."""
    node = resource.node
    status = node.text("status")
    if status != "active":
        notes.tell(node.place, "The statement does not say that this is being taken; it was not used.")
        return
    codes = list(node.codings("medicationCodeableConcept"))
    found = {ATC_ANTICOAGULANTS[code] for system, code in codes if system == ATC and code in ATC_ANTICOAGULANTS}
    found |= {
        RXNORM_ANTICOAGULANTS[code] for system, code in codes if system == RXNORM and code in RXNORM_ANTICOAGULANTS
    }
    if len(found) == 1:
        yield Statement("anticoagulant", found.pop(), node.place)
    elif found:
        raise fault(node.place, "The codes mean two different anticoagulants.", "conflict")
    elif any(system == ATC and code.startswith(ATC_ANTICOAGULANT_CLASSES) for system, code in codes):
        notes.warn(node.place, "An antithrombotic for which the facts have no word; state the fact anticoagulant.")
    else:
        notes.tell(node.place, "Not one of the anticoagulants that are known here; it was not used.")


def read_procedure(resource: Resource, freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    """Intravenous thrombolysis in this hour's course."""
    node = resource.node
    if not node.has_code("code", SNOMED, THROMBOLYSIS_PROCEDURES):
        notes.tell(node.place, "No fact of this service is this procedure; it was not used.")
        return
    if node.text("status") not in {"completed", "in-progress"}:
        notes.tell(node.place, "The procedure was not done; it was not used.")
        return
    period = node.node("performedPeriod")
    at = node.moment("performedDateTime") or (period.moment("start") if period else None)
    if at is None:
        notes.warn(node.place, "Thrombolysis without the time at which it was given was not used.")
    elif not freshness.is_stale(node, at, notes) and not freshness.is_ahead(node, at, notes):
        yield Statement("thrombolysis_given", value=True, place=node.place)


def read_encounter(resource: Resource, freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    """Arrival, as the start of an emergency encounter that is going on."""
    node = resource.node
    encounter_class = node.node("class")
    is_emergency = (
        encounter_class is not None
        and encounter_class.text("system") == _ACT
        and encounter_class.text("code") == "EMER"
    )
    period = node.node("period")
    start = period.moment("start") if period else None
    if not is_emergency or node.text("status") not in {"arrived", "triaged", "in-progress"} or start is None:
        notes.tell(node.place, "Not an emergency encounter that is going on, with its start; it was not used.")
    elif not freshness.is_stale(node, start, notes) and not freshness.is_ahead(node, start, notes):
        yield Statement("arrived_at", start.isoformat(), node.place)


def read_imaging(resource: Resource, freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    """The time of a head scan."""
    node = resource.node
    if node.text("status") not in {"available", "registered", None}:
        notes.tell(node.place, "The study does not hold or is not known to; it was not used.")
        return
    shows_head = any(part.has_code("", LOINC, CT_HEAD) for part in _wrapped(node.nodes("procedureCode"))) or any(
        _is_head(series) for series in node.nodes("series")
    )
    started = node.moment("started")
    if not shows_head or started is None:
        notes.tell(node.place, "Not a study that says that it shows the head, with its start; its time was not used.")
    elif not freshness.is_stale(node, started, notes) and not freshness.is_ahead(node, started, notes):
        yield Statement("imaged_at", started.isoformat(), node.place)


def study_uids(resource: Resource) -> Iterator[str]:
    """The DICOM UID of an imaging study that is not known to be wrong."""
    if resource.node.text("status") in {"entered-in-error", "cancelled"}:
        return
    for identifier in resource.node.nodes("identifier"):
        value = identifier.text("value")
        if identifier.text("system") == STUDIES_SYSTEM and value is not None:
            yield value.removeprefix("urn:oid:")


def _wrapped(concepts: list[Node]) -> Iterator[Node]:
    for concept in concepts:
        yield Node({"": concept.content}, concept.place)


def _is_head(series: Node) -> bool:
    site = series.node("bodySite")
    return site is not None and site.text("system") == SNOMED and site.text("code") in HEAD_OR_BRAIN


Reader = Callable[[Resource, Freshness, Notes], Iterator[Statement]]
READERS: Mapping[str, Reader] = {
    "Condition": read_condition,
    "MedicationStatement": read_medication,
    "Procedure": read_procedure,
    "Encounter": read_encounter,
    "ImagingStudy": read_imaging,
}
"""By type of resource, what reads it."""

"""The code systems that FHIR resources name: the public ones, and our own for what no public one has a code for."""

from typing import Any

LOINC = "http://loinc.org"
SNOMED = "http://snomed.info/sct"
UCUM = "http://unitsofmeasure.org"
ATC = "http://www.whocc.no/atc"
RXNORM = "http://www.nlm.nih.gov/research/umls/rxnorm"
ICD_10 = ("http://hl7.org/fhir/sid/icd-10", "http://hl7.org/fhir/sid/icd-10-cm")
DATA_ABSENT = "http://terminology.hl7.org/CodeSystem/data-absent-reason"
IDENTIFIER_TYPES = "http://terminology.hl7.org/CodeSystem/v2-0203"
PARTICIPANTS = "http://terminology.hl7.org/CodeSystem/provenance-participant-type"
OBSERVATION_CATEGORY = "http://terminology.hl7.org/CodeSystem/observation-category"

OWN = "urn:aspects-triage:"
"""Our canonical addresses are names, not places: every server publishes the same ones below ``/fhir``."""

FACTS_SYSTEM = f"{OWN}codesystem:facts"
REGIONS_SYSTEM = f"{OWN}codesystem:regions"
STATUS_SYSTEM = f"{OWN}codesystem:region-status"
RESULTS_SYSTEM = f"{OWN}codesystem:results"
OUTCOMES_SYSTEM = f"{OWN}codesystem:outcomes"
STANCES_SYSTEM = f"{OWN}codesystem:stances"
ACTIONS_SYSTEM = f"{OWN}codesystem:actions"
RULESETS_SYSTEM = f"{OWN}codesystem:rulesets"
OVERRIDE_SYSTEM = f"{OWN}codesystem:override-reasons"
CASES_SYSTEM = f"{OWN}case"
"""Names of kept cases."""
STUDIES_SYSTEM = "urn:dicom:uid"
"""DICOM UIDs, written ``urn:oid:1.2.3``."""
NIHSS_SYSTEM = f"{OWN}codesystem:nihss-untestable"

RESTATED = "restated"
"""Tag of what an answer repeats of its request: an EHR that stores our answers sends it back with its sources."""

Json = dict[str, Any]


def choice_system(fact: str) -> str:
    """The code system of the values of a fact that takes one of several words."""
    return f"{OWN}codesystem:{fact.replace('_', '-')}"


def coding(system: str, code: str, display: str | None = None) -> Json:
    """One FHIR Coding."""
    return {"system": system, "code": code} | ({"display": display} if display else {})


def concept(*codings: Json, text: str | None = None) -> Json:
    """One FHIR CodeableConcept."""
    return ({"coding": list(codings)} if codings else {}) | ({"text": text} if text else {})

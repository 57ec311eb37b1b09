"""The two services, and the queries whose answers an EHR is asked to send along."""

from dataclasses import dataclass

from app.interop.fhir.fact_codes import ASPECTS_SCORE, BP_PANELS, INTRACRANIAL_HAEMORRHAGE, LOINC_FACTS, NIHSS_PANELS
from app.interop.fhir.nihss_codes import NIHSS_ITEMS
from app.interop.fhir.systems import FACTS_SYSTEM, LOINC, RESULTS_SYSTEM, SNOMED, Json

_PATIENT = "{{context.patientId}}"
_SCORES = [
    *(f"{LOINC}|{code}" for code, fact in LOINC_FACTS.items() if fact == "nihss_total"),
    *(f"{LOINC}|{code}" for code in sorted(NIHSS_PANELS)),
    *(f"{LOINC}|{code}" for code in NIHSS_ITEMS),
    f"{SNOMED}|450743008",
    f"{SNOMED}|{ASPECTS_SCORE}",
    f"{SNOMED}|{INTRACRANIAL_HAEMORRHAGE}",
    f"{RESULTS_SYSTEM}|pc-aspects",
]
_MEASURED = [
    *(f"{LOINC}|{code}" for code in sorted(BP_PANELS)),
    *(f"{LOINC}|{code}" for code, fact in LOINC_FACTS.items() if fact != "nihss_total"),
]


def _observations(codes: list[str]) -> str:
    return f"Observation?patient={_PATIENT}&code={','.join(codes)}&_sort=-date&_count=100"


PREFETCH = {
    "patient": f"Patient/{_PATIENT}",
    "scores": _observations(_SCORES),
    "facts": _observations([f"{FACTS_SYSTEM}|"]),
    "measured": _observations(_MEASURED),
    "conditions": f"Condition?patient={_PATIENT}&_count=100",
    "medications": f"MedicationStatement?patient={_PATIENT}&status=active&_count=100",
    "encounters": f"Encounter?patient={_PATIENT}&_sort=-date&_count=10",
    "imaging": f"ImagingStudy?patient={_PATIENT}&_sort=-started&_count=20",
    "procedures": f"Procedure?patient={_PATIENT}&code={SNOMED}|472191000119101&_count=10",
}
"""By key, the query. Patient, scores and facts are needed; without the others their facts stay unknown."""

NEEDED = frozenset({"patient", "scores", "facts"})


@dataclass(frozen=True, slots=True)
class CdsService:
    """One service as discovery tells of it."""

    id: str
    hook: str
    title: str
    description: str

    def described(self) -> Json:
        """The entry of the discovery answer."""
        return {
            "hook": self.hook,
            "title": self.title,
            "description": self.description,
            "id": self.id,
            "prefetch": PREFETCH,
            "usageRequirements": "Observations under the codes of the FHIR page of this service's documentation.",
        }


SERVICES = {
    service.id: service
    for service in (
        CdsService(
            "aspects-patient-view",
            "patient-view",
            "Acute stroke: thrombectomy and transfer",
            "Says by published guidelines and trials whether thrombectomy is suitable and where to transfer, or which "
            "facts are missing. Silent for patients without signs of an acute stroke in the record.",
        ),
        CdsService(
            "aspects-order-sign",
            "order-sign",
            "Acute stroke: imaging, thrombolysis and transfer orders",
            "Looks at orders of head imaging, thrombolysis, thrombectomy and transfer for a patient with an acute "
            "stroke. Silent for all other orders.",
        ),
    )
}

"""Cases that the API's documentation shows; their answers are computed when it is built, so none can be stale."""

from typing import Any

from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.triage import triage

_EARLY = {
    "case_id": "example-1",
    "evaluated_at": "2026-03-01T10:00:00+00:00",
    "facts": {
        "age_years": 71,
        "prestroke_mrs": 0,
        "last_known_well_at": "2026-03-01T07:00:00+00:00",
        "nihss_total": 16,
        "disabling_deficit": True,
        "occlusion_site": "mca_m1",
        "affected_side": "left",
        "haemorrhage_on_imaging": False,
        "mass_effect": False,
        "systolic_bp_mmhg": 158,
        "diastolic_bp_mmhg": 84,
    },
    "findings": {
        "side": "left",
        "regions": {
            "C": "unaffected",
            "L": "affected",
            "IC": "unaffected",
            "I": "affected",
            "M1": "unaffected",
            "M2": "affected",
            "M3": "unaffected",
            "M4": "not_assessable",
            "M5": "unaffected",
            "M6": "unaffected",
        },
    },
    "site": {"capability": "primary", "minutes_to_thrombectomy_centre": 70, "door_to_groin_minutes": 60},
}

_LATE_LARGE_CORE = {
    "case_id": "example-2",
    "evaluated_at": "2026-03-01T10:00:00+00:00",
    "facts": {
        "age_years": 66,
        "prestroke_mrs": 1,
        "minutes_since_last_known_well": 600,
        "nihss_total": 19,
        "occlusion_site": "ica_intracranial",
        "haemorrhage_on_imaging": False,
        "aspects_total": 4,
    },
}

_BASILAR = {
    "case_id": "example-3",
    "evaluated_at": "2026-03-01T10:00:00+00:00",
    "facts": {
        "age_years": 58,
        "prestroke_mrs": 0,
        "minutes_since_last_known_well": 480,
        "nihss_total": 22,
        "occlusion_site": "basilar",
        "haemorrhage_on_imaging": False,
    },
    "posterior_findings": {
        "regions": {
            "thalamus_left": "unaffected",
            "thalamus_right": "unaffected",
            "occipital_left": "unaffected",
            "occipital_right": "affected",
            "cerebellum_left": "unaffected",
            "cerebellum_right": "unaffected",
            "midbrain": "unaffected",
            "pons": "unaffected",
        }
    },
}

TRIAGE_EXAMPLES: dict[str, dict[str, Any]] = {
    "early window, ten regions read": _EARLY,
    "late window, large core, facts missing": _LATE_LARGE_CORE,
    "basilar artery": _BASILAR,
}


def request_examples() -> dict[str, Any]:
    """The cases, as OpenAPI lists examples."""
    return {name: {"value": case} for name, case in TRIAGE_EXAMPLES.items()}


def answer_examples() -> dict[str, Any]:
    """What the service answers to them."""
    return {
        name: {"value": triage(case_of(TriageRequest.model_validate(case)))} for name, case in TRIAGE_EXAMPLES.items()
    }

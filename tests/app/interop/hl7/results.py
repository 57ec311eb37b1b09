"""Results as the outbox hands them to senders."""

from typing import Any

from app.outbox.delivery import Parcel

REGIONS = ("C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6")


def result(**changes: Any) -> dict[str, Any]:
    return {
        "result_status": "preliminary",
        "report_id": "case-1",
        "identity": {"patient_id": "4711", "issuer": "HOSPITAL", "accession_number": "A-77", "study_uid": "1.2"},
        "observed_at": "2026-03-01T12:30:00+01:00",
        "status": "scored",
        "side": "left",
        "total": 8,
        "total_low": 8,
        "total_high": 9,
        "regions": {"left": {name: "affected" if name in {"I", "M2"} else "unaffected" for name in REGIONS}},
        "refusal": None,
        "verdict": {
            "code": "recommended",
            "text": "Thrombectomy is recommended.",
            "clauses": [{"title": "AHA/ASA 2026", "outcome_text": "class 1: recommended", "clause": "4.7.2-1"}],
        },
        "notes": ["Decision support."],
        **changes,
    }


def parcel(**changes: Any) -> Parcel:
    return Parcel(
        "ABCDEFGHIJKLMNOPQRST", "hl7", "ris", "result.preliminary", "case/case-1", result(**changes), (), 1,
        "2026-03-01T11:31:00.000000Z",
    )  # fmt: skip

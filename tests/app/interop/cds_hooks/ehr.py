"""An EHR as it calls: its patient's chart by prefetch key, and its signed tokens."""

import time
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.app.interop.fhir.case_bundles import (
    LOINC,
    SNOMED,
    Json,
    coded,
    fact_observation,
    observation,
)

ISSUER = "https://ehr.example.org"
BASE = "https://triage.example.org"
EC_384 = ECKey.generate_key("P-384", {"kid": "ec384"})
EC_256 = ECKey.generate_key("P-256", {"kid": "ec256"})
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
OTHER = ECKey.generate_key("P-384", {"kid": "ec384"})
SHARED = OctKey.generate_key(256, {"kid": "oct"})
KEYS = [EC_384.as_dict(private=False), EC_256.as_dict(private=False), RSA.as_dict(private=False)]


def minutes_ago(minutes: float) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="seconds")


def recently(resource: Json) -> Json:
    return resource | {"effectiveDateTime": minutes_ago(20)}


def searchset(*resources: Json) -> Json:
    entries = [{"resource": resource, "search": {"mode": "match"}} for resource in resources]
    return {"resourceType": "Bundle", "type": "searchset", "total": len(entries)} | (
        {"entry": entries} if entries else {}
    )


def chart(**facts: Any) -> Json:
    """The prefetch of a patient with an acute stroke; a fact of ``None`` is left out."""
    stated = {
        "last_known_well_at": minutes_ago(180),
        "prestroke_mrs": 0,
        "haemorrhage_on_imaging": False,
        "occlusion_site": "mca_m1",
        "mass_effect": False,
        "disabling_deficit": True,
    } | facts
    empty = searchset()
    return {
        "patient": {"resourceType": "Patient", "id": "p1", "birthDate": "1955-03-02"},
        "scores": searchset(
            recently(observation(coded(LOINC, "72089-6"), valueInteger=16)),
            recently(observation(coded(SNOMED, "1290002002"), valueInteger=8)),
        ),
        "facts": searchset(
            *(recently(fact_observation(fact, value)) for fact, value in stated.items() if value is not None)
        ),
        "measured": empty,
        "conditions": empty,
        "medications": empty,
        "encounters": empty,
        "imaging": empty,
        "procedures": empty,
    }


def quiet_chart() -> Json:
    empty = searchset()
    return dict.fromkeys(chart(), empty) | {"patient": chart()["patient"]}


def call(prefetch: Json | None = None, **content: Any) -> Json:
    made: Json = {
        "hook": "patient-view",
        "hookInstance": str(uuid.uuid4()),
        "context": {"userId": "Practitioner/1", "patientId": "p1"},
    }
    return made | ({"prefetch": prefetch} if prefetch is not None else {}) | content


def signing(orders: list[Json], prefetch: Json) -> Json:
    context = {
        "userId": "Practitioner/1",
        "patientId": "p1",
        "draftOrders": {
            "resourceType": "Bundle",
            "type": "collection",
            "entry": [{"resource": order} for order in orders],
        },
    }
    return call(prefetch, hook="order-sign", context=context)


def medication(system: str, code: str) -> Json:
    return {"resourceType": "MedicationRequest", "status": "draft", "medicationCodeableConcept": coded(system, code)}


def service(system: str, code: str) -> Json:
    return {"resourceType": "ServiceRequest", "status": "draft", "code": coded(system, code)}


def token(path: str, key: Any = EC_384, algorithm: str = "ES384", header: Json | None = None, **claims: Any) -> str:
    """A token as the specification asks for; a claim of ``None`` is left out."""
    now = int(time.time())
    content = {
        "iss": ISSUER,
        "aud": f"{BASE}{path}",
        "exp": now + 300,
        "iat": now,
        "jti": str(uuid.uuid4()),
    } | claims
    head = {"alg": algorithm, "kid": key.kid, "typ": "JWT"} | (header or {})
    allowed = ["ES384", "ES256", "RS384", "RS256", "HS256", "PS256"]
    return jwt.encode(
        {name: value for name, value in head.items() if value is not None},
        {name: value for name, value in content.items() if value is not None},
        key,
        algorithms=allowed,
    )

"""What this FHIR endpoint can do, as the statement and the definition that FHIR clients ask for."""

from app.interop.fhir.kept_kinds import KEPT_KINDS, REPORTS, RESULTS, SEARCH_PARAMETERS
from app.interop.fhir.systems import OWN, Json
from app.version import __version__

FHIR_VERSION = "4.0.1"
_FORMATS = ["json"]
_PUBLISHED_ON = "2026-11-24"
OPERATION = f"{OWN}operation:triage"


def capability_statement(*, keeps: bool = False) -> Json:
    """The CapabilityStatement of ``GET /fhir/metadata``; ``keeps``: of a service with a record."""
    readable = [
        {"type": kind, "interaction": [{"code": "read"}, {"code": "search-type"}], "searchParam": [_URL_PARAMETER]}
        for kind in ("CodeSystem", "ValueSet", "OperationDefinition")
    ]
    readable += _KEPT if keeps else []
    return {
        "resourceType": "CapabilityStatement",
        "id": "aspects-triage",
        "url": f"{OWN}capability",
        "version": __version__,
        "name": "AspectsTriage",
        "title": "ASPECTS triage",
        "status": "active",
        "date": _PUBLISHED_ON,
        "publisher": "The ASPECTS triage contributors",
        "description": "Thrombectomy and transfer by published rules. Decision support; not a cleared device.",
        "kind": "instance",
        "software": {"name": "ASPECTS triage", "version": __version__},
        "implementation": {"description": "ASPECTS triage"},
        "fhirVersion": FHIR_VERSION,
        "format": _FORMATS,
        "rest": [
            {
                "mode": "server",
                "documentation": "Nothing that $triage takes is kept as a FHIR resource.",
                "resource": readable,
                "operation": [{"name": "triage", "definition": OPERATION}],
            }
        ],
    }


_KEPT: list[Json] = [
    {
        "type": REPORTS,
        "interaction": [{"code": "read"}, {"code": "search-type"}],
        "searchInclude": [RESULTS],
        "searchParam": [{"name": name, "type": kind} for name, kind in SEARCH_PARAMETERS.items()],
    },
    *({"type": kind, "interaction": [{"code": "read"}]} for kind in KEPT_KINDS if kind != REPORTS),
]
"""What a service with a record holds of each case."""
_URL_PARAMETER: Json = {"name": "url", "type": "uri"}


def operation_definition() -> Json:
    """The OperationDefinition of ``POST /fhir/$triage``."""
    return {
        "resourceType": "OperationDefinition",
        "id": "triage",
        "url": OPERATION,
        "version": __version__,
        "name": "Triage",
        "title": "Judge one stroke patient by published rules",
        "status": "active",
        "kind": "operation",
        "experimental": False,
        "date": _PUBLISHED_ON,
        "publisher": "The ASPECTS triage contributors",
        "description": "Post a Bundle of the type collection, or Parameters. Absent is not known, never no or zero.",
        "affectsState": False,
        "code": "triage",
        "system": True,
        "type": False,
        "instance": False,
        "parameter": [
            _part("bundle", "in", "0", "Bundle", "Patient, Observations, Conditions and so on of one patient."),
            _part("evaluated_at", "in", "0", "dateTime", "The moment of decision; absent: Bundle.timestamp, else now."),
            _part("case_id", "in", "0", "string", "The caller's own pseudonym."),
            _part("site_id", "in", "0", "string", "A hospital of the network file."),
            *(
                {
                    **_part(name, "in", "0", None, told),
                    "part": [_part("name-of-the-part", "in", "0", "Element", "Any.")],
                }
                for name, told in _OBJECTS
            ),
            _part("return", "out", "1", "Bundle", "The answer."),
        ],
    }


_OBJECTS = (
    ("facts", "Parts named as the facts of POST /v1/triage."),
    ("findings", "Parts side, regions, old_infarct, swelling_only, as in POST /v1/triage."),
    ("posterior_findings", "A part regions, as in POST /v1/triage."),
    ("site", "Parts named as the fields of a site in POST /v1/triage."),
)


def _part(name: str, use: str, least: str, kind: str | None, told: str) -> Json:
    part: Json = {"name": name, "use": use, "min": int(least), "max": "1", "documentation": told}
    return part | ({"type": kind} if kind else {})

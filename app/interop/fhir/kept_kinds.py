"""What can be read and searched of kept cases over FHIR, as routes and CapabilityStatement tell it."""

REPORTS = "DiagnosticReport"
RESULTS = f"{REPORTS}:result"
"""What a search may include."""
KEPT_KINDS = (
    REPORTS, "Bundle", "Observation", "RiskAssessment", "GuidanceResponse", "ServiceRequest", "Provenance", "Device",
)  # fmt: skip
"""Types of which a kept case has resources."""
SEARCH_PARAMETERS = {
    "_id": "token", "identifier": "token", "patient.identifier": "token", "status": "token", "_lastUpdated": "date",
}  # fmt: skip
"""Names and types."""

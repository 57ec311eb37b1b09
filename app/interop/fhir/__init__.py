"""FHIR R4: a Bundle of what an EHR knows in, a Bundle of observations, guidance and a proposal out."""

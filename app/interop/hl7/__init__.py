"""Results as HL7 v2 messages (ORU^R01) over MLLP."""

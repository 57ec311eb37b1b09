"""CDS Hooks 2.0: cards in the EHR's own window when a patient is opened and when orders are signed."""

"""DICOMweb: studies sent to this service over HTTP (STOW-RS) and fetched by it (WADO-RS)."""

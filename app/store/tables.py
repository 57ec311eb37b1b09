"""All tables together: importing this fills `metadata`. Whoever adds a file of tables names it here."""

from app.store import tables_access, tables_audit, tables_cases, tables_dicom_in, tables_objects, tables_queue
from app.store.metadata import metadata

__all__ = [
    "metadata",
    "tables_access",
    "tables_audit",
    "tables_cases",
    "tables_dicom_in",
    "tables_objects",
    "tables_queue",
]

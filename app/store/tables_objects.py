"""Table of the scans and documents in the object store: what is there, until when, and what was deleted and why."""

from sqlalchemy import Column, String, Table, Text

from app.store.metadata import metadata
from app.store.tables_audit import Count

stored_objects = Table(
    "stored_objects",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("size_bytes", Count, nullable=False),
    Column("kind", String(32), nullable=False),
    Column("stored_at", String(32), nullable=False),
    Column("keep_until", String(32)),
    Column("deleted_at", String(32)),
    Column("deleted_because", Text),
)
"""A deleted object keeps its row. ``keep_until``: ``NULL`` keeps it until somebody deletes it."""

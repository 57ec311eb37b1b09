"""Tables of received DICOM: the objects, and the studies that they make up."""

from sqlalchemy import Column, Index, String, Table, Text

from app.store.metadata import metadata
from app.store.tables_audit import Count

dicom_studies = Table(
    "dicom_studies",
    metadata,
    Column("study_uid", String(64), primary_key=True),
    Column("first_at", String(32), nullable=False),
    Column("last_at", String(32), nullable=False),
    Column("asked_at", String(32)),
    Column("state", String(16), nullable=False),
    Column("content_key", String(64)),
    Column("job_id", String(64)),
    Column("choice", Text),
    Column("processed_at", String(32)),
    Column("purged_at", String(32)),
    Index("ix_dicom_studies_last_at", "last_at"),
)
"""One row a study. ``content_key``: hash over the objects that were chosen last; ``choice``: JSON, each series with the
reason why it was taken or left."""

dicom_objects = Table(
    "dicom_objects",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("study_uid", String(64)),
    Column("series_uid", String(64)),
    Column("sop_uid", String(64)),
    Column("sop_class", String(64)),
    Column("size_bytes", Count, nullable=False),
    Column("source", Text, nullable=False),
    Column("via", String(16), nullable=False),
    Column("delivery", String(32), nullable=False),
    Column("arrived_at", String(32), nullable=False),
    Column("aside", String(32)),
    Column("file", String(80)),
    Index("ix_dicom_objects_study_uid", "study_uid"),
)
"""One row for each content that came, however often. ``sha256``: over the data set and its transfer syntax. ``aside``:
why it is not used. ``file``: where its bytes lie below the folder of received objects; ``NULL``: not kept."""

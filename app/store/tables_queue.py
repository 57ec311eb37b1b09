"""Tables of the scans that wait to be read, of the workers that read them, and of what is to be delivered."""

from sqlalchemy import Boolean, Column, Index, Integer, LargeBinary, String, Table, Text, UniqueConstraint

from app.store.metadata import metadata
from app.store.tables_audit import Count

scan_jobs = Table(
    "scan_jobs",
    metadata,
    Column("job_id", String(64), primary_key=True),
    Column("content_key", String(64), nullable=False),
    Column("generation", Integer, nullable=False),
    Column("number", Count, nullable=False, unique=True),
    Column("origin", String(16), nullable=False),
    Column("scan", Text, nullable=False),
    Column("request", LargeBinary),
    Column("identity", Text),
    Column("overlay", Boolean, nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(64)),
    Column("submitted_at", String(32), nullable=False),
    Column("started_at", String(32)),
    Column("finished_at", String(32)),
    Column("answer_status", Integer),
    Column("answer", LargeBinary),
    Column("case_id", String(128), index=True),
    Column("drawing", String(64)),
    UniqueConstraint("content_key", "generation"),
    Index("ix_scan_jobs_state_number", "state", "number"),
)
"""An accepted scan, from its acceptance on; ``number`` is that of its audit event and says who is next.

``request`` and ``answer`` are JSON text packed by zlib. ``attempts`` counts the readings that were begun.
``case_id`` is the case to which the reading was recorded, if there is one. ``drawing`` names what the process that read
the scan drew of it, in the object store.
"""

queue_workers = Table(
    "queue_workers",
    metadata,
    Column("worker", String(64), primary_key=True),
    Column("started_at", String(32), nullable=False),
    Column("seen_at", String(32), nullable=False),
    Column("stopped_at", String(32)),
)
"""Who reads, and when it was last known to be alive; ``stopped_at`` is set by one that stopped in order."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("delivery_id", String(20), primary_key=True),
    Column("number", Count, nullable=False, unique=True),
    Column("kind", String(32), nullable=False),
    Column("target", String(128), nullable=False),
    Column("event", String(64), nullable=False),
    Column("subject", Text, nullable=False),
    Column("idempotency_key", String(200), nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("payload_ref", Text, nullable=False),
    Column("state", String(16), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("created_at", String(32), nullable=False),
    Column("next_at", String(32), nullable=False),
    Column("ended_at", String(32)),
    Column("reason", Text),
    UniqueConstraint("target", "idempotency_key"),
    Index("ix_deliveries_state_target_number", "state", "target", "number"),
)
"""What has to reach other systems, in the order (``number``) in which each target gets it."""

sent_reports = Table(
    "sent_reports",
    metadata,
    Column("delivery_id", String(20), primary_key=True),
    Column("target", String(128), nullable=False),
    Column("subject", Text, nullable=False),
    Column("sop_class", String(64), nullable=False),
    Column("sop_uid", String(64), nullable=False),
    Column("series_uid", String(64), nullable=False),
    Column("study_uid", String(64), nullable=False),
    Column("sent_at", String(32), nullable=False),
    Index("ix_sent_reports_target_subject", "target", "subject"),
)
"""The structured reports that archives have acknowledged: a later one of the same result names the one before."""

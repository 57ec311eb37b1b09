"""Tables of cases: every revision as it was judged, who signed it, and the rule books they were judged by."""

from sqlalchemy import Column, ForeignKey, ForeignKeyConstraint, Integer, LargeBinary, String, Table, Text

from app.store.metadata import metadata
from app.store.tables_audit import Count

rule_snapshots = Table(
    "rule_snapshots",
    metadata,
    Column("version", String(80), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("content_sha256", String(64), nullable=False),
)
"""Every rule book that a kept answer was given by, whole, so that the answer can be given again."""

cases = Table(
    "cases",
    metadata,
    Column("case_id", String(128), primary_key=True),
    Column("number", Count, nullable=False, unique=True),
    Column("made_at", String(32), nullable=False),
)
"""``number`` is that of the audit event with which the case came in: lists go by it."""

case_revisions = Table(
    "case_revisions",
    metadata,
    Column("case_id", String(128), ForeignKey("cases.case_id"), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("audit_sequence", Count, ForeignKey("audit_events.sequence"), nullable=False, unique=True),
    Column("kept_at", String(32), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("origin", String(16), nullable=False),
    Column("request", LargeBinary, nullable=False),
    Column("judged_case", LargeBinary, nullable=False),
    Column("reading", LargeBinary),
    Column("scan_sha256", String(64)),
    Column("answer", LargeBinary, nullable=False),
    Column("software", Text, nullable=False),
    Column("rules", String(80), ForeignKey("rule_snapshots.version"), nullable=False),
    Column("atlas", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
)
"""``request`` as received, ``judged_case`` as understood, ``reading`` and ``answer`` as given: each packed by zlib.

Triggers refuse to change or remove a row. ``content_sha256`` stands in the audit event too.
"""

sign_offs = Table(
    "sign_offs",
    metadata,
    Column("case_id", String(128), primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("audit_sequence", Count, ForeignKey("audit_events.sequence"), nullable=False, unique=True),
    Column("signed_at", String(32), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("decision", String(16), nullable=False),
    Column("comment", Text),
    ForeignKeyConstraint(["case_id", "revision"], ["case_revisions.case_id", "case_revisions.revision"]),
)
"""Who stands for a revision. What a revision's outputs are called (preliminary, final, …) follows from these rows."""

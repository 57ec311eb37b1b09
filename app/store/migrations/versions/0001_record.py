"""The record: audit trail, cases with their revisions and signatures, rule books, stored objects."""

import sqlalchemy as sa
from alembic import op

from app.store.triggers import make_append_only

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make all tables and their triggers."""
    _audit()
    _cases()
    _objects()
    make_append_only("audit_events", "rule_snapshots", "cases", "case_revisions", "sign_offs")


def _audit() -> None:
    op.create_table(
        "audit_events",
        sa.Column("sequence", Count, autoincrement=False, nullable=False),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous_hash", sa.String(64), nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("sequence", name="pk_audit_events"),
    )
    head = op.create_table(
        "audit_head",
        sa.Column("only_row", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", Count, nullable=False),
        sa.Column("hash", sa.String(64), nullable=False),
        sa.CheckConstraint("only_row = 1", name="ck_audit_head_one"),
        sa.PrimaryKeyConstraint("only_row", name="pk_audit_head"),
    )
    op.bulk_insert(head, [{"only_row": 1, "count": 0, "hash": "0" * 64}])


def _cases() -> None:
    op.create_table(
        "rule_snapshots",
        sa.Column("version", sa.String(80), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("version", name="pk_rule_snapshots"),
    )
    op.create_table(
        "cases",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("number", Count, nullable=False),
        sa.Column("made_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name="pk_cases"),
        sa.UniqueConstraint("number", name="uq_cases_number"),
    )
    op.create_table(
        "case_revisions",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit_sequence", Count, nullable=False),
        sa.Column("kept_at", sa.String(32), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("request", sa.LargeBinary(), nullable=False),
        sa.Column("judged_case", sa.LargeBinary(), nullable=False),
        sa.Column("reading", sa.LargeBinary()),
        sa.Column("scan_sha256", sa.String(64)),
        sa.Column("answer", sa.LargeBinary(), nullable=False),
        sa.Column("software", sa.Text(), nullable=False),
        sa.Column("rules", sa.String(80), nullable=False),
        sa.Column("atlas", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("case_id", "revision", name="pk_case_revisions"),
        sa.UniqueConstraint("audit_sequence", name="uq_case_revisions_audit_sequence"),
        sa.ForeignKeyConstraint(["case_id"], ["cases.case_id"], name="fk_case_revisions_case_id"),
        sa.ForeignKeyConstraint(["audit_sequence"], ["audit_events.sequence"], name="fk_case_revisions_audit_sequence"),
        sa.ForeignKeyConstraint(["rules"], ["rule_snapshots.version"], name="fk_case_revisions_rules"),
    )
    op.create_table(
        "sign_offs",
        sa.Column("case_id", sa.String(128), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("audit_sequence", Count, nullable=False),
        sa.Column("signed_at", sa.String(32), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("decision", sa.String(16), nullable=False),
        sa.Column("comment", sa.Text()),
        sa.PrimaryKeyConstraint("case_id", "revision", name="pk_sign_offs"),
        sa.UniqueConstraint("audit_sequence", name="uq_sign_offs_audit_sequence"),
        sa.ForeignKeyConstraint(["audit_sequence"], ["audit_events.sequence"], name="fk_sign_offs_audit_sequence"),
        sa.ForeignKeyConstraint(
            ["case_id", "revision"],
            ["case_revisions.case_id", "case_revisions.revision"],
            name="fk_sign_offs_case_id_revision",
        ),
    )


def _objects() -> None:
    op.create_table(
        "stored_objects",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("size_bytes", Count, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("stored_at", sa.String(32), nullable=False),
        sa.Column("keep_until", sa.String(32)),
        sa.Column("deleted_at", sa.String(32)),
        sa.Column("deleted_because", sa.Text()),
        sa.PrimaryKeyConstraint("sha256", name="pk_stored_objects"),
    )

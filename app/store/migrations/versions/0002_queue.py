"""The queue: scans to be read, workers, deliveries."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    _scan_jobs()
    _queue_workers()
    _deliveries()


def _scan_jobs() -> None:
    op.create_table(
        "scan_jobs",
        sa.Column("job_id", sa.String(64), nullable=False),
        sa.Column("content_key", sa.String(64), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("number", Count, nullable=False),
        sa.Column("origin", sa.String(16), nullable=False),
        sa.Column("scan", sa.Text(), nullable=False),
        sa.Column("request", sa.LargeBinary()),
        sa.Column("identity", sa.Text()),
        sa.Column("overlay", sa.Boolean(), nullable=False),
        sa.Column("actor_kind", sa.String(16), nullable=False),
        sa.Column("actor_name", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.String(64)),
        sa.Column("submitted_at", sa.String(32), nullable=False),
        sa.Column("started_at", sa.String(32)),
        sa.Column("finished_at", sa.String(32)),
        sa.Column("answer_status", sa.Integer()),
        sa.Column("answer", sa.LargeBinary()),
        sa.Column("case_id", sa.String(128)),
        sa.PrimaryKeyConstraint("job_id", name="pk_scan_jobs"),
        sa.UniqueConstraint("number", name="uq_scan_jobs_number"),
        sa.UniqueConstraint("content_key", "generation", name="uq_scan_jobs_content_key_generation"),
    )
    op.create_index("ix_scan_jobs_case_id", "scan_jobs", ["case_id"])
    op.create_index("ix_scan_jobs_state_number", "scan_jobs", ["state", "number"])


def _queue_workers() -> None:
    op.create_table(
        "queue_workers",
        sa.Column("worker", sa.String(64), nullable=False),
        sa.Column("started_at", sa.String(32), nullable=False),
        sa.Column("seen_at", sa.String(32), nullable=False),
        sa.Column("stopped_at", sa.String(32)),
        sa.PrimaryKeyConstraint("worker", name="pk_queue_workers"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("delivery_id", sa.String(20), nullable=False),
        sa.Column("number", Count, nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("idempotency_key", sa.String(200), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("payload_ref", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.String(32), nullable=False),
        sa.Column("next_at", sa.String(32), nullable=False),
        sa.Column("ended_at", sa.String(32)),
        sa.Column("reason", sa.Text()),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_deliveries"),
        sa.UniqueConstraint("number", name="uq_deliveries_number"),
        sa.UniqueConstraint("target", "idempotency_key", name="uq_deliveries_target_idempotency_key"),
    )
    op.create_index("ix_deliveries_state_target_number", "deliveries", ["state", "target", "number"])

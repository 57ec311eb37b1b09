"""Drawings of readings, and the reports that archives hold."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("scan_jobs", sa.Column("drawing", sa.String(64)))
    op.create_table(
        "sent_reports",
        sa.Column("delivery_id", sa.String(20), nullable=False),
        sa.Column("target", sa.String(128), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("sop_class", sa.String(64), nullable=False),
        sa.Column("sop_uid", sa.String(64), nullable=False),
        sa.Column("series_uid", sa.String(64), nullable=False),
        sa.Column("study_uid", sa.String(64), nullable=False),
        sa.Column("sent_at", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("delivery_id", name="pk_sent_reports"),
    )
    op.create_index("ix_sent_reports_target_subject", "sent_reports", ["target", "subject"])

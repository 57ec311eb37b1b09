"""Received DICOM: studies and objects."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Count = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "dicom_studies",
        sa.Column("study_uid", sa.String(64), nullable=False),
        sa.Column("first_at", sa.String(32), nullable=False),
        sa.Column("last_at", sa.String(32), nullable=False),
        sa.Column("asked_at", sa.String(32)),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("content_key", sa.String(64)),
        sa.Column("job_id", sa.String(64)),
        sa.Column("choice", sa.Text()),
        sa.Column("processed_at", sa.String(32)),
        sa.Column("purged_at", sa.String(32)),
        sa.PrimaryKeyConstraint("study_uid", name="pk_dicom_studies"),
    )
    op.create_index("ix_dicom_studies_last_at", "dicom_studies", ["last_at"])
    op.create_table(
        "dicom_objects",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("study_uid", sa.String(64)),
        sa.Column("series_uid", sa.String(64)),
        sa.Column("sop_uid", sa.String(64)),
        sa.Column("sop_class", sa.String(64)),
        sa.Column("size_bytes", Count, nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("via", sa.String(16), nullable=False),
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("arrived_at", sa.String(32), nullable=False),
        sa.Column("aside", sa.String(32)),
        sa.Column("file", sa.String(80)),
        sa.PrimaryKeyConstraint("sha256", name="pk_dicom_objects"),
    )
    op.create_index("ix_dicom_objects_study_uid", "dicom_objects", ["study_uid"])

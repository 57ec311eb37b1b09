"""Tables of the audit trail."""

from sqlalchemy import BigInteger, CheckConstraint, Column, Integer, String, Table, Text

from app.store.metadata import metadata

Count = BigInteger().with_variant(Integer, "sqlite")
"""SQLite's own 64-bit integer goes by the plain name."""

audit_events = Table(
    "audit_events",
    metadata,
    Column("sequence", Count, primary_key=True, autoincrement=False),
    Column("at", String(32), nullable=False),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("outcome", Text, nullable=False),
    Column("detail", Text, nullable=False),
    Column("previous_hash", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
)
"""One row for each thing that was done, in the order in which it was done; triggers refuse to change or remove one.

All columns but the number are text: the hash is taken over exactly what is stored, on either database.
"""

audit_head = Table(
    "audit_head",
    metadata,
    Column("only_row", Integer, CheckConstraint("only_row = 1", name="one"), primary_key=True, autoincrement=False),
    Column("count", Count, nullable=False),
    Column("hash", String(64), nullable=False),
)
"""How many events there are and the hash of the last, so that a trail that was cut short is found."""

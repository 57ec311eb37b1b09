"""Tables of who may use the service: keys, browsers' sessions and one-use sign-in codes; secrets only as hashes."""

from sqlalchemy import Column, String, Table, Text

from app.store.metadata import metadata

api_keys = Table(
    "api_keys",
    metadata,
    Column("prefix", String(16), primary_key=True),
    Column("key_sha256", String(64), nullable=False, unique=True),
    Column("name", String(64), nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("expires_at", String(32)),
    Column("ended_at", String(32)),
    Column("last_used_at", String(32)),
    Column("replaces", String(16)),
)
"""``scopes``: with spaces between. An ended key keeps its row; ``replaces``: prefix of the key it was made for."""

sessions = Table(
    "sessions",
    metadata,
    Column("session_sha256", String(64), primary_key=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("last_seen_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False, index=True),
    Column("ended_at", String(32)),
)
"""Browsers that are signed in; a row goes when the session is over."""

sign_in_codes = Table(
    "sign_in_codes",
    metadata,
    Column("code_sha256", String(64), primary_key=True),
    Column("actor_kind", String(16), nullable=False),
    Column("actor_name", Text, nullable=False),
    Column("scopes", String(64), nullable=False),
    Column("made_at", String(32), nullable=False),
    Column("expires_at", String(32), nullable=False, index=True),
)
"""Codes that sign a browser in once; using one removes it."""

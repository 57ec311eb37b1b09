"""Makes secrets, and the hashes under which they are kept."""

import hashlib
import re
import secrets
from collections.abc import Iterable
from datetime import UTC, datetime

from app.access.actor import Scope
from app.store.audit import utc_text

_SECRET_BYTES = 32
"""256 bits: beyond guessing, so that a plain hash protects them as well as a slow one and costs no time."""
_KEY = re.compile(r"(ak_[0-9a-f]{8})[A-Za-z0-9_-]{43}", re.ASCII)


def new_key() -> tuple[str, str]:
    """A key and the prefix by which people know it again."""
    prefix = f"ak_{secrets.token_hex(4)}"
    return f"{prefix}{secrets.token_urlsafe(_SECRET_BYTES)}", prefix


def new_secret() -> str:
    """The name of a session, or a one-use code."""
    return secrets.token_urlsafe(_SECRET_BYTES)


def looks_like_key(text: str) -> bool:
    """Whether a text has the form of a key; others need no look into the database."""
    return _KEY.fullmatch(text) is not None


def hash_of_secret(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def scopes_text(scopes: Iterable[Scope]) -> str:
    """Scopes as a column holds them.

    >>> scopes_text({Scope.TRIAGE, Scope.READ})
    'read triage'
    """
    return " ".join(sorted(scope.value for scope in scopes))


def scopes_of(text: str) -> frozenset[Scope]:
    """The scopes of a column; one that this release does not know gives nothing."""
    known = {scope.value: scope for scope in Scope}
    return frozenset(known[word] for word in text.split() if word in known)


def now_text(moment: datetime | None = None) -> str:
    """A moment as all tables hold it; ``None``: now."""
    return utc_text(moment or datetime.now(UTC))

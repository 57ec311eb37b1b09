"""API keys: made once and shown once, kept as hashes, ended by hand, by date or by rotation; each step is audited."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from app.access.actor import Actor, ActorKind, Scope
from app.access.secrets_made import hash_of_secret, new_key, now_text, scopes_of, scopes_text
from app.store import audit
from app.store.tables_access import api_keys

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}", re.ASCII)
_COLUMNS = [column for column in api_keys.columns if column.name != "key_sha256"]


class KeyProblem(ValueError):
    """A key cannot be made, found or changed; the message says why."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key at the one moment at which it is known."""

    secret: str
    prefix: str
    name: str


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """What a key is to be."""

    name: str
    scopes: frozenset[Scope]
    expires_at: datetime | None = None
    replaces: str | None = None


def make_key(connection: Connection, wanted: KeyWanted, by: Actor) -> NewKey:
    """Make a key within a transaction of the writer.

    Raises
    ------
    KeyProblem
        The name has other signs than letters, digits and ``. _ @ -``, another key in force has it, or there is no
        scope.
    """
    check_name(wanted.name)
    if not wanted.scopes:
        raise KeyProblem("A key needs at least one scope.")
    if wanted.replaces is None and _in_force(connection, wanted.name):
        raise KeyProblem("A key of this name is in force already; rotate it, or choose another name.")
    secret, prefix = new_key()
    row = {
        "prefix": prefix,
        "key_sha256": hash_of_secret(secret),
        "name": wanted.name,
        "scopes": scopes_text(wanted.scopes),
        "made_at": now_text(),
        "expires_at": now_text(wanted.expires_at) if wanted.expires_at else None,
        "replaces": wanted.replaces,
    }
    connection.execute(insert(api_keys), row)
    detail = {"name": wanted.name, "scopes": row["scopes"], "expires_at": row["expires_at"]}
    audit.append(connection, audit.Event(by, "key.made", f"key/{prefix}", detail=detail))
    return NewKey(secret, prefix, wanted.name)


def check_name(name: str) -> None:
    """Raise KeyProblem unless a name can stand in the audit trail and the log."""
    if not _NAME.fullmatch(name):
        raise KeyProblem("A name has 1 to 64 letters, digits and . _ @ -, and begins with a letter or digit.")


def rotate_key(connection: Connection, which: str, grace: timedelta, by: Actor) -> NewKey:
    """Make a key beside an old one, with its name and scopes; the old one ends after ``grace``.

    Raises
    ------
    KeyProblem
        There is no such key in force.
    """
    old = find_key(connection, which)
    ends = now_text(datetime.fromisoformat(now_text()) + grace)
    if old.expires_at is None or old.expires_at > ends:
        connection.execute(update(api_keys).where(api_keys.c.prefix == old.prefix).values(expires_at=ends))
    new = make_key(connection, KeyWanted(old.name, scopes_of(old.scopes), replaces=old.prefix), by)
    detail = {"replaced_by": new.prefix, "ends_at": ends}
    audit.append(connection, audit.Event(by, "key.rotated", f"key/{old.prefix}", detail=detail))
    return new


def end_key(connection: Connection, which: str, by: Actor) -> str:
    """End a key at once; returns its prefix. Raises KeyProblem where none in force is meant."""
    row = find_key(connection, which)
    connection.execute(update(api_keys).where(api_keys.c.prefix == row.prefix).values(ended_at=now_text()))
    audit.append(connection, audit.Event(by, "key.ended", f"key/{row.prefix}", detail={"name": row.name}))
    return str(row.prefix)


def find_key(connection: Connection, which: str) -> Row[Any]:
    """The one key in force with this prefix or name. Raises KeyProblem where there is none, or more than one."""
    rows = [row for row in list_keys(connection) if which in {row.prefix, row.name} and is_in_force(row)]
    if not rows:
        raise KeyProblem("No key in force has this prefix or name; aspects keys list shows all.")
    if len(rows) > 1:
        raise KeyProblem("Two keys of this name are in force; name one by its prefix.")
    return rows[0]


def list_keys(connection: Connection) -> list[Row[Any]]:
    """All keys, ended ones too, without their hashes."""
    return list(connection.execute(select(*_COLUMNS).order_by(api_keys.c.made_at)))


def is_in_force(row: Row[Any]) -> bool:
    """Whether a key opens anything now."""
    return row.ended_at is None and (row.expires_at is None or row.expires_at > now_text())


def actor_by_hash(connection: Connection, key_sha256: str) -> tuple[Actor, str] | None:
    """Whom a key stands for, and its prefix; ``None``: there is no such key, or it is over."""
    row = connection.execute(select(*_COLUMNS).where(api_keys.c.key_sha256 == key_sha256)).one_or_none()
    if row is None or not is_in_force(row):
        return None
    return Actor(ActorKind.KEY, row.name, scopes_of(row.scopes)), row.prefix


def note_use(connection: Connection, used: Iterable[tuple[str, str]]) -> None:
    """Write down when keys, by prefix, were last used."""
    for prefix, at in used:
        connection.execute(update(api_keys).where(api_keys.c.prefix == prefix).values(last_used_at=at))


def _in_force(connection: Connection, name: str) -> bool:
    return any(row.name == name and is_in_force(row) for row in list_keys(connection))

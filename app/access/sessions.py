"""Browsers' sessions and the one-use codes that begin them; kept on the server, so that they can be ended there.

The cookie holds 256 random bits and nothing else: there is nothing in it to sign, to forge or to read.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select, update

from app.access.actor import Actor, ActorKind
from app.access.secrets_made import hash_of_secret, new_secret, now_text, scopes_of, scopes_text
from app.store import audit
from app.store.tables_access import sessions, sign_in_codes


class CodeUnknown(ValueError):
    """A sign-in code is wrong, too old or was used already."""


@dataclass(frozen=True, slots=True)
class SessionTimes:
    """How long sessions last."""

    idle: timedelta
    longest: timedelta


def make_code(connection: Connection, actor: Actor, lasts: timedelta, by: Actor) -> str:
    """A code that signs one browser in as ``actor``, once, within ``lasts``."""
    code = new_secret()
    row = {"code_sha256": hash_of_secret(code), "made_at": now_text(), "expires_at": _later(lasts), **_columns(actor)}
    connection.execute(delete(sign_in_codes).where(sign_in_codes.c.expires_at <= now_text()))
    connection.execute(insert(sign_in_codes), row)
    detail = {"for": actor.name, "scopes": row["scopes"]}
    audit.append(connection, audit.Event(by, "sign_in_code.made", f"person/{actor.name}", detail=detail))
    return code


def begin_by_code(connection: Connection, code: str, times: SessionTimes) -> str:
    """Use a code up and begin its session; returns the secret for the cookie. Raises CodeUnknown."""
    chosen = sign_in_codes.c.code_sha256 == hash_of_secret(code)
    row = connection.execute(select(sign_in_codes).where(chosen)).one_or_none()
    if row is None or row.expires_at <= now_text():
        raise CodeUnknown("This code is wrong, too old or was used already.")
    connection.execute(delete(sign_in_codes).where(chosen))
    return begin(connection, _actor(row), times)


def begin(connection: Connection, actor: Actor, times: SessionTimes) -> str:
    """Begin a session; returns the secret for the cookie."""
    secret = new_secret()
    now = now_text()
    row = {"session_sha256": hash_of_secret(secret), "made_at": now, "last_seen_at": now}
    connection.execute(delete(sessions).where(sessions.c.expires_at <= now))
    connection.execute(insert(sessions), {**row, "expires_at": _later(times.longest), **_columns(actor)})
    audit.append(connection, audit.Event(actor, "session.begun", f"person/{actor.name}"))
    return secret


def end(connection: Connection, session_sha256: str, actor: Actor) -> None:
    """End a session at once."""
    chosen = (sessions.c.session_sha256 == session_sha256) & sessions.c.ended_at.is_(None)
    if connection.execute(update(sessions).where(chosen).values(ended_at=now_text())).rowcount:
        audit.append(connection, audit.Event(actor, "session.ended", f"person/{actor.name}"))


def end_all(connection: Connection, name: str, by: Actor) -> int:
    """End all sessions of a person; returns how many there were."""
    chosen = (sessions.c.actor_name == name) & sessions.c.ended_at.is_(None) & (sessions.c.expires_at > now_text())
    ended = connection.execute(update(sessions).where(chosen).values(ended_at=now_text())).rowcount
    audit.append(connection, audit.Event(by, "sessions.ended", f"person/{name}", detail={"count": ended}))
    return ended


def actor_by_hash(connection: Connection, session_sha256: str, idle: timedelta) -> tuple[Actor, str] | None:
    """Whom a session stands for, and when it was last seen; ``None``: there is none, or it is over."""
    row = connection.execute(select(sessions).where(sessions.c.session_sha256 == session_sha256)).one_or_none()
    if row is None or row.ended_at is not None or row.expires_at <= now_text():
        return None
    if row.last_seen_at <= now_text(datetime.now(UTC) - idle):
        return None
    return _actor(row), str(row.last_seen_at)


def note_seen(connection: Connection, session_sha256: str) -> None:
    """Write down that a browser was seen, from which its idle time counts."""
    connection.execute(
        update(sessions).where(sessions.c.session_sha256 == session_sha256).values(last_seen_at=now_text())
    )


def _later(span: timedelta) -> str:
    return now_text(datetime.now(UTC) + span)


def _columns(actor: Actor) -> dict[str, str]:
    return {"actor_kind": actor.kind.value, "actor_name": actor.name, "scopes": scopes_text(actor.scopes)}


def _actor(row: Row[Any]) -> Actor:
    return Actor(ActorKind(row.actor_kind), row.actor_name, scopes_of(row.scopes))

"""Lets a clinician stand for a revision: once, for the latest, by name."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, func, insert, select

from app.access.actor import Actor
from app.store import audit
from app.store.faults import AlreadyDecided, NotInRecord
from app.store.revisions import Revision
from app.store.status import Standing, standings
from app.store.tables_cases import case_revisions, sign_offs


@dataclass(frozen=True, slots=True)
class SignedOff:
    """A signature as it stands in the record."""

    case_id: str
    revision: int
    """The revision that was signed: after an edit the new one."""
    audit_sequence: int
    standing: Standing


def confirm(connection: Connection, actor: Actor, case_id: str, revision: int, comment: str | None) -> SignedOff:
    """Sign a revision as it is, in the writer's transaction.

    Raises
    ------
    NotInRecord
        There is no such revision.
    AlreadyDecided
        It is signed already, or a later one has come in that the clinician has not seen.
    """
    check_signable(connection, case_id, revision)
    return _sign(connection, actor, case_id, revision, "confirm", comment)


def edit(
    connection: Connection, actor: Actor, case_id: str, revision: int, changed: Revision, comment: str | None
) -> SignedOff:
    """Add the changed case as a new revision and sign that one, in the writer's transaction.

    A signed revision can be edited: that is how a correction is made. Raises NotInRecord and AlreadyDecided.
    """
    _check_latest(connection, case_id, revision)
    kept = changed.keep(connection)
    return _sign(connection, actor, case_id, kept.revision, "edit", comment)


def check_signable(connection: Connection, case_id: str, revision: int) -> None:
    """Raise as `confirm` does."""
    _check_latest(connection, case_id, revision)
    if revision in signed_revisions(connection, case_id):
        raise AlreadyDecided("This revision is signed already.")


def signed_revisions(connection: Connection, case_id: str) -> set[int]:
    """The numbers of the revisions that carry a signature."""
    return set(connection.execute(select(sign_offs.c.revision).where(sign_offs.c.case_id == case_id)).scalars())


def latest_revision(connection: Connection, case_id: str) -> int:
    """The number of the latest revision. Raises NotInRecord."""
    statement = select(func.max(case_revisions.c.revision)).where(case_revisions.c.case_id == case_id)
    latest: int | None = connection.execute(statement).scalar_one()
    if latest is None:
        raise NotInRecord("There is no case of this name.")
    return latest


def _check_latest(connection: Connection, case_id: str, revision: int) -> None:
    latest = latest_revision(connection, case_id)
    if not 1 <= revision <= latest:
        raise NotInRecord("The case has no such revision.")
    if revision != latest:
        raise AlreadyDecided("A later revision has come in; look at that one and sign it.")


def _sign(
    connection: Connection, actor: Actor, case_id: str, revision: int, decision: str, comment: str | None
) -> SignedOff:
    standing = standings(revision, signed_revisions(connection, case_id) | {revision})[revision]
    row: dict[str, Any] = {
        "case_id": case_id,
        "revision": revision,
        "signed_at": audit.utc_text(datetime.now(UTC)),
        "actor_kind": actor.kind.value,
        "actor_name": actor.name,
        "decision": decision,
        "comment": comment,
    }
    detail = {
        "revision": revision,
        "decision": decision,
        "status": standing.status.value,
        "content_sha256": signature_hash(row),
    }
    row["audit_sequence"] = audit.append(
        connection, audit.Event(actor, "case.signed_off", f"case/{case_id}", detail=detail)
    )
    connection.execute(insert(sign_offs), row)
    return SignedOff(case_id, revision, row["audit_sequence"], standing)


def signature_hash(row: Mapping[Any, Any]) -> str:
    """One hash over a signature, comment included; it stands in the audit event."""
    names = ("case_id", "revision", "signed_at", "actor_kind", "actor_name", "decision", "comment")
    return audit.sha256_of([row[name] for name in names])

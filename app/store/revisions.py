"""Adds revisions to cases: what was asked, understood and answered, whole and for good."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, bindparam, func, insert, select

from app.access.actor import Actor
from app.store import audit
from app.store.faults import CaseWentOn, UnusableCaseId
from app.store.packing import pack
from app.store.tables_cases import case_revisions, cases

CONTENTS = ("request", "judged_case", "reading", "answer")
_HASHED = (
    "case_id", "revision", "kept_at", "actor_kind", "actor_name", "origin", "scan_sha256", "software", "rules", "atlas",
)  # fmt: skip
_IN_ADDRESS = re.compile(r"(^|/)\.{0,2}(/|$)|/revisions/")
_LATEST = select(func.max(case_revisions.c.revision)).where(case_revisions.c.case_id == bindparam("case_id"))

_INSERT_CASE, _INSERT_REVISION = insert(cases), insert(case_revisions)


class Origin(StrEnum):
    """How a revision came about."""

    TRIAGE = "triage"
    """Somebody had the case judged."""
    SCAN = "scan"
    """It came with a scan."""
    STUDY = "study"
    """Its scan came as a DICOM study, whose UID is the name of the case."""
    EDIT = "edit"
    """A clinician changed it and signed."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be kept of one judgement."""

    request: bytes
    """The triage request as received."""
    judged_case: bytes
    """The case as understood: `JudgedCase.to_json`."""
    answer: bytes
    """The answer's JSON as sent, without the part ``record``."""
    versions: Mapping[str, str]
    """``software``, ``rules`` and ``atlas``, as the answer tells them."""
    case_id: str | None = None
    """``None``: a case of its own, which gets a name that nobody guesses."""
    reading: bytes | None = None
    """The JSON of the scan's reading; ``None`` without a scan."""
    scan_sha256: str | None = None
    """The scan in the object store."""
    origin: Origin = Origin.TRIAGE
    follows: int | None = None
    """The latest revision when this was judged, 0 for none; ``None``: it does not matter which came before."""


@dataclass(frozen=True, slots=True)
class Kept:
    """Where a judgement stands in the record."""

    case_id: str
    revision: int
    audit_sequence: int


class Revision:
    """A judgement, packed and hashed before the writer's turn comes: others wait while it lasts."""

    def __init__(self, judgement: Judgement, actor: Actor) -> None:
        """Raises UnusableCaseId."""
        check_case_id(judgement.case_id)
        self._actor = actor
        self._case_id = judgement.case_id
        self._follows = judgement.follows
        texts = {name: getattr(judgement, name) for name in CONTENTS}
        self._row: dict[str, Any] = {
            **{name: None if text is None else pack(text) for name, text in texts.items()},
            "actor_kind": actor.kind.value,
            "actor_name": actor.name,
            "origin": judgement.origin.value,
            "scan_sha256": judgement.scan_sha256,
            **judgement.versions,
        }
        self._hashes = [text_hash(text) for text in texts.values()]

    def keep(self, connection: Connection) -> Kept:
        """Add the revision and its audit event in the writer's transaction. Raises CaseWentOn."""
        case_id = self._case_id or str(uuid4())
        latest = connection.execute(_LATEST, {"case_id": case_id}).scalar_one() if self._case_id else None
        if self._follows not in {None, latest or 0}:
            raise CaseWentOn
        kept_at = audit.utc_text(datetime.now(UTC))
        row = {**self._row, "case_id": case_id, "revision": (latest or 0) + 1, "kept_at": kept_at}
        row["content_sha256"] = content_hash(row, self._hashes)
        detail = {name: row[name] for name in ("revision", "origin", "rules", "content_sha256")}
        event = audit.Event(self._actor, "case.kept", f"case/{case_id}", detail=detail)
        row["audit_sequence"] = audit.append(connection, event)
        if latest is None:
            connection.execute(_INSERT_CASE, {"case_id": case_id, "number": row["audit_sequence"], "made_at": kept_at})
        connection.execute(_INSERT_REVISION, row)
        return Kept(case_id, row["revision"], row["audit_sequence"])


def check_case_id(case_id: str | None) -> None:
    """Raise UnusableCaseId for a name that cannot be told apart from other parts of an address."""
    if case_id is not None and _IN_ADDRESS.search(case_id):
        raise UnusableCaseId("A case that is kept needs a name without '/revisions/' and empty or dotted path parts.")


def text_hash(text: bytes | None) -> str:
    """SHA-256 of a content; empty for one that is not there, which differs from one without letters."""
    return "" if text is None else hashlib.sha256(text).hexdigest()


def content_hash(row: Mapping[Any, Any], hashes: list[str]) -> str:
    """One hash for all that a revision holds; it stands in the audit event, so a changed revision is found."""
    return audit.sha256_of([*(row[name] for name in _HASHED), *hashes])

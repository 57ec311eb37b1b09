"""Reads cases and their revisions from the record."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, select

from app.store.faults import NotInRecord
from app.store.packing import unpack
from app.store.status import Standing, standings
from app.store.tables_cases import case_revisions, cases, sign_offs

_SUMMARY = [
    column for column in case_revisions.columns if column.name not in {"request", "judged_case", "reading", "answer"}
]


@dataclass(frozen=True, slots=True)
class Signature:
    """Who signed a revision."""

    at: str
    actor_kind: str
    actor_name: str
    decision: str
    comment: str | None
    audit_sequence: int


@dataclass(frozen=True, slots=True)
class RevisionSummary:
    """A revision without its contents."""

    case_id: str
    revision: int
    kept_at: str
    actor_kind: str
    actor_name: str
    origin: str
    scan_sha256: str | None
    versions: Mapping[str, str]
    content_sha256: str
    audit_sequence: int
    standing: Standing
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class KeptCase:
    """A case with its revisions, the first one first."""

    case_id: str
    number: int
    made_at: str
    revisions: Sequence[RevisionSummary]


@dataclass(frozen=True, slots=True)
class RevisionContent:
    """The texts of a revision, exactly as they were kept."""

    summary: RevisionSummary
    request: bytes
    judged_case: bytes
    reading: bytes | None
    answer: bytes


def list_cases(connection: Connection, limit: int, before: int | None) -> Sequence[KeptCase]:
    """Cases as they came in, newest first; ``before``: the ``number`` that the last page ended with."""
    statement = select(cases).order_by(cases.c.number.desc()).limit(limit)
    if before is not None:
        statement = statement.where(cases.c.number < before)
    return _with_revisions(connection, connection.execute(statement).all())


def show_case(connection: Connection, case_id: str) -> KeptCase:
    """One case. Raises NotInRecord."""
    row = connection.execute(select(cases).where(cases.c.case_id == case_id)).first()
    if row is None:
        raise NotInRecord("There is no case of this name.")
    return _with_revisions(connection, [row])[0]


def show_revision(connection: Connection, case_id: str, revision: int) -> RevisionContent:
    """One revision with its contents. Raises NotInRecord."""
    summaries = {summary.revision: summary for summary in show_case(connection, case_id).revisions}
    if revision not in summaries:
        raise NotInRecord("The case has no such revision.")
    statement = select(
        case_revisions.c.request, case_revisions.c.judged_case, case_revisions.c.reading, case_revisions.c.answer
    ).where(case_revisions.c.case_id == case_id, case_revisions.c.revision == revision)
    row = connection.execute(statement).one()
    return RevisionContent(
        summaries[revision],
        unpack(row.request),
        unpack(row.judged_case),
        None if row.reading is None else unpack(row.reading),
        unpack(row.answer),
    )


def _with_revisions(connection: Connection, rows: Sequence[Row[Any]]) -> list[KeptCase]:
    names = [row.case_id for row in rows]
    signatures = {
        (row.case_id, row.revision): _signature(row)
        for row in connection.execute(select(sign_offs).where(sign_offs.c.case_id.in_(names)))
    }
    revisions = defaultdict(list)
    statement = select(*_SUMMARY).where(case_revisions.c.case_id.in_(names)).order_by(case_revisions.c.revision)
    for row in connection.execute(statement):
        revisions[row.case_id].append(row)
    return [
        KeptCase(row.case_id, row.number, row.made_at, _summaries(revisions[row.case_id], signatures)) for row in rows
    ]


def _summaries(rows: Sequence[Row[Any]], signatures: Mapping[tuple[str, int], Signature]) -> list[RevisionSummary]:
    signed = {row.revision for row in rows if (row.case_id, row.revision) in signatures}
    standing = standings(max((row.revision for row in rows), default=0), signed)
    return [
        RevisionSummary(
            row.case_id,
            row.revision,
            row.kept_at,
            row.actor_kind,
            row.actor_name,
            row.origin,
            row.scan_sha256,
            {"software": row.software, "rules": row.rules, "atlas": row.atlas},
            row.content_sha256,
            row.audit_sequence,
            standing[row.revision],
            signatures.get((row.case_id, row.revision)),
        )
        for row in rows
    ]


def _signature(row: Row[Any]) -> Signature:
    return Signature(row.signed_at, row.actor_kind, row.actor_name, row.decision, row.comment, row.audit_sequence)

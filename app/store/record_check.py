"""Holds the whole record to its audit trail: every revision, signature and rule book against the hash told there."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, RowMapping, Select, select

from app.store.audit_check import MOST_FAULTS, Anchor, check_audit
from app.store.packing import unpack
from app.store.revisions import CONTENTS, content_hash, text_hash
from app.store.signing import signature_hash
from app.store.tables_audit import audit_events
from app.store.tables_cases import case_revisions, cases, rule_snapshots, sign_offs

_ROWS_AT_ONCE = 200
_KEPT, _SIGNED, _RULES = "case.kept", "case.signed_off", "rules.kept"


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """What was found: nothing, if the record is whole."""

    events: int
    revisions: int
    anchor: Anchor
    faults: tuple[str, ...]


def check_record(connection: Connection, anchors: Iterable[Anchor] = ()) -> RecordCheck:
    """Check the trail, and against it all cases, signatures and rule books, on one state of the database."""
    audit = check_audit(connection, anchors)
    faults = list(audit.faults)
    told = _told(connection)
    revisions = 0
    for fault in _faults_of_revisions(connection, told):
        revisions += 1
        faults += [fault] if fault else []
    faults += filter(None, _faults_of_signatures(connection, told))
    faults += filter(None, _faults_of_rules(connection, told))
    faults += [f"Event {number} tells of a row of the record that is missing." for number in sorted(told)]
    faults += _faults_of_cases(connection)
    return RecordCheck(audit.count, revisions, audit.anchor, tuple(faults[:MOST_FAULTS]))


def _told(connection: Connection) -> dict[int, tuple[str, str, str]]:
    """What the trail says of rows: number of the event to action, subject and hash. Found rows are taken out."""
    statement = select(audit_events.c.sequence, audit_events.c.action, audit_events.c.subject, audit_events.c.detail)
    told = {}
    for row in _rows(connection, statement.where(audit_events.c.action.in_([_KEPT, _SIGNED, _RULES]))):
        try:
            told[row["sequence"]] = (row["action"], row["subject"], json.loads(row["detail"])["content_sha256"])
        except (KeyError, TypeError, ValueError):
            told[row["sequence"]] = (row["action"], row["subject"], "")
    return told


def _faults_of_revisions(connection: Connection, told: dict[int, tuple[str, str, str]]) -> Iterator[str | None]:
    statement = select(case_revisions).order_by(case_revisions.c.audit_sequence)
    for row in _rows(connection, statement):
        expected = told.pop(row["audit_sequence"], None)
        found = (_KEPT, f"case/{row['case_id']}", _revision_hash(row))
        yield (
            None
            if found == expected
            else f"Revision {row['revision']} of a case (event {row['audit_sequence']}) was changed."
        )


def _revision_hash(row: RowMapping) -> str | None:
    try:
        hashes = [text_hash(None if row[name] is None else unpack(row[name])) for name in CONTENTS]
        return content_hash(row, hashes)
    except (TypeError, ValueError):
        return None


def _faults_of_signatures(connection: Connection, told: dict[int, tuple[str, str, str]]) -> Iterator[str | None]:
    for row in _rows(connection, select(sign_offs)):
        expected = told.pop(row["audit_sequence"], None)
        found = (_SIGNED, f"case/{row['case_id']}", signature_hash(row))
        yield None if found == expected else f"The signature of event {row['audit_sequence']} was changed."


def _faults_of_cases(connection: Connection) -> Iterator[str]:
    first = select(case_revisions.c.case_id, case_revisions.c.audit_sequence, case_revisions.c.kept_at)
    firsts: Mapping[str, Any] = {
        row["case_id"]: (row["audit_sequence"], row["kept_at"])
        for row in _rows(connection, first.where(case_revisions.c.revision == 1))
    }
    seen = 0
    for row in _rows(connection, select(cases)):
        seen += 1
        if firsts.get(row["case_id"]) != (row["number"], row["made_at"]):
            yield f"The row of the case of event {row['number']} was changed."
    if seen != len(firsts):
        yield "Cases and their first revisions do not match."


def _faults_of_rules(connection: Connection, told: dict[int, tuple[str, str, str]]) -> Iterator[str | None]:
    expected = {subject: number for number, (action, subject, _) in told.items() if action == _RULES}
    for row in _rows(connection, select(rule_snapshots)):
        number = expected.get(f"rules/{row['version']}", 0)
        _, _, content_sha256 = told.pop(number, ("", "", ""))
        try:
            found = hashlib.sha256(unpack(row["content"])).hexdigest()
        except (TypeError, ValueError):
            found = None
        whole = found == content_sha256 == row["content_sha256"]
        yield None if whole else f"The kept rule book {row['version']} was changed."


def _rows(connection: Connection, statement: Select[Any]) -> Iterator[RowMapping]:
    yield from connection.execute(statement.execution_options(yield_per=_ROWS_AT_ONCE)).mappings()

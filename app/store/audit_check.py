"""Finds every row of the audit trail that was changed, removed, added or moved after it was written."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping, select

from app.store.audit import NO_HASH, hash_of
from app.store.tables_audit import audit_events, audit_head

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})\Z")
_ROWS_AT_ONCE = 1000
MOST_FAULTS = 100
"""Faults that are listed; behind a missing row every later one may be out of place."""


class NotAnAnchor(ValueError):
    """The text is not an anchor as `aspects record verify` prints it."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """The length and last hash of the trail at a moment, to be kept where the database's owner cannot change it."""

    count: int
    hash: str

    def __str__(self) -> str:
        """The anchor on one line, as `read_anchor` takes it."""
        return f"{self.count}:{self.hash}"


@dataclass(frozen=True, slots=True)
class AuditCheck:
    """What was found: nothing, if the trail is whole."""

    count: int
    anchor: Anchor
    faults: tuple[str, ...]


def read_anchor(text: str) -> Anchor:
    """Read an anchor.

    Raises
    ------
    NotAnAnchor
        It is not of the form ``123:`` and 64 hexadecimal digits.
    """
    match = _ANCHOR.match(text.strip())
    if match is None:
        raise NotAnAnchor("An anchor is a number, a colon and 64 hexadecimal digits.")
    return Anchor(int(match[1]), match[2])


def check_audit(connection: Connection, anchors: Iterable[Anchor] = ()) -> AuditCheck:
    """Go through the whole trail in one read transaction.

    Parameters
    ----------
    connection
        Sees one state of the database.
    anchors
        What was kept outside: whoever can change every row and compute every hash anew cannot change these.
    """
    at_count = {0: NO_HASH}
    wanted = list(anchors)
    faults: list[str] = []
    last = Anchor(0, NO_HASH)
    for row in _rows(connection):
        faults += _faults_of(row, last)
        last = Anchor(_number(row["sequence"]), str(row["hash"]))
        if any(anchor.count == last.count for anchor in wanted):
            at_count[last.count] = last.hash
    heads = connection.execute(select(audit_head.c.count, audit_head.c.hash)).all()
    if [tuple(head) for head in heads] != [(last.count, last.hash)]:
        faults.append(f"The trail ends at event {last.count}, which is not where its head says: rows are missing.")
    faults += [
        f"The trail does not hold event {anchor.count} as the anchor knows it."
        for anchor in wanted
        if at_count.get(anchor.count) != anchor.hash
    ]
    return AuditCheck(last.count, last, tuple(faults[:MOST_FAULTS]))


def _rows(connection: Connection) -> Iterator[RowMapping]:
    statement = select(audit_events).order_by(audit_events.c.sequence).execution_options(yield_per=_ROWS_AT_ONCE)
    yield from connection.execute(statement).mappings()


def _faults_of(row: RowMapping, last: Anchor) -> Iterator[str]:
    number = row["sequence"]
    if number != last.count + 1:
        yield f"Event {last.count + 1} is missing: the next one is {number}."
    if row["previous_hash"] != last.hash:
        yield f"Event {number} does not follow the one before it."
    try:
        whole = hash_of(row) == row["hash"]
    except (TypeError, ValueError):  # a value of another type than was ever written
        whole = False
    if not whole:
        yield f"Event {number} was changed."


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0

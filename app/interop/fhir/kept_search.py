"""Which kept cases a FHIR search is for: its parameters, checked, and the rows that they name."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, func, or_, select

from app.interop.fhir.nodes import fault
from app.interop.fhir.systems import CASES_SYSTEM, STUDIES_SYSTEM
from app.queue.job_rows import holds_identity
from app.store.audit import utc_text
from app.store.tables_cases import case_revisions, cases, sign_offs
from app.store.tables_queue import scan_jobs

DEFAULT_COUNT, MOST = 20, 50
_OID = "urn:oid:"
_REPORT = ".report"
_STATUSES = ("preliminary", "final", "corrected")
_AS_THEY_ARE = frozenset({"_format", "_pretty"})
"""Parameters that say how to answer."""


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for; parts that are ``None`` leave nothing out."""

    number: int | None = None
    """Of the case."""
    identifiers: tuple[str, ...] | None = None
    """Names of cases, UIDs of studies or accession numbers: any of them."""
    patients: tuple[str, ...] | None = None
    """The patient's numbers: any of them."""
    statuses: tuple[str, ...] | None = None
    changed_since: str | None = None
    before: int | None = None
    """Only cases that came in earlier than this one: the next page."""
    count: int = DEFAULT_COUNT


def read_search(parameters: Iterable[tuple[str, str]]) -> Search:
    """Read the parameters of an address.

    Raises
    ------
    Problem
        422: one that is not known (it would be dangerous to leave out what narrows a search), twice, or unreadable.
    """
    found: dict[str, Any] = {}
    for name, text in parameters:
        if name in _AS_THEY_ARE:
            continue
        part, read = _READERS.get(name, (None, None))
        if part is None or read is None:
            raise fault("$this", "There is no such search parameter here.", "not-supported")
        if part in found:
            raise fault(name, "This parameter may stand once; alternatives are parted by commas.", "duplicate")
        found[part] = read(name, text)
    return Search(**found)


def find_cases(connection: Connection, search: Search) -> Sequence[Row[Any]]:
    """``number`` and ``case_id`` of the cases that are looked for, the newest first, one more than wanted if any."""
    query = select(cases.c.number, cases.c.case_id).order_by(cases.c.number.desc()).limit(search.count + 1)
    return connection.execute(_narrowed(query, search)).all()


def _narrowed(query: Select[Any], search: Search) -> Select[Any]:
    if search.number is not None:
        query = query.where(cases.c.number == search.number)
    if search.before is not None:
        query = query.where(cases.c.number < search.before)
    if search.identifiers is not None:
        names = or_(*(_told("accession_number", one) for one in search.identifiers))
        query = query.where(or_(cases.c.case_id.in_(search.identifiers), names))
    if search.patients is not None:
        query = query.where(or_(*(_told("patient_id", one) for one in search.patients)))
    if search.statuses is not None:
        signed = select(func.count()).where(sign_offs.c.case_id == cases.c.case_id).scalar_subquery()
        wanted = {"preliminary": signed == 0, "final": signed == 1, "corrected": signed > 1}
        query = query.where(or_(*(wanted[status] for status in search.statuses)))
    if search.changed_since is not None:
        kept = exists().where(
            case_revisions.c.case_id == cases.c.case_id, case_revisions.c.kept_at >= search.changed_since
        )
        signed_since = exists().where(
            sign_offs.c.case_id == cases.c.case_id, sign_offs.c.signed_at >= search.changed_since
        )
        query = query.where(or_(kept, signed_since))
    return query


def _told(part: str, value: str) -> ColumnElement[bool]:
    """Whether a scan of the case was said to belong to somebody or something."""
    return exists().where(scan_jobs.c.case_id == cases.c.case_id, holds_identity(part, value))


def _identifiers(name: str, text: str) -> tuple[str, ...]:
    """``system|value``: a case by our system, a study by DICOM's, an accession number without one."""
    found = []
    for system, value in _tokens(name, text):
        if system not in {"", CASES_SYSTEM, STUDIES_SYSTEM}:
            raise fault(name, "Identifiers of this system are not known here.", "not-supported")
        found.append(value.removeprefix(_OID))
    return tuple(found)


def _patients(name: str, text: str) -> tuple[str, ...]:
    if any(system for system, _ in _tokens(name, text)):
        raise fault(name, "Patients' numbers are known here without a system: send the number alone.", "not-supported")
    return tuple(value for _, value in _tokens(name, text))


def _tokens(name: str, text: str) -> list[tuple[str, str]]:
    parted = [token.rpartition("|")[::2] for token in text.split(",")]
    if not all(value for _, value in parted):
        raise fault(name, "This parameter needs a value.", "value")
    return parted


def _statuses(name: str, text: str) -> tuple[str, ...]:
    found = tuple(value for _, value in _tokens(name, text))
    if not set(found) <= set(_STATUSES):
        raise fault(name, f"The statuses are {', '.join(_STATUSES)}.", "value")
    return found


def _since(name: str, text: str) -> str:
    if not text.startswith(("ge", "gt")):
        raise fault(name, "Only ge and gt can be asked for, with a time and its zone.", "not-supported")
    try:
        moment = datetime.fromisoformat(text[2:].replace(" ", "+"))  # a plus that was not escaped
    except ValueError:
        raise fault(name, "There is no such time.", "value") from None
    if moment.tzinfo is None:
        raise fault(name, "A time needs its zone, such as Z or +01:00.", "value")
    return utc_text(moment)


def _count(name: str, text: str) -> int:
    return min(max(_whole(name, text), 1), MOST)


def _whole(name: str, text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(2**63 - 1)) and int(text) < 2**63):
        raise fault(name, "This parameter is a whole number.", "value")
    return int(text)


def _id(_name: str, text: str) -> int:
    """The number of the case whose report has this id; 0, which no case has, for an id that no report has."""
    return _whole("_id", text.removesuffix(_REPORT)) if text.endswith(_REPORT) else 0


_READERS: Mapping[str, tuple[str, Any]] = {
    "_id": ("number", _id),
    "identifier": ("identifiers", _identifiers),
    "patient.identifier": ("patients", _patients),
    "patient:identifier": ("patients", _patients),
    "status": ("statuses", _statuses),
    "_lastUpdated": ("changed_since", _since),
    "_count": ("count", _count),
    "before": ("before", _whole),
}
"""By name of the parameter, the part of `Search` that it gives and how it is read."""

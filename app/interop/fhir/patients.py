"""The patient: an age from a full date of birth, and nothing for a patient who is recorded as dead."""

from collections.abc import Iterator
from datetime import date, datetime

from app.interop.fhir.bundles import Resource
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.statements import Statement

_OLDEST_YEARS = 120


def read_patient(patient: Resource, evaluated_at: datetime, notes: Notes) -> Iterator[Statement]:
    """The age. Raises the 422 `Problem` for a patient who is dead, or who is not born yet."""
    node = patient.node
    if is_deceased(node):
        raise fault(node.place, "The patient is recorded as deceased; nothing was evaluated.", "business-rule")
    if node.content.get("active") is False:
        notes.warn(node.place, "The record of this patient is marked as not in active use.")
    born = node.day("birthDate")
    if born is None:
        notes.warn(node.place, "There is no full date of birth: the age is not known from here.")
        return
    today = evaluated_at.date()
    years = completed_years(born, today)
    if born > today or years > _OLDEST_YEARS:
        raise fault(f"{node.place}.birthDate", "This date of birth cannot be that of a patient of today.", "value")
    if years > 0:
        yield Statement("age_years", years, f"{node.place}.birthDate")
    else:
        yield Statement("age_days", (today - born).days, f"{node.place}.birthDate")


def is_deceased(patient: Node) -> bool:
    """Whether the record says that the patient is dead."""
    return patient.boolean("deceasedBoolean") is True or patient.content.get("deceasedDateTime") is not None


def completed_years(born: date, today: date) -> int:
    """Age in completed years.

    >>> completed_years(date(1955, 3, 2), date(2026, 3, 1)), completed_years(date(2004, 2, 29), date(2026, 3, 1))
    (70, 22)
    """
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

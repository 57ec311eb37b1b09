"""What several resources say of one fact: the newest of those that can be ordered, or a contradiction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.interop.fhir.nodes import Notes, fault
from scoring.facts import FACTS, Kind


@dataclass(frozen=True, slots=True)
class Statement:
    """One value for one fact, and where it was said."""

    fact: str
    value: Any
    place: str
    at: datetime | None = None
    """When it was so; ``None``: not said."""


def settle(said: Sequence[Statement], notes: Notes) -> Statement:
    """The statement that holds among all on one fact.

    Raises
    ------
    Problem
        422: two statements differ and nothing says which is newer. Times of the patient's course are never overruled
        by a newer record: a moved 'last known well' is a question for a person.
    """
    if all(is_same(one.fact, one.value, said[0].value) for one in said[1:]):
        return max(said, key=lambda one: one.at.timestamp() if one.at else float("-inf"))
    moments = [one.at for one in said if one.at is not None]
    if len(moments) == len(said) and not _is_time(said[0].fact):
        newest = [one for one in said if one.at == max(moments)]
        if all(one.value == newest[0].value for one in newest):
            for older in said:
                if older.at != newest[0].at:
                    notes.tell(older.place, f"There is a newer value of {older.fact}; this one was not used.")
            return newest[0]
    raise fault(said[-1].place, f"{said[-1].fact} is stated twice with different values.", "conflict")


def is_same(fact: str, one: Any, other: Any) -> bool:
    """Whether two values say the same of a fact; moments do so in any zone."""
    if _is_time(fact) and isinstance(one, str) and isinstance(other, str):
        try:
            return datetime.fromisoformat(one) == datetime.fromisoformat(other)
        except (ValueError, TypeError):
            return False
    return bool(one == other)


def _is_time(fact: str) -> bool:
    return fact in FACTS and FACTS[fact].kind is Kind.TIME


def settle_all(statements: Iterable[Statement], notes: Notes) -> dict[str, Statement]:
    """By fact, the statement that holds. Raises as :func:`settle`."""
    by_fact: dict[str, list[Statement]] = {}
    for statement in statements:
        by_fact.setdefault(statement.fact, []).append(statement)
    return {fact: settle(said, notes) for fact, said in by_fact.items()}

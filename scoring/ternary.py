"""Three-valued logic: a question about a patient is met, not met, or unknown, and unknown is never taken for no."""

from collections.abc import Iterable
from enum import StrEnum


class Ternary(StrEnum):
    """The answer to one line of a rule."""

    MET = "met"
    NOT_MET = "not_met"
    UNKNOWN = "unknown"


def all_of(answers: Iterable[Ternary]) -> Ternary:
    """Combine as a checklist is read: one line that fails settles it, however much is unknown.

    >>> all_of([Ternary.UNKNOWN, Ternary.NOT_MET]).value
    'not_met'
    >>> all_of([Ternary.MET, Ternary.UNKNOWN]).value
    'unknown'
    """
    seen = set(answers)
    if Ternary.NOT_MET in seen:
        return Ternary.NOT_MET
    return Ternary.UNKNOWN if Ternary.UNKNOWN in seen else Ternary.MET


def any_of(answers: Iterable[Ternary]) -> Ternary:
    """Combine alternatives: one that is met settles it.

    >>> any_of([Ternary.UNKNOWN, Ternary.MET]).value
    'met'
    >>> any_of([Ternary.UNKNOWN, Ternary.NOT_MET]).value
    'unknown'
    """
    seen = set(answers)
    if Ternary.MET in seen:
        return Ternary.MET
    return Ternary.UNKNOWN if Ternary.UNKNOWN in seen else Ternary.NOT_MET

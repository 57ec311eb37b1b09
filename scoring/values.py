"""Partly known values: a number known only within bounds, or a choice known only to be one of several."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A number known to lie from ``low`` to ``high``, both included; ASPECTS with a region not assessable, say."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """A choice known to be one of ``options``; an M2 occlusion whose dominance was not stated, say."""

    options: frozenset[str]


PARTLY_KNOWN = (Interval, OneOf)
"""For ``isinstance``: a tuple is asked in half the time of a union."""

Known = int | float | bool | str | Interval | OneOf
"""What is known of a fact; a fact of which nothing is known has no value at all."""

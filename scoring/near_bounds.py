"""Says when a patient lies so near to a bound that one step of a scale would give other answers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import floor
from typing import NamedTuple

from scoring.explain import Change
from scoring.facts import FACTS
from scoring.rule_yaml import load_table
from scoring.values import Known


@dataclass(frozen=True, slots=True)
class Margin:
    """How near is near for one fact, and what is known of its measurement."""

    within: float
    unit: str
    note: str | None
    checked: str | None
    """How ``note`` was checked, as ``Checked.status``; ``None``: there is no note."""


@dataclass(frozen=True, slots=True)
class NearBound:
    """One fact that lies near to a value at which answers differ."""

    fact: str
    value: float
    nearest: float
    """The nearest value at which another answer is given."""
    rulesets: tuple[str, ...]
    """Rule sets that would answer otherwise, in the order of the rule book."""
    margin: Margin

    @property
    def distance(self) -> float:
        """From the patient's value to the nearest other one, in the margin's unit."""
        return abs(self.nearest - self.value)

    @property
    def text(self) -> str:
        """The distance in words, without the rule sets."""
        steps = f"{self.distance:.2g}" if self.distance < 1 else f"{floor(self.distance)}"
        plural = "" if steps == "1" else "s"
        return f"{FACTS[self.fact].title} is {steps} {self.margin.unit}{plural} from other answers"


class Graded(NamedTuple):
    """The values of one fact at which rule sets give another answer, and how near to them is near."""

    fact: str
    margin: Margin
    rulesets_at: Mapping[float, Sequence[str]]
    """Rule sets that would answer otherwise, by the nearest value at which they do."""
    low: float
    high: float
    """Below and above these no value is near."""


def graded(changes: Iterable[Change]) -> list[Graded]:
    """The changes of facts that have a margin, by fact in the order of the margins.

    ``changes`` are what ``what_would_change`` found.
    """
    at: dict[str, dict[float, list[str]]] = {}
    for change in changes:
        if change.fact in margins() and change.nearest is not None:
            at.setdefault(change.fact, {}).setdefault(change.nearest, []).append(change.ruleset)
    return [
        Graded(fact, margin, at[fact], min(at[fact]) - margin.within, max(at[fact]) + margin.within)
        for fact, margin in margins().items()
        if fact in at
    ]


def near_bounds(changes: Iterable[Graded], values: Mapping[str, Known]) -> list[NearBound]:
    """Pick the changes that lie within the margin of their fact, the nearest first.

    Parameters
    ----------
    changes
        What ``what_would_change`` found for the same patient, ``graded``.
    values
        What is known of the case, as ``derived.assess`` gives it.
    """
    found: list[NearBound] = []
    for fact, margin, rulesets_at, low, high in changes:
        value = values.get(fact)
        if isinstance(value, (int, float)) and low <= value <= high:
            near = [
                NearBound(fact, value, nearest, tuple(dict.fromkeys(rulesets)), margin)
                for nearest, rulesets in rulesets_at.items()
                if abs(nearest - value) <= margin.within
            ]
            found += sorted(near, key=lambda bound: bound.distance)
    return found


@cache
def margins() -> Mapping[str, Margin]:
    """The margins by fact, in the order in which they are told."""
    return {fact: Margin(**entry) for fact, entry in load_table("near_bounds").items()}

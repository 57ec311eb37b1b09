"""Says when a patient lies so near to a bound that one step of a scale would give other answers."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from math import floor

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


def graded(changes: Iterable[Change]) -> list[Change]:
    """The changes of facts that have a margin; the only ones that `near_bounds` can pick."""
    return [change for change in changes if change.fact in margins() and change.nearest is not None]


def near_bounds(changes: Iterable[Change], values: Mapping[str, Known]) -> list[NearBound]:
    """Pick the changes that lie within the margin of their fact; the nearest for each fact and direction together.

    Parameters
    ----------
    changes
        What ``what_would_change`` found for the same patient.
    values
        What is known of the case, as ``derived.assess`` gives it.
    """
    near: dict[tuple[str, float], list[str]] = {}
    for change in changes:
        margin, value = margins().get(change.fact), values.get(change.fact)
        if margin is None or change.nearest is None or not isinstance(value, int | float):
            continue
        if abs(change.nearest - value) <= margin.within:
            near.setdefault((change.fact, change.nearest), []).append(change.ruleset)
    found = [_near(fact, nearest, rulesets, values) for (fact, nearest), rulesets in near.items()]
    return sorted(found, key=lambda bound: (list(margins()).index(bound.fact), bound.distance))


def _near(fact: str, nearest: float, rulesets: list[str], values: Mapping[str, Known]) -> NearBound:
    value = values[fact]
    assert isinstance(value, int | float)  # noqa: S101 -- chosen so above
    return NearBound(fact, value, nearest, tuple(dict.fromkeys(rulesets)), margins()[fact])


@cache
def margins() -> Mapping[str, Margin]:
    """The margins by fact, in the order in which they are told."""
    return {fact: Margin(**entry) for fact, entry in load_table("near_bounds").items()}

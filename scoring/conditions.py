"""The closed set of conditions that a rule may use; each is about one fact and answers met, not met or unknown."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scoring.ternary import Ternary
from scoring.values import Interval, Known, OneOf


@dataclass(frozen=True, slots=True)
class Bounds:
    """The fact is a number within bounds; ``strict`` bounds are themselves outside."""

    fact: str
    low: float | None = None
    low_is_strict: bool = False
    high: float | None = None
    high_is_strict: bool = False
    text: str = field(init=False, compare=False)
    """The bounds in words: ``"at least 6"``, ``"above 360, at most 1440"``."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", self._in_words())

    def holds(self, value: Any) -> bool:
        """Whether a fully known number satisfies the bounds."""
        if self.low is not None and (value <= self.low if self.low_is_strict else value < self.low):
            return False
        return self.high is None or not (value >= self.high if self.high_is_strict else value > self.high)

    def answer(self, known: Known | None) -> Ternary:
        """Answer for what is known of the fact; an interval that lies across a bound is unknown."""
        if known is None:
            return Ternary.UNKNOWN
        if not isinstance(known, Interval):
            return Ternary.MET if self.holds(known) else Ternary.NOT_MET
        if self.holds(known.low) and self.holds(known.high):
            return Ternary.MET
        below = self.low is not None and (known.high <= self.low if self.low_is_strict else known.high < self.low)
        above = self.high is not None and (known.low >= self.high if self.high_is_strict else known.low > self.high)
        return Ternary.NOT_MET if below or above else Ternary.UNKNOWN

    def _in_words(self) -> str:
        low = None if self.low is None else written(self.fact, self.low)
        high = None if self.high is None else written(self.fact, self.high)
        if low is not None and low == high:
            return f"exactly {low}"
        if low is not None and high is not None and not self.low_is_strict and not self.high_is_strict:
            return f"{low} to {high}"
        parts = []
        if low is not None:
            parts.append(f"{'above' if self.low_is_strict else 'at least'} {low}")
        if high is not None:
            parts.append(f"{'below' if self.high_is_strict else 'at most'} {high}")
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Membership:
    """The fact is one of the listed choices."""

    fact: str
    choices: tuple[str, ...]
    text: str = field(init=False, compare=False)
    """The choices in words."""

    def __post_init__(self) -> None:
        words = self.choices[0] if len(self.choices) == 1 else f"one of {', '.join(self.choices)}"
        object.__setattr__(self, "text", words)

    def holds(self, value: Any) -> bool:
        """Whether a fully known choice is listed."""
        return value in self.choices

    def answer(self, known: Known | None) -> Ternary:
        """Answer for what is known of the fact; options partly inside the list are unknown."""
        if known is None:
            return Ternary.UNKNOWN
        if not isinstance(known, OneOf):
            return Ternary.MET if self.holds(known) else Ternary.NOT_MET
        inside = [self.holds(option) for option in known.options]
        return Ternary.MET if all(inside) else Ternary.UNKNOWN if any(inside) else Ternary.NOT_MET


@dataclass(frozen=True, slots=True)
class Flag:
    """The fact is yes, or is no."""

    fact: str
    expected: bool

    def holds(self, value: Any) -> bool:
        """Whether a known flag is as expected."""
        return value is self.expected

    def answer(self, known: Known | None) -> Ternary:
        """Answer for what is known of the fact."""
        if known is None:
            return Ternary.UNKNOWN
        return Ternary.MET if self.holds(known) else Ternary.NOT_MET

    @property
    def text(self) -> str:
        """The expectation in words."""
        return "yes" if self.expected else "no"


Condition = Bounds | Membership | Flag

_BOUND_KEYS = {"at_least", "above", "at_most", "below", "between"}


def read_condition(entry: Mapping[str, Any]) -> Condition:
    """Build the condition that a line of a rule file states.

    Raises
    ------
    ValueError
        The line is not one of the known shapes; the message says what is wrong.

    Examples
    --------
    >>> read_condition({"fact": "nihss_total", "at_least": 6}).text
    'at least 6'
    >>> read_condition({"fact": "age_years", "below": {"days": 28}}).high_is_strict
    True
    """
    keys = set(entry) - {"fact"}
    fact = entry.get("fact")
    if not isinstance(fact, str):
        raise ValueError("a condition needs 'fact: <name>'")
    if keys == {"is"} and isinstance(entry["is"], bool):
        return Flag(fact, entry["is"])
    if keys == {"one_of"} and isinstance(entry["one_of"], list) and entry["one_of"]:
        return Membership(fact, tuple(str(choice) for choice in entry["one_of"]))
    if keys and keys <= _BOUND_KEYS and (keys == {"between"} or "between" not in keys):
        return _read_bounds(fact, entry)
    raise ValueError(f"'{fact}' needs one of: is, one_of, between, or bounds at_least/above and at_most/below")


def _read_bounds(fact: str, entry: Mapping[str, Any]) -> Bounds:
    if "between" in entry:
        low, high = (_bound(value) for value in entry["between"])
        bounds = Bounds(fact, low=low, high=high)
    else:
        if {"at_least", "above"} <= set(entry) or {"at_most", "below"} <= set(entry):
            raise ValueError(f"'{fact}' states the same bound twice")
        low_key = "above" if "above" in entry else "at_least"
        high_key = "below" if "below" in entry else "at_most"
        bounds = Bounds(
            fact,
            low=_bound(entry.get(low_key)),
            low_is_strict=low_key == "above",
            high=_bound(entry.get(high_key)),
            high_is_strict=high_key == "below",
        )
    if bounds.low is not None and bounds.high is not None and bounds.low > bounds.high:
        raise ValueError(f"'{fact}' has a lower bound above its upper bound")
    return bounds


DAYS_PER_YEAR = 365.25
"""Lets a rule state an age bound in days on the one fact ``age_years``; ages given in days use the same factor."""

GLUCOSE_MG_PER_DL_PER_MMOL_PER_L = 18.016
"""Tenth of the molar mass of glucose, 180.16 g/mol: sources that print mg/dL are compared without rounding."""


def written(fact: str, bound: float) -> str:
    """A bound as people read it: an age below one year in days, a converted number to three places.

    >>> written("age_years", 28 / DAYS_PER_YEAR), written("glucose_mmol_per_l", 400.5 / 18.016)
    ('28 days', '22.23')
    """
    if fact == "age_years" and 0 < bound < 1:
        return f"{bound * DAYS_PER_YEAR:.0f} days"
    return f"{round(bound, 3):g}"


_UNIT_DIVISORS = {"days": DAYS_PER_YEAR, "mg_per_dl": GLUCOSE_MG_PER_DL_PER_MMOL_PER_L}


def _bound(value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, Mapping) and len(value) == 1:
        ((unit, amount),) = value.items()
        if unit in _UNIT_DIVISORS:
            return float(amount / _UNIT_DIVISORS[unit])
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("a bound is a number, or a number in 'days' of age or 'mg_per_dl' of glucose")
    return value

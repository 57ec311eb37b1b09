"""Which bounds of time are crossed on the way to the puncture, when, and whose answers they change."""

from collections.abc import Mapping
from dataclasses import dataclass

from scoring.eligibility import outcomes
from scoring.grid import Grid
from scoring.outcomes import Outcome
from scoring.values import Known

_CLOCK = "minutes_since_last_known_well"


@dataclass(frozen=True, slots=True)
class Crossing:
    """One bound of the time since last known well, and the rule sets that answer otherwise beyond it."""

    minutes_since_last_known_well: float
    minutes_from_now: float
    """When the bound is reached; the other answers hold beyond it."""
    changes: tuple[tuple[str, Outcome, Outcome], ...]
    """Id of the rule set, its outcome before and after."""


def later(values: Mapping[str, Known], durations: Mapping[str, float], minutes: float) -> dict[str, Known]:
    """The same patient so many minutes later; ``durations`` are the facts that grow with time."""
    return {**values, **{name: duration + minutes for name, duration in durations.items()}}


def crossings(
    grid: Grid, values: Mapping[str, Known], durations: Mapping[str, float], minutes_to_puncture: int | None
) -> tuple[Crossing, ...]:
    """The bounds between now and the projected puncture at which some rule set changes its answer, in order.

    Parameters
    ----------
    grid
        The rule sets.
    values
        What is known of the case, as ``derived.assess`` gives it.
    durations
        ``Timeline.minutes`` of the same case.
    minutes_to_puncture
        From now to the projected puncture; ``None``: not known, so nothing is crossed.
    """
    now = values.get(_CLOCK)
    if minutes_to_puncture is None or not isinstance(now, int | float):
        return ()
    before = outcomes(grid, values)
    found = []
    points = next((column.points for column in grid.columns if column.fact == _CLOCK), ())
    for point in (point for point in points if now <= point < now + minutes_to_puncture):
        after = outcomes(grid, later(values, durations, point - now + _A_MOMENT))
        changed = tuple(
            (ruleset.id, old, new) for ruleset, old, new in zip(grid.rulesets, before, after, strict=True) if old != new
        )
        if changed:
            found.append(Crossing(point, point - now, changed))
        before = after
    return tuple(found)


_A_MOMENT = 0.5
"""Half a minute: beyond one bound and before the next, which lie whole minutes apart."""

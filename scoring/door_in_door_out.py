"""The clock between arrival at the first hospital and leaving it for the thrombectomy centre."""

from dataclasses import dataclass
from functools import cache
from typing import Any

from scoring.rule_yaml import load_table


@dataclass(frozen=True, slots=True)
class DoorInDoorOutTarget:
    """One published target."""

    minutes: int
    title: str
    checked: str

    def is_missed(self, minutes_since_arrival: float) -> bool:
        """Whether the stay is already longer than the target."""
        return minutes_since_arrival > self.minutes


@cache
def door_in_door_out_targets() -> tuple[DoorInDoorOutTarget, ...]:
    """The targets, the strictest first.

    >>> [target.is_missed(91) for target in door_in_door_out_targets()]
    [True, False]
    """
    return tuple(DoorInDoorOutTarget(**entry) for entry in _settings()["targets"])


def door_in_door_out_dispute() -> str:
    """Why no single target is agreed on."""
    return str(_settings()["dispute"]).strip()


@cache
def _settings() -> dict[str, Any]:
    settings: dict[str, Any] = load_table("door_in_door_out")
    return settings

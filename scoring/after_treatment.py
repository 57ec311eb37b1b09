"""Reference for the time after treatment: checklists, scales of outcome, definitions; no patient is judged by it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from scoring.outcomes import Outcome
from scoring.rule_yaml import load_table


@dataclass(frozen=True, slots=True)
class CareItem:
    """One point of a checklist."""

    id: str
    title: str
    strength: Outcome | None
    """As the source grades it; ``None``: it gives no grade, or the grade was not found."""
    level: str | None
    source: str
    """Key of ``sources.yaml``."""
    checked: str


@dataclass(frozen=True, slots=True)
class OutcomeScale:
    """A scale on which the result of treatment is told."""

    id: str
    title: str
    grades: Mapping[str, str]
    note: str | None
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class Definition:
    """A term and what it means."""

    id: str
    title: str
    text: str
    source: str
    checked: str


@dataclass(frozen=True, slots=True)
class AfterTreatment:
    """All of it, each part in the order in which it is told."""

    first_24_hours: tuple[CareItem, ...]
    later: tuple[CareItem, ...]
    scales: tuple[OutcomeScale, ...]
    definitions: tuple[Definition, ...]


@cache
def after_treatment() -> AfterTreatment:
    """The reference of this installation, read once."""
    table: dict[str, Any] = load_table("after_treatment")
    return AfterTreatment(
        first_24_hours=tuple(_care_item(entry) for entry in table["first_24_hours"]),
        later=tuple(_care_item(entry) for entry in table["later"]),
        scales=tuple(OutcomeScale(**entry) for entry in table["scales"]),
        definitions=tuple(Definition(**entry) for entry in table["definitions"]),
    )


def _care_item(entry: Mapping[str, Any]) -> CareItem:
    strength = entry["strength"]
    return CareItem(**{**entry, "strength": Outcome(strength) if strength else None})

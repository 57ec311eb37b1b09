"""What the receiving centre will ask, filled with what is known and honest about what is not."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from scoring.case import Case
from scoring.rule_yaml import load_table
from scoring.values import Known


@dataclass(frozen=True, slots=True)
class ChecklistItem:
    """One line of the call."""

    id: str
    title: str
    facts: tuple[str, ...] = ()
    """Facts that fill the line; none: only a person can."""


@dataclass(frozen=True, slots=True)
class FilledItem:
    """A line with what is known; an empty ``known`` means that it must be asked or said."""

    item: ChecklistItem
    known: Mapping[str, Any]
    """Values by fact, times as they were stated."""


def transfer_checklist(case: Case, values: Mapping[str, Known]) -> list[FilledItem]:
    """Fill the list.

    Parameters
    ----------
    case
        The case; its facts hold the times as they were stated.
    values
        What is known of the case, as ``derived.assess`` gives it: scores count as known when their items were given.
    """
    return [FilledItem(item, _known(item, case, values)) for item in checklist_items()]


@cache
def checklist_items() -> tuple[ChecklistItem, ...]:
    """The lines in the order in which they are asked."""
    entries = load_table("transfer_checklist")["items"]
    return tuple(ChecklistItem(e["id"], e["title"], tuple(e.get("facts", ()))) for e in entries)


def _known(item: ChecklistItem, case: Case, values: Mapping[str, Known]) -> dict[str, Any]:
    known: dict[str, Any] = {}
    for fact in item.facts:
        stated = getattr(case.facts, fact)
        value = values.get(fact) if stated is None else stated
        if value is not None:
            known[fact] = value
    return known

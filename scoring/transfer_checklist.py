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
    return filled_with(known_to_tell(case, values))


def known_to_tell(case: Case, values: Mapping[str, Known]) -> dict[str, Any]:
    """What is known of all that the list asks for, by fact, in its order; as it was stated where it was."""
    told = {**values, **case.facts.known()}
    return {fact: told[fact] for fact in _facts_asked() if fact in told}


def filled_with(known: Mapping[str, Any]) -> list[FilledItem]:
    """The list, each line with what is ``known`` for it."""
    return [FilledItem(item, {fact: known[fact] for fact in item.facts if fact in known}) for item in checklist_items()]


@cache
def _facts_asked() -> tuple[str, ...]:
    return tuple(fact for item in checklist_items() for fact in item.facts)


@cache
def checklist_items() -> tuple[ChecklistItem, ...]:
    """The lines in the order in which they are asked."""
    entries = load_table("transfer_checklist")["items"]
    return tuple(ChecklistItem(e["id"], e["title"], tuple(e.get("facts", ()))) for e in entries)

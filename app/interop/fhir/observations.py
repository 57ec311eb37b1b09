"""Observations to statements: facts under public or our own codes, the NIHSS with its items, and both ASPECTS."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.interop.fhir.bundles import Resource
from app.interop.fhir.fact_codes import (
    ASPECTS_SCORE,
    BP_PANELS,
    LASTING,
    LOINC_FACTS,
    NAMED_AFTER,
    NIHSS_PANELS,
    SENT_AS_OBSERVATIONS,
    SNOMED_FACTS,
)
from app.interop.fhir.freshness import Freshness, made_at
from app.interop.fhir.nihss_codes import NIHSS_ITEMS, grade_of
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.region_scores import RegionScore, read_posterior_score, read_score
from app.interop.fhir.statements import Statement
from app.interop.fhir.systems import FACTS_SYSTEM, LOINC, NIHSS_SYSTEM, RESULTS_SYSTEM, SNOMED
from app.interop.fhir.values import fact_value, plain_number, value_element
from scoring.facts import FACTS
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE, UNTESTABLE

_USABLE = frozenset({"final", "amended", "corrected", "preliminary"})
_ELAPSING = {"min": timedelta(minutes=1), "h": timedelta(hours=1), "days ago": timedelta(days=1)}
"""Units of facts that count the time since something: what was said an hour ago has grown by an hour."""


@dataclass(slots=True)
class Observed:
    """What all Observations say."""

    statements: list[Statement] = field(default_factory=list)
    scores: list[RegionScore] = field(default_factory=list)
    posterior_scores: list[RegionScore] = field(default_factory=list)
    used: list[Resource] = field(default_factory=list)


def read_observation(resource: Resource, freshness: Freshness, observed: Observed, notes: Notes) -> None:
    """Add what one Observation says. Raises the 422 `Problem` of what it says wrongly."""
    node = resource.node
    status = node.text("status")
    if status not in _USABLE:
        notes.tell(node.place, "Its status says that this observation does not hold; it was not used.")
        return
    at = made_at(node)
    if freshness.is_ahead(node, at, notes):
        return
    before = len(observed.statements) + len(observed.scores) + len(observed.posterior_scores)
    if node.has_code("code", SNOMED, frozenset({ASPECTS_SCORE})):
        if not freshness.is_stale(node, at, notes):
            observed.scores.append(read_score(node, at, notes))
    elif node.has_code("code", RESULTS_SYSTEM, frozenset({"pc-aspects"})):
        if not freshness.is_stale(node, at, notes):
            observed.posterior_scores.append(read_posterior_score(node, at, notes))
    else:
        _read_plain(node, at, freshness, observed, notes)
    if len(observed.statements) + len(observed.scores) + len(observed.posterior_scores) > before:
        observed.used.append(resource)


def _read_plain(node: Node, at: datetime | None, freshness: Freshness, observed: Observed, notes: Notes) -> None:
    components = node.nodes("component")
    known = False
    if fact := fact_of(node):
        known = True
        observed.statements += _fact(node, fact, at, freshness, notes)
    elif item := item_of(node):
        known = True
        observed.statements += _item(node, item, at, freshness, notes)
    for component in components:
        if fact := fact_of(component):
            known = True
            observed.statements += _fact(component, fact, at, freshness, notes)
        elif item := item_of(component):
            known = True
            observed.statements += _item(component, item, at, freshness, notes)
        else:
            notes.tell(component.place, "No fact of this service has this code; the component was not used.")
    if not known and not _is_panel(node):
        why = next(
            (NAMED_AFTER[code] for system, code in node.codings("code") if system == LOINC and code in NAMED_AFTER),
            None,
        )
        notes.tell(
            node.place, f"This code {why}." if why else "No fact of this service has this code; it was not used."
        )


def _is_panel(node: Node) -> bool:
    return node.has_code("code", LOINC, BP_PANELS | NIHSS_PANELS) and bool(node.nodes("component"))


def fact_of(node: Node) -> str | None:
    """The fact that the codes of an Observation or component mean. Raises the 422 `Problem` for two."""
    found = set()
    for system, code in node.codings("code"):
        if system == FACTS_SYSTEM and code in SENT_AS_OBSERVATIONS:
            found.add(code)
        elif system == LOINC and code in LOINC_FACTS:
            found.add(LOINC_FACTS[code])
        elif system == SNOMED and code in SNOMED_FACTS:
            found.add(SNOMED_FACTS[code])
    if len(found) > 1:
        raise fault(f"{node.place}.code", "The codes mean two different facts.", "conflict")
    return found.pop() if found else None


def item_of(node: Node) -> str | None:
    """The NIHSS item that the codes mean; ``None``: none."""
    return next(
        (NIHSS_ITEMS[code] for system, code in node.codings("code") if system == LOINC and code in NIHSS_ITEMS), None
    )


def _fact(node: Node, fact: str, at: datetime | None, freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    if fact not in LASTING and freshness.is_stale(node, at, notes):
        return
    value = fact_value(node, FACTS[fact], notes)
    if value is not None:
        yield Statement(fact, _grown(value, fact, at, freshness), node.place, at)


def _grown(value: Any, fact: str, at: datetime | None, freshness: Freshness) -> Any:
    step = _ELAPSING.get(FACTS[fact].unit or "")
    if step is None or at is None or at >= freshness.evaluated_at:
        return value
    since = (freshness.evaluated_at - at) / step
    return value + (since if isinstance(value, float) else int(since))


def _item(node: Node, item: str, at: datetime | None, freshness: Freshness, notes: Notes) -> Iterator[Statement]:
    if freshness.is_stale(node, at, notes):
        return
    grade = _grade(node, item, notes)
    if grade is not None:
        yield Statement(f"nihss_items.{item}", grade, node.place, at)


def _grade(node: Node, item: str, notes: Notes) -> int | str | None:
    name = value_element(node)
    if name is None:
        notes.tell(node.place, f"There is no value: NIHSS item {item} is not known from here.")
        return None
    if name == "valueInteger":
        return _whole(node, name, item)
    if name == "valueQuantity":
        quantity = node.node(name)
        return None if quantity is None else _whole(quantity, "value", item)
    if name != "valueCodeableConcept":
        raise fault(f"{node.place}.{name}", f"NIHSS item {item} is a whole number or an answer code.", "value")
    found = {grade_of(item, code) for system, code in node.codings(name) if system == LOINC} - {None}
    if node.has_code(name, NIHSS_SYSTEM, frozenset({UNTESTABLE})) and item in MAY_BE_UNTESTABLE:
        found.add(UNTESTABLE)
    if len(found) != 1:
        raise fault(f"{node.place}.{name}", f"No code of this value is one answer to NIHSS item {item}.", "value")
    return found.pop()


def _whole(node: Node, name: str, item: str) -> int:
    value = plain_number(node, name) if name in node.content else -1
    if value != int(value) or not 0 <= value <= ITEM_MAXIMA[item]:
        raise fault(node.place, f"NIHSS item {item} is a whole number from 0 to {ITEM_MAXIMA[item]}.", "value")
    return int(value)

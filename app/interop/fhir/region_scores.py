"""ASPECTS and pc-ASPECTS as Observations with a component a region: the same shape in which we answer them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

from app.interop.fhir.fact_codes import SNOMED_ANSWERS
from app.interop.fhir.nodes import Node, Notes, fault
from app.interop.fhir.systems import FACTS_SYSTEM, REGIONS_SYSTEM, RESTATED, RESULTS_SYSTEM, SNOMED, STATUS_SYSTEM
from app.interop.fhir.values import chosen_words, plain_number
from scoring.facts import FACTS
from scoring.regions import PosteriorRegion, Region, Status

ASPECTS_PREFIX = "ASPECTS-"
POSTERIOR_PREFIX = "PCASPECTS-"
MARKS = ("old_infarct", "swelling_only")
"""Lists of regions that are recorded and not scored."""

BOUNDS = frozenset({"aspects-low", "aspects-high", "pc-aspects-low", "pc-aspects-high"})
"""Bounds that we answer with; they follow from the regions and are not read back."""

_AUTHORS_OF_FINAL = frozenset({"final", "amended", "corrected"})
_Part = TypeVar("_Part", Region, PosteriorRegion)


@dataclass(frozen=True, slots=True)
class RegionScore:
    """One score with its regions, as one Observation states it."""

    place: str
    at: datetime | None
    total: int | None
    side: str | None
    regions: Mapping[str, str]
    marks: Mapping[str, list[str]] = field(default_factory=dict)
    from_software: bool = False
    """Whether a device made it and nobody has confirmed it."""
    is_restated: bool = False
    """Whether it is an answer of this service, which repeats what it was sent."""

    @property
    def findings(self) -> dict[str, Any] | None:
        """As the ``findings`` of a triage request; ``None``: no region was stated."""
        if not self.regions and not any(self.marks.values()):
            return None
        return {"side": self.side, "regions": dict(self.regions), **self.marks}

    @property
    def content(self) -> tuple[Any, ...]:
        """What two statements are compared by."""
        return self.total, self.side, dict(self.regions), {name: sorted(parts) for name, parts in self.marks.items()}


def read_score(node: Node, at: datetime | None, notes: Notes) -> RegionScore:
    """ASPECTS. Raises the 422 `Problem` of what it says wrongly."""
    regions: dict[str, str] = {}
    marks: dict[str, list[str]] = {name: [] for name in MARKS}
    side = None
    for component in node.nodes("component"):
        if region := _region(component, "code", ASPECTS_PREFIX, Region):
            _put(regions, region, component, notes)
        elif mark := _own_code(component, RESULTS_SYSTEM, frozenset(MARKS)):
            marked = _region(component, "valueCodeableConcept", ASPECTS_PREFIX, Region)
            if marked is None:
                raise fault(component.place, "This component names an ASPECTS region as its value.", "value")
            marks[mark].append(marked)
        elif _own_code(component, FACTS_SYSTEM, frozenset({"affected_side"})):
            side = _side(component)
        elif not _own_code(component, RESULTS_SYSTEM, BOUNDS):
            notes.tell(component.place, "No ASPECTS region has this code; the component was not used.")
    return RegionScore(
        node.place,
        at,
        _total(node),
        side or _body_side(node),
        regions,
        marks,
        _is_unconfirmed(node),
        _is_restated(node),
    )


def read_posterior_score(node: Node, at: datetime | None, notes: Notes) -> RegionScore:
    """pc-ASPECTS. Raises the 422 `Problem` of what it says wrongly."""
    regions: dict[str, str] = {}
    for component in node.nodes("component"):
        if region := _region(component, "code", POSTERIOR_PREFIX, PosteriorRegion):
            _put(regions, region, component, notes)
        elif not _own_code(component, RESULTS_SYSTEM, BOUNDS):
            notes.tell(component.place, "No pc-ASPECTS region has this code; the component was not used.")
    return RegionScore(node.place, at, _total(node), None, regions, {}, _is_unconfirmed(node), _is_restated(node))


def _total(node: Node) -> int | None:
    if "valueQuantity" in node.content:
        quantity = node.node("valueQuantity")
        if quantity is None or "value" not in quantity.content or quantity.content.get("comparator"):
            return None
        value = plain_number(quantity, "value")
    elif "valueInteger" in node.content:
        value = plain_number(node, "valueInteger")
    elif any(name.startswith("value") for name in node.content):
        raise fault(node.place, "The total is a whole number: send valueInteger.", "value")
    else:
        return None
    if value != int(value) or not 0 <= value <= 10:  # noqa: PLR2004 -- the definition of both scores
        raise fault(node.place, "The total is a whole number from 0 to 10.", "value")
    return int(value)


def _own_code(component: Node, system: str, codes: frozenset[str]) -> str | None:
    return next((code for named, code in component.codings("code") if named == system and code in codes), None)


def _region(node: Node, name: str, prefix: str, parts: type[_Part]) -> str | None:
    known: list[StrEnum] = list(parts)
    return next(
        (
            code.removeprefix(prefix)
            for system, code in node.codings(name)
            if system == REGIONS_SYSTEM and code.startswith(prefix) and code.removeprefix(prefix) in known
        ),
        None,
    )


def _put(regions: dict[str, str], region: str, component: Node, notes: Notes) -> None:
    status = _status(component)
    if status is None:
        notes.tell(component.place, "Nothing says what was seen here: the region counts as not looked at.")
        return
    if regions.setdefault(region, status) != status:
        raise fault(component.place, "This region stands twice with different findings.", "conflict")


def _status(component: Node) -> str | None:
    """What was seen; ``None``: not looked at."""
    if any(coded == (STATUS_SYSTEM, Status.NOT_ASSESSABLE) for coded in component.codings("dataAbsentReason")):
        return Status.NOT_ASSESSABLE
    if "dataAbsentReason" in component.content or "valueCodeableConcept" not in component.content:
        return None
    found = {code for system, code in component.codings("valueCodeableConcept") if system == STATUS_SYSTEM}
    found |= {
        Status.AFFECTED if SNOMED_ANSWERS[code] else Status.UNAFFECTED
        for system, code in component.codings("valueCodeableConcept")
        if system == SNOMED and code in SNOMED_ANSWERS
    }
    if len(found) != 1 or not found <= set(Status):
        raise fault(
            component.place, "A region is affected, unaffected or not_assessable, by one of our codes.", "value"
        )
    return found.pop()


def _side(component: Node) -> str:
    sides = set(chosen_words(component, "valueCodeableConcept", FACTS["affected_side"]))
    if len(sides) != 1:
        raise fault(component.place, "The side is left or right, by one code.", "value")
    return sides.pop()


def _body_side(node: Node) -> str | None:
    sides = set(chosen_words(node, "bodySite", FACTS["affected_side"]))
    return sides.pop() if len(sides) == 1 else None


def _is_restated(node: Node) -> bool:
    meta = node.node("meta")
    return meta is not None and any(
        (tag.text("system"), tag.text("code")) == (RESULTS_SYSTEM, RESTATED) for tag in meta.nodes("tag")
    )


def _is_unconfirmed(node: Node) -> bool:
    return node.content.get("device") is not None and node.text("status") not in _AUTHORS_OF_FINAL

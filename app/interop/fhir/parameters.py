"""Parameters as input: the facts, findings and site of a triage request under the names that they have there."""

from dataclasses import dataclass, field
from typing import Any

from app.interop.fhir.nodes import Node, fault

_LISTS = frozenset({"old_infarct", "swelling_only"})
_OBJECTS = frozenset({"facts", "findings", "posterior_findings", "site", "regions", "nihss_items"})
_SCALARS = frozenset({"evaluated_at", "case_id", "site_id"})
_VALUES = frozenset({
    "valueString", "valueCode", "valueInteger", "valueDecimal", "valueBoolean", "valueDateTime", "valueInstant",
    "valuePositiveInt", "valueUnsignedInt",
})  # fmt: skip


@dataclass(slots=True)
class Stated:
    """What Parameters state: parts of a triage request, each with its place, and Bundles."""

    request: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    bundles: list[Node] = field(default_factory=list)

    def merge(self, other: "Stated") -> None:
        """Take over another one's parts. Raises the 422 `Problem` for a part that both have."""
        for name, value in other.request.items():
            if name in self.request:
                raise fault(other.places[name], f"{name} is stated twice.", "duplicate")
            self.request[name] = value
            self.places[name] = other.places[name]
        self.bundles += other.bundles


def read_parameters(node: Node) -> Stated:
    """Take Parameters apart.

    Raises
    ------
    Problem
        422: a name that no triage request has, a name twice, or a type that is never right. Whether a value fits its
        fact is checked with the whole request.
    """
    stated = Stated()
    for part in node.nodes("parameter"):
        name = _name(part)
        if name == "bundle":
            resource = part.node("resource")
            if resource is None or resource.text("resourceType") != "Bundle":
                raise fault(part.place, "The parameter bundle holds a Bundle as its resource.", "structure")
            stated.bundles.append(resource)
            continue
        if name in stated.request:
            raise fault(part.place, f"{name} is stated twice.", "duplicate")
        if name in _OBJECTS - {"regions", "nihss_items"}:
            stated.request[name] = _object(part)
        elif name in _SCALARS:
            stated.request[name] = _value(part)
        else:
            raise fault(part.place, "There is no such parameter.", "not-found")
        stated.places[name] = part.place
    return stated


def _object(node: Node) -> dict[str, Any]:
    content: dict[str, Any] = {}
    for part in node.nodes("part"):
        name = _name(part)
        if name in _LISTS:
            content.setdefault(name, []).append(_value(part))
        elif name in content:
            raise fault(part.place, "This name stands twice.", "duplicate")
        else:
            content[name] = _object(part) if name in _OBJECTS else _value(part)
    return content


def _name(node: Node) -> str:
    name = node.text("name")
    if name is None:
        raise fault(node.place, "A parameter has a name.", "required")
    return name


def _value(node: Node) -> Any:
    found = [name for name in node.content if name not in {"name", "id", "extension"}]
    if len(found) != 1 or found[0] not in _VALUES:
        raise fault(node.place, "This parameter has one value of a simple type.", "structure")
    return node.content[found[0]]

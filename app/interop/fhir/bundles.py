"""Takes a Bundle apart: its resources with their places, its one patient, and whether all of it is about them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.interop.fhir.nodes import Node, Notes, fault

ACCEPTED_TYPES = frozenset({"collection", "searchset", "document", "batch-response"})
MOST_ENTRIES = 5000
"""Entries that one Bundle may have."""

_SUBJECTS = ("subject", "patient")


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of the Bundle."""

    node: Node
    kind: str
    full_url: str | None

    @property
    def reference(self) -> str | None:
        """How others may refer to it: an absolute address where there is one, else type and id."""
        identifier = self.node.text("id")
        if self.full_url is not None and "://" in self.full_url:
            return self.full_url
        if identifier is not None:
            return f"{self.kind}/{identifier}"
        return self.full_url


@dataclass(slots=True)
class Contents:
    """The usable resources of a Bundle, and its patient."""

    resources: list[Resource] = field(default_factory=list)
    patient: Resource | None = None
    subject: str | None = None
    """Reference to the patient; ``None``: no resource names one."""


def open_bundle(bundle: Node, notes: Notes) -> Contents:
    """The resources of a Bundle.

    Raises
    ------
    Problem
        422: not a Bundle that only tells facts, too many entries, more than one patient, or a resource of another
        patient.
    """
    kind = bundle.text("type")
    if kind not in ACCEPTED_TYPES:
        raise fault(
            f"{bundle.place}.type", "Send a Bundle of the type collection; nothing is stored here.", "not-supported"
        )
    entries = bundle.nodes("entry")
    if len(entries) > MOST_ENTRIES:
        raise fault(f"{bundle.place}.entry", f"A Bundle may have {MOST_ENTRIES} entries.", "too-costly")
    if any(link.text("relation") == "next" for link in bundle.nodes("link")):
        notes.warn(bundle.place, "The Bundle has more pages; only this one was read.")
    contents = Contents()
    for entry in entries:
        _take(entry, contents, notes)
    _find_patient(contents)
    return contents


def _take(entry: Node, contents: Contents, notes: Notes) -> None:
    node = entry.node("resource")
    if node is None:
        notes.tell(entry.place, "The entry holds no resource.")
        return
    kind = node.text("resourceType")
    if kind is None:
        raise fault(node.place, "A resource says its resourceType.", "structure")
    if kind == "Bundle":
        inner = open_bundle(node, notes)
        contents.resources += inner.resources
        return
    if why := _unusable(node.content):
        notes.warn(node.place, why)
        return
    contents.resources.append(Resource(node, kind, entry.text("fullUrl")))


def _unusable(content: Mapping[str, Any]) -> str | None:
    """Why a resource must not be processed by whoever does not know what it says."""
    if content.get("modifierExtension"):
        return "A modifier extension changes the meaning of this resource; it was not used."
    if content.get("implicitRules"):
        return "Rules named by implicitRules are not known here; the resource was not used."
    return None


def _find_patient(contents: Contents) -> None:
    patients = [resource for resource in contents.resources if resource.kind == "Patient"]
    references = {patient.reference for patient in patients}
    if len(patients) > 1 and (len(references) > 1 or None in references):
        raise fault(patients[1].node.place, "The Bundle holds more than one patient.", "conflict")
    contents.patient = patients[0] if patients else None
    known = _names(patients[0]) if patients else set()
    contents.subject = patients[0].reference if patients else None
    for resource in contents.resources:
        for name in _SUBJECTS:
            reference = resource.node.content.get(name)
            if not isinstance(reference, dict) or resource.kind == "Patient":
                continue
            named = Node(reference, f"{resource.node.place}.{name}").text("reference")
            if named is None:
                continue
            if not known:
                known, contents.subject = _forms(named), named
            elif not known & _forms(named):
                raise fault(f"{resource.node.place}.{name}", "This resource is about another patient.", "conflict")


def _names(patient: Resource) -> set[str]:
    identifier = patient.node.text("id")
    own = {f"Patient/{identifier}"} if identifier else set()
    return own | (_forms(patient.full_url) if patient.full_url else set())


def _forms(reference: str) -> set[str]:
    """A reference as it stands, without its version, and in its relative form."""
    plain = reference.split("/_history/", 1)[0]
    parts = plain.rsplit("/", 2)
    relative = {f"Patient/{parts[-1]}"} if len(parts) > 1 and parts[-2] == "Patient" else set()
    return {plain} | relative

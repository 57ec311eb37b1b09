"""A Bundle in the making: gives its resources names, a status and what else all of them share."""

import hashlib
import html
import uuid
from dataclasses import dataclass, field
from typing import Any, Protocol

from app.interop.fhir.systems import Json

_NAMESPACE = uuid.UUID("6f0e6a0c-4b1f-5c52-9c0e-4a5f3d1e7b90")


class Names(Protocol):
    """How the resources of an answer are called."""

    def identity(self, name: str) -> str:
        """The id of the resource of this name."""

    def address(self, kind: str, name: str) -> str:
        """Where it can be found."""

    def reference(self, kind: str, name: str) -> str:
        """How other resources of the answer refer to it."""


@dataclass(frozen=True, slots=True)
class NamesByContent:
    """Names of what is kept nowhere: the same request and rules give the same."""

    seed: str
    """Everything that the answer follows from, as text."""

    def identity(self, name: str) -> str:
        """A UUID."""
        return str(uuid.uuid5(_NAMESPACE, f"{hashlib.sha256(self.seed.encode()).hexdigest()}/{name}"))

    def address(self, _kind: str, name: str) -> str:
        """The UUID as a URN."""
        return f"urn:uuid:{self.identity(name)}"

    reference = address


@dataclass(slots=True)
class Draft:
    """The resources so far, and what all of them share."""

    names: Names
    subject: Json
    evaluated_at: str
    status: str = "preliminary"
    """Of scores and reports: ``final`` or ``corrected`` once a clinician has signed."""
    meta: Json = field(default_factory=dict)
    """Of every resource."""
    entries: list[Json] = field(default_factory=list)

    def add(self, kind: str, name: str, content: Json, *, told: list[str] | None = None) -> Json:
        """Add a resource; ``told`` are the lines of its narrative. Returns the reference to it."""
        resource: Json = {"resourceType": kind, "id": self.names.identity(name)}
        if told:
            resource["text"] = narrative(told)
        resource |= content
        if meta := self.meta | content.get("meta", {}):
            resource["meta"] = meta
        self.entries.append({"fullUrl": self.names.address(kind, name), "resource": resource})
        return {"reference": self.names.reference(kind, name)}

    def bundle(self) -> Json:
        """The Bundle of everything that was added."""
        return {
            "resourceType": "Bundle",
            "id": self.names.identity("bundle"),
            **({"meta": self.meta} if self.meta else {}),
            "type": "collection",
            "timestamp": self.evaluated_at,
            "entry": self.entries,
        }


def narrative(lines: list[str]) -> Json:
    """Narrative of paragraphs; whatever stands in them is text and never markup."""
    paragraphs = "".join(f"<p>{html.escape(line)}</p>" for line in lines)
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{paragraphs}</div>'}


def notes(texts: list[str]) -> Json:
    """The element ``note``; markdown of R4, so characters that it would act on are escaped."""
    return {"note": [{"text": escaped_markdown(text)} for text in texts]} if texts else {}


_MARKDOWN = str.maketrans({character: f"\\{character}" for character in "\\`*_[]<>#|~"})


def escaped_markdown(text: str) -> str:
    r"""Text that markdown shows as it stands.

    >>> print(escaped_markdown("a_b <script> [x](y)"))
    a\_b \<script\> \[x\](y)
    """
    return text.translate(_MARKDOWN)


def parameter(name: str, value: Any) -> Json | None:
    """One part of Parameters; ``None`` for a value that is not known: absence says the same."""
    if value is None:
        return None
    if isinstance(value, bool):
        return {"name": name, "valueBoolean": value}
    if isinstance(value, int):
        return {"name": name, "valueInteger": value}
    if isinstance(value, float):
        return {"name": name, "valueDecimal": value}
    return {"name": name, "valueString": str(value)}

"""A Bundle in the making: names its resources so that the same request and rules give the same Bundle."""

import hashlib
import html
import uuid
from dataclasses import dataclass, field
from typing import Any

from app.interop.fhir.systems import Json

_NAMESPACE = uuid.UUID("6f0e6a0c-4b1f-5c52-9c0e-4a5f3d1e7b90")


@dataclass(slots=True)
class Draft:
    """The resources so far, and what all of them share."""

    seed: str
    """Everything that the answer follows from, as text."""
    subject: Json
    evaluated_at: str
    entries: list[Json] = field(default_factory=list)

    def uuid_of(self, name: str) -> str:
        """Stable identity of the resource of this name in this answer."""
        return str(uuid.uuid5(_NAMESPACE, f"{hashlib.sha256(self.seed.encode()).hexdigest()}/{name}"))

    def refer(self, name: str) -> Json:
        """Reference to the resource of this name."""
        return {"reference": f"urn:uuid:{self.uuid_of(name)}"}

    def add(self, kind: str, name: str, content: Json, *, told: list[str] | None = None) -> Json:
        """Add a resource; ``told`` are the lines of its narrative. Returns the reference to it."""
        resource: Json = {"resourceType": kind, "id": self.uuid_of(name)}
        if told:
            resource["text"] = narrative(told)
        resource |= content
        self.entries.append({"fullUrl": f"urn:uuid:{resource['id']}", "resource": resource})
        return self.refer(name)

    def bundle(self) -> Json:
        """The Bundle of everything that was added."""
        return {
            "resourceType": "Bundle",
            "id": self.uuid_of("bundle"),
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

"""A piece of a FHIR resource with its place, so that every fault and every note can name where it lies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from app.problems import Problem

_DATE_LENGTH = len("2026-03-01")
Severity = Literal["information", "warning"]


def fault(place: str, message: str, kind: str = "invalid") -> Problem:
    """The 422 problem for one place in a resource; ``kind`` is a code of FHIR's issue types."""
    return Problem(422, message, [{"loc": [place], "msg": message, "type": kind}])


@dataclass(frozen=True, slots=True)
class Note:
    """Something that the caller should know of what was sent; never a value of it."""

    severity: Severity
    code: str
    text: str
    place: str


@dataclass(slots=True)
class Notes:
    """What was not used, and why; in the order in which it was met."""

    listed: list[Note] = field(default_factory=list)

    def tell(self, place: str, text: str) -> None:
        self.listed.append(Note("information", "informational", text, place))

    def warn(self, place: str, text: str) -> None:
        self.listed.append(Note("warning", "incomplete", text, place))


@dataclass(frozen=True, slots=True)
class Node:
    """A JSON object of a resource; its methods raise the 422 `Problem` where the type is not FHIR's."""

    content: Mapping[str, Any]
    place: str

    def text(self, name: str) -> str | None:
        value = self.content.get(name)
        if value is None or (isinstance(value, str) and value):
            return value
        raise fault(f"{self.place}.{name}", "This element is a text.", "structure")

    def boolean(self, name: str) -> bool | None:
        value = self.content.get(name)
        if value is None or isinstance(value, bool):
            return value
        raise fault(f"{self.place}.{name}", "This element is true or false.", "structure")

    def node(self, name: str) -> "Node | None":
        value = self.content.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            raise fault(f"{self.place}.{name}", "This element is an object.", "structure")
        return Node(value, f"{self.place}.{name}")

    def nodes(self, name: str) -> "list[Node]":
        value = self.content.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(part, dict) for part in value):
            raise fault(f"{self.place}.{name}", "This element is a list of objects.", "structure")
        return [Node(part, f"{self.place}.{name}[{index}]") for index, part in enumerate(value)]

    def texts(self, name: str) -> list[str]:
        value = self.content.get(name)
        if value is None:
            return []
        if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
            raise fault(f"{self.place}.{name}", "This element is a list of texts.", "structure")
        return value

    def codings(self, name: str) -> Iterator[tuple[str, str]]:
        """System and code of each complete coding of a CodeableConcept; codes without a system mean nothing."""
        concept = self.node(name)
        return iter(()) if concept is None else concept.own_codings()

    def own_codings(self) -> Iterator[tuple[str, str]]:
        """As :meth:`codings`, of this node."""
        for coding in self.nodes("coding"):
            system, code = coding.text("system"), coding.text("code")
            if system and code:
                yield system, code

    def has_code(self, name: str, system: str, codes: frozenset[str]) -> bool:
        return any(coded[0] == system and coded[1] in codes for coded in self.codings(name))

    def moment(self, name: str) -> datetime | None:
        """A time with its zone; ``None`` where there is none, or a date alone."""
        text = self.text(name)
        if text is None or len(text) <= _DATE_LENGTH:
            return None
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise fault(f"{self.place}.{name}", "There is no such date or time.", "value") from None
        if moment.tzinfo is None:
            raise fault(f"{self.place}.{name}", "A time needs its zone, such as Z or +01:00.", "value")
        return moment

    def day(self, name: str) -> date | None:
        """A whole date; ``None`` where there is none, a year or month alone, or a time."""
        text = self.text(name)
        if text is None or len(text) != _DATE_LENGTH:
            return None
        try:
            return date.fromisoformat(text)
        except ValueError:
            raise fault(f"{self.place}.{name}", "There is no such date.", "value") from None

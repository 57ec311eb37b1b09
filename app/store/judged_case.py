"""A case as it was understood, as JSON that reads back to exactly the same case."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json

from app.scans.findings import with_reading
from app.triage import triage, triage_text
from scoring.case import Case


@dataclass(frozen=True, slots=True)
class JudgedCase:
    """What an answer was made from: with the rule book it is all that the answer depends on."""

    case: Case
    parts: Sequence[str] | None = None
    """The parts of the answer that were asked for; ``None``: all."""
    reading_warnings: Sequence[str] = ()
    """How the software's reading of the scan differs from the case; they stand behind the answer's own warnings."""

    @classmethod
    def beside(cls, case: Case, reading: bytes | None, parts: Sequence[str] | None = None) -> Self:
        """The case beside what software read of its scan; ``None``: there is no scan."""
        if reading is None:
            return cls(case, parts)
        case, warnings = with_reading(case, json.loads(reading))
        return cls(case, parts, warnings)

    def judge(self) -> dict[str, Any]:
        """The answer by the rules of this process. Raises CaseError."""
        answer = triage(self.case, self.parts)
        if self.reading_warnings:
            answer["warnings"] = [*answer["warnings"], *self.reading_warnings]
        return answer

    def judge_text(self) -> bytes:
        """The answer as JSON text, byte for byte that of `judge`, in less time. Raises CaseError."""
        return to_json(self.judge()) if self.reading_warnings else triage_text(self.case, self.parts)

    def to_json(self) -> bytes:
        """The case as JSON."""
        return _ADAPTER.dump_json(self)


class UnreadableCase(ValueError):
    """The kept case does not fit this release; nothing of it is guessed."""


def read_judged_case(text: bytes) -> JudgedCase:
    """The case again. Raises UnreadableCase."""
    try:
        return _ADAPTER.validate_json(text)
    except ValidationError as error:
        raise UnreadableCase(f"The kept case does not fit this release in {error.error_count()} places.") from None


_ADAPTER = TypeAdapter(JudgedCase)

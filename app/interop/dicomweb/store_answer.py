"""The answer to STOW-RS: which objects were stored and why others were not (PS3.18 10.5.3, DICOM JSON model)."""

from dataclasses import dataclass, field
from typing import Any

from app.interop.dicom_in.reasons import Aside
from app.interop.dicom_in.sorting import Sorted

MEDIA_TYPE = "application/dicom+json"

OUT_OF_RESOURCES = 0xA700
_CANNOT_UNDERSTAND = 0xC000
_FAILURES = {
    Aside.NOT_DICOM: _CANNOT_UNDERSTAND,
    Aside.DAMAGED: _CANNOT_UNDERSTAND,
    Aside.BAD_UID: _CANNOT_UNDERSTAND,
    Aside.DIRECTORY: 0x0122,
    Aside.NOT_AS_ANNOUNCED: 0xA900,
    Aside.OTHER_STUDY: 0xA900,
    Aside.TOO_LARGE: OUT_OF_RESOURCES,
    Aside.DEFLATED: 0xC122,
    Aside.NOT_DECODABLE: 0xC122,
}
"""Failure Reason (0008,1197) of what is not stored. What is only not needed (reports, overviews) counts as stored."""


@dataclass(slots=True)
class StoreAnswer:
    """Collects what became of each object of a request."""

    stored: list[dict[str, Any]] = field(default_factory=list)
    failed: list[dict[str, Any]] = field(default_factory=list)
    unnamed: list[dict[str, Any]] = field(default_factory=list)
    """Failures of objects that do not say which they are."""
    only_full: bool = True
    """Whether every failure was for lack of room."""

    def add_stored(self, found: Sorted) -> None:
        """An object was taken."""
        self.stored.append(_reference(found))

    def add_failed(self, found: Sorted | None, reason: int) -> None:
        """An object was not taken; ``None``: nothing is known of it."""
        self.only_full = self.only_full and reason == OUT_OF_RESOURCES
        told = {"00081197": {"vr": "US", "Value": [reason]}}
        if found is None or found.sop_uid is None:
            self.unnamed.append(told)
        else:
            self.failed.append(_reference(found) | told)

    @property
    def status(self) -> int:
        """200: all stored; 202: some; 409: none; 503: none, for lack of room."""
        if not self.failed and not self.unnamed:
            return 200
        if self.stored:
            return 202
        return 503 if self.only_full else 409

    def to_json(self) -> dict[str, Any]:
        """The data set of the answer; sequences without items are left out."""
        sequences = {"00081199": self.stored, "00081198": self.failed, "0008119A": self.unnamed}
        return {tag: {"vr": "SQ", "Value": items} for tag, items in sequences.items() if items}


def failure_of(found: Sorted) -> int | None:
    """Why an object is not stored; ``None``: it is."""
    return None if found.aside is None else _FAILURES.get(found.aside)


def _reference(found: Sorted) -> dict[str, Any]:
    return {
        "00081150": {"vr": "UI", "Value": [found.sop_class]},
        "00081155": {"vr": "UI", "Value": [found.sop_uid]},
    }

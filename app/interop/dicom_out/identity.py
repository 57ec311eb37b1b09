"""Unique identifiers that follow from the content, so that the same result made twice is the same object twice."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from pydicom.uid import UID

from app.version import __version__

MANUFACTURER = "ASPECTS triage"
MODEL = "aspects-triage"
SERIAL_NUMBER = "0"
"""Software has none, and Enhanced General Equipment (C.7.5.2) wants a value."""
DEVICE_NAME = "ASPECTS reader"
VERSION = __version__


class Kind(Enum):
    """An object that is written: series number, and the series' description for people."""

    REPORT = (99_101, "ASPECTS measurements")
    PICTURE = (99_102, "ASPECTS summary - NOT FOR DIAGNOSIS")
    REGIONS = (99_103, "ASPECTS regions")
    PAGE = (99_104, "ASPECTS report page")

    def __init__(self, series_number: int, description: str) -> None:
        self.series_number = series_number
        self.description = description


@dataclass(frozen=True, slots=True)
class Identity:
    """What the identifiers are drawn from."""

    study_uid: str
    series_uid: str
    """Of the scan that was read."""
    content: str
    """SHA-256 of everything that can change what the objects say."""

    def series(self, kind: Kind) -> UID:
        """The series of one kind of object: the same for all results of one scan by one version of the software."""
        return unique("series", self.study_uid, self.series_uid, kind.name, VERSION)

    def instance(self, kind: Kind) -> UID:
        """One object."""
        return unique("instance", self.study_uid, self.series_uid, kind.name, VERSION, self.content)

    def segment(self, name: str) -> UID:
        """The tracking identifier of one region in the scan, in the report and in the segments."""
        return unique("segment", self.study_uid, self.series_uid, name)


DEVICE_UID = UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:aspects-triage:device').int}")
IMPLEMENTATION_UID = UID(f"2.25.{uuid.uuid5(uuid.NAMESPACE_URL, 'urn:aspects-triage:implementation').int}")
IMPLEMENTATION_NAME = f"ASPECTS_{VERSION}"[:16]


def unique(*parts: str) -> UID:
    """A UID under 2.25 (PS3.5 B.2) that the parts determine."""
    digest = hashlib.sha256("\0".join(parts).encode()).digest()
    return UID(f"2.25.{uuid.UUID(bytes=digest[:16], version=5).int}")


def content_hash(*parts: Mapping[str, Any] | list[Any] | None) -> str:
    """SHA-256 over plain values, however their keys are ordered."""
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()

"""Named reasons for which a scan gets no score. A refusal is an answer, not a crash."""

from collections.abc import Mapping
from enum import StrEnum


class RefusalCode(StrEnum):
    """Why a scan was refused; the names are part of the public contract."""

    NOT_CT = "NOT_CT"
    NOT_HU = "NOT_HU"
    NOT_A_HEAD = "NOT_A_HEAD"
    NO_BRAIN = "NO_BRAIN"
    COVERAGE_INCOMPLETE = "COVERAGE_INCOMPLETE"
    CONTRAST_ENHANCED = "CONTRAST_ENHANCED"
    BONE_KERNEL = "BONE_KERNEL"
    SLICES_TOO_THICK = "SLICES_TOO_THICK"
    GEOMETRY_UNREADABLE = "GEOMETRY_UNREADABLE"
    SLICES_MISSING = "SLICES_MISSING"
    REGISTRATION_FAILED = "REGISTRATION_FAILED"
    HAEMORRHAGE_SUSPECTED = "HAEMORRHAGE_SUSPECTED"
    ORIENTATION_UNKNOWN = "ORIENTATION_UNKNOWN"
    METAL_ARTEFACT = "METAL_ARTEFACT"
    UNSUPPORTED_TRANSFER_SYNTAX = "UNSUPPORTED_TRANSFER_SYNTAX"
    TOO_LARGE = "TOO_LARGE"
    CORRUPT_FILE = "CORRUPT_FILE"
    MOTION_ARTEFACT = "MOTION_ARTEFACT"
    SEVERAL_PATIENTS = "SEVERAL_PATIENTS"
    READING_FAILED = "READING_FAILED"
    """A fault of the service, not of the scan; only a service that queues scans says so."""


class ScanRefused(Exception):
    """The scan cannot be scored, and this says why and what the sender can do.

    Raised anywhere in ``imaging``; ``reading.read_ct`` turns it into a refused reading.
    """

    def __init__(self, code: RefusalCode, text: str, remedy: str, finding: Mapping[str, object] | None = None) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text
        """One sentence for a clinician; no patient data, no path, no raw header values of free text."""
        self.remedy = remedy
        """One sentence: what to send or do instead."""
        self.finding = finding
        """What was found, in numbers, where that is more than the text says."""

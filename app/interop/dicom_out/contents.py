"""What the objects are made from: the reading, the pictures drawn of it, and who has signed it, if anybody has."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.atlas import load_atlas
from imaging.outputs import native_labels, overlay_png
from imaging.reading import Artefacts
from imaging.result import Reading, side_that_stands_out
from scoring.regions import Region, Side, Status

Json = Mapping[str, Any]

NOT_FOR_CLINICAL_USE = (
    "Made by research software that is not a cleared medical device. Not for clinical use: look at the scan itself."
)


@dataclass(frozen=True, eq=False)
class Drawn:
    """What only the process that read the scan can draw."""

    labels: NDArray[np.uint8]
    """Region values on the scan's own voxels, shape (i, j, k): column, row, slice."""
    sheet_png: bytes
    """The contact sheet."""

    @classmethod
    def of(cls, reading: Reading, artefacts: Artefacts) -> "Drawn":
        """Draw what the objects show."""
        return cls(native_labels(artefacts), overlay_png(reading, artefacts))


@dataclass(frozen=True, slots=True)
class SignOff:
    """A clinician's confirmation; with it the results are final."""

    name: str
    """As DICOM writes a person: family^given."""
    organisation: str
    at: datetime
    """With its zone."""


@dataclass(frozen=True, slots=True)
class Predecessor:
    """The report that this one replaces."""

    sop_class: str
    sop_uid: str
    series_uid: str
    study_uid: str


@dataclass(frozen=True, slots=True)
class Content:
    """All that the objects say."""

    reading: Json
    """As ``Reading.to_json`` gives it, or `clinicians_reading.as_clinician_reads` of that."""
    triage: Json | None = None
    """The triage answer, if the case is known."""
    drawn: Drawn | None = None
    sign_off: SignOff | None = None
    is_edited: bool = False
    """Whether a clinician entered the calls of the named side; needs ``sign_off``."""
    predecessor: Predecessor | None = None

    @property
    def is_scored(self) -> bool:
        return bool(self.reading["status"] == "scored")

    @property
    def side(self) -> Side | None:
        """The side of the change; ``None``: none stands out."""
        return side_that_stands_out(self.reading)

    def status(self, side: Side, region: Region) -> Status:
        """What the reading says of a region."""
        return Status(self.reading["regions"][side.value][region.value]["status"])


def region_values() -> dict[tuple[Side, Region], int]:
    """The value of each region in label maps."""
    return {(side, region): value for value, (region, side) in load_atlas().label_table.items()}

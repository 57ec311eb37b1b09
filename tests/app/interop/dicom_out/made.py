"""Readings made by hand on synthetic series, so that a test knows every value that must come back."""

import io
import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from app.interop.dicom_out.contents import Content, Drawn, SignOff, region_values
from app.interop.dicom_out.documents import build_documents
from app.interop.dicom_out.sources import Sources, read_sources
from imaging.scan_file import read_volume
from scoring.regions import Region, Side
from tests.imaging.dicom_files import write

MADE_AT = datetime(2026, 3, 14, 9, 50, 30, tzinfo=UTC)
_PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077 53de0000000c4944415408d763f8cfc000000301010018dd"
    "8db00000000049454e44ae426082".replace(" ", "")
)
UNUSUAL = {
    (Side.LEFT, Region.L): ("affected", 0.987, -3.4),
    (Side.LEFT, Region.M5): ("affected", 0.751, -2.1),
    (Side.LEFT, Region.M3): ("not_assessable", None, None),
    (Side.RIGHT, Region.IC): ("affected", 0.6, -1.2),
}
"""What is said of these regions; all others are unaffected."""


def scored_reading() -> dict[str, Any]:
    """As ``Reading.to_json`` gives it: ASPECTS 8 on the left, one region unseen, one suspected on the right."""
    regions: dict[str, dict[str, Any]] = {"left": {}, "right": {}}
    for number, (side, region) in enumerate(itertools.product(Side, Region)):
        status, probability, delta = UNUSUAL.get((side, region), ("unaffected", round(0.01 + number / 1000, 3), 0.2))
        regions[side.value][region.value] = {
            "status": status,
            "probability": probability,
            "hu": None if delta is None else 32.5,
            "hu_other_side": None if delta is None else 32.3,
            "delta_hu": delta,
            "voxels": 100,
            "excluded_ml": 0.0,
        }
    return {
        "status": "scored",
        "side": "left",
        "total": 8,
        "total_low": 6,
        "total_high": 9,
        "regions": regions,
        "quality": {},
        "warnings": [{"code": "BOTH_SIDES", "text": "Change is suspected on both sides."}],
        "input": {"sha256": "0" * 64, "series_uid": None},
        "timing_seconds": {"read": 0.1},
        "versions": {"atlas": "1.0.0", "calibration": "2.0.0"},
    }


def refused_reading() -> dict[str, Any]:
    """A refusal with the longest code there is."""
    return {
        "status": "refused",
        "refusal": {
            "code": "UNSUPPORTED_TRANSFER_SYNTAX",
            "text": "The images are compressed in a way that is not read here.",
            "remedy": "Send them uncompressed.",
        },
        "warnings": [],
        "input": {"sha256": None, "series_uid": None},
        "timing_seconds": {},
        "versions": {"atlas": "1.0.0", "calibration": "2.0.0"},
    }


def drawn_on(shape: tuple[int, ...]) -> Drawn:
    """A label map in which every region has voxels, on a diagonal that no swap or flip of axes leaves in place."""
    labels: NDArray[np.uint8] = np.zeros(shape, dtype=np.uint8)
    for number, value in enumerate(sorted(region_values().values())):
        k = 1 + number % (shape[2] - 2)
        labels[2 + number, 3 + number : 9 + number, k : k + 2] = value
    return Drawn(labels, _PNG)


def scored(folder: Path, slices: list[Dataset], **parts: Any) -> tuple[Content, Sources]:
    """A scored reading on a series."""
    volume = read_volume(write(folder, slices))
    content = Content(scored_reading(), drawn=drawn_on(volume.hu.shape), **parts)
    return content, read_sources(folder, volume, volume.acquisition.series_uid)


def refused(folder: Path, slices: list[Dataset]) -> tuple[Content, Sources]:
    """A refused reading on a series."""
    return Content(refused_reading()), read_sources(write(folder, slices), None, None)


def as_bytes(document: Dataset) -> bytes:
    """The file that the object is written to."""
    buffer = io.BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


def documents(content: Content, sources: Sources, **options: Any) -> dict[str, Dataset]:
    """The objects by their modality."""
    return {made.Modality: made for made in build_documents(content, sources, made_at=MADE_AT, **options)}


def signed() -> SignOff:
    return SignOff("Meyer^Ida", "St Elsewhere", datetime(2026, 3, 14, 10, 5, tzinfo=UTC))

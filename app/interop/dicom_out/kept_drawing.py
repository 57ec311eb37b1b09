"""What the process that read a scan keeps for its DICOM objects, so that nobody has to read the scan again.

One packed file of arrays: the label map on the scan's own voxels, the contact sheet, and which object each slice is.
"""

import io
import zipfile
from dataclasses import dataclass

import numpy as np

from app.interop.dicom_out.contents import Drawn
from app.interop.dicom_out.sources import Slices
from imaging.reading import Artefacts
from imaging.result import Reading


class DrawingDamaged(ValueError):
    """The bytes are no drawing of this release."""


@dataclass(frozen=True, eq=False)
class KeptDrawing:
    """A drawing with the slices that it is of."""

    drawn: Drawn
    slices: Slices

    def packed(self) -> bytes:
        """The drawing as `unpacked_drawing` takes it."""
        buffer = io.BytesIO()
        np.savez_compressed(
            buffer,
            labels=self.drawn.labels,
            sheet=np.frombuffer(self.drawn.sheet_png, dtype=np.uint8),
            sop_uids=np.array(self.slices.sop_uids, dtype="S64"),
            origins_mm=self.slices.origins_mm,
        )
        return buffer.getvalue()


def packed_drawing(reading: Reading, artefacts: Artefacts) -> bytes:
    """Draw and pack."""
    return KeptDrawing(Drawn.of(reading, artefacts), Slices.of(artefacts.scan)).packed()


def unpacked_drawing(content: bytes) -> KeptDrawing:
    """The drawing again. Raises DrawingDamaged."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            uids = tuple(uid.decode("ascii") for uid in arrays["sop_uids"].tolist())
            drawn = Drawn(arrays["labels"], arrays["sheet"].tobytes())
            return KeptDrawing(drawn, Slices(uids, arrays["origins_mm"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DrawingDamaged(f"The drawing cannot be unpacked ({type(error).__name__}).") from None

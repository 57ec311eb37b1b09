"""Are the numbers Hounsfield units? Air and fat have known densities in every head; what they measure tells."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.refusals import RefusalCode, ScanRefused
from imaging.result import Warning as ReadingWarning
from imaging.volume import OUTSIDE_SCAN_HU, CtVolume

AIR_WINDOW_HU, TRUE_AIR_HU = (OUTSIDE_SCAN_HU + 1, -700.0), -1000.0
FAT_WINDOW_HU, USUAL_FAT_HU = (-180.0, -30.0), (-120.0, -60.0)
"""Fat that fills a voxel and its neighbours lies between -100 and -70 HU on most scanners (seen: -94 to -76)."""
DOUBTFUL_AIR_HU, WRONG_AIR_HU = 30.0, 150.0
"""How far air may be off before a reader is told, and before the scan is refused."""
FEWEST_VOXELS = 300
BIN_HU, SMOOTHING_BINS = 2.0, 3.0
CLIPPED_SHARE = 0.5
"""Air that is one single value in so many of its voxels was clipped, and says nothing."""
EVERY_SLICES = 2


@dataclass(frozen=True, slots=True)
class HounsfieldMarks:
    """What air and fat measure; ``None``: there is too little of it, or it was clipped."""

    air_hu: float | None
    fat_hu: float | None

    @property
    def warning(self) -> ReadingWarning | None:
        """What a reader should know of the scan's calibration."""
        air_off = self.air_hu is not None and abs(self.air_hu - TRUE_AIR_HU) > DOUBTFUL_AIR_HU
        fat_off = self.fat_hu is not None and not USUAL_FAT_HU[0] <= self.fat_hu <= USUAL_FAT_HU[1]
        if not (air_off or fat_off):
            return None
        return ReadingWarning(
            "HU_CALIBRATION",
            f"Air measures {_said(self.air_hu)} and fat {_said(self.fat_hu)}; they should lie near -1000 and -90."
            " Densities may be shifted; differences between the sides are not.",
        )


def _said(hu: float | None) -> str:
    return "an unknown density" if hu is None else f"{hu:.0f} HU"


def hounsfield_marks(stack: CtVolume) -> HounsfieldMarks:
    """Commonest densities of air and of fat.

    Parameters
    ----------
    stack : averaged to about 1 mm in plane; coarser voxels hold no pure scalp fat.
    """
    hu = np.stack([stack.slice_hu(k) for k in range(0, stack.slice_count, EVERY_SLICES)], axis=2)
    air = hu[(hu >= AIR_WINDOW_HU[0]) & (hu < AIR_WINDOW_HU[1])]
    fat = (hu > FAT_WINDOW_HU[0]) & (hu < FAT_WINDOW_HU[1])
    pure = hu[ndimage.binary_erosion(fat, np.ones((3, 3, 1), dtype=bool))]
    clipped = bool(air.size) and float((air == air.min()).mean()) > CLIPPED_SHARE
    return HounsfieldMarks(None if clipped else _commonest(air, AIR_WINDOW_HU), _commonest(pure, FAT_WINDOW_HU))


def _commonest(values: NDArray[np.float32], window_hu: tuple[float, float]) -> float | None:
    """Peak of the smoothed histogram."""
    if values.size < FEWEST_VOXELS:
        return None
    counts, edges = np.histogram(values, np.arange(window_hu[0], window_hu[1] + BIN_HU, BIN_HU))
    smooth = ndimage.gaussian_filter1d(counts.astype(float), SMOOTHING_BINS)
    return float(edges[int(smooth.argmax())] + BIN_HU / 2)


def check_calibration(marks: HounsfieldMarks) -> None:
    """Air must measure about -1000: NOT_HU."""
    if marks.air_hu is not None and abs(marks.air_hu - TRUE_AIR_HU) > WRONG_AIR_HU:
        raise ScanRefused(
            RefusalCode.NOT_HU,
            f"Air measures {marks.air_hu:.0f} HU in this scan: its values are scaled or shifted.",
            "Send the original series from the scanner, with its rescale slope and intercept.",
        )

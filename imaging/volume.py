"""A head CT in memory: Hounsfield units on the scanner's own slices, and where each voxel lies in the patient.

All positions are RAS+ millimetres, as in nibabel: x grows towards the patient's right, y towards the front, z upwards.
DICOM and ITK speak LPS; the readers flip once and nothing after them does.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
HounsfieldArray = NDArray[np.float32] | NDArray[np.int16]

OUTSIDE_SCAN_HU = -1024.0
"""Value that the readers give to padding, that is, to pixels which the scanner did not measure."""

DENSEST_HU = 32_767.0
"""Beyond any metal; higher values are kept as this, which 16 bits hold."""

_EVEN_GAP_TOLERANCE_MM = 0.05
"""Slice gaps that differ by less than this are taken as even: headers are rounded to hundredths of a millimetre."""


def compact(hu: NDArray[np.float32]) -> HounsfieldArray:
    """The same values as int16 if all of them are whole and fit."""
    if hu.size and float(hu.max()) <= DENSEST_HU and all(bool((part == np.rint(part)).all()) for part in hu):
        return hu.astype(np.int16)
    return hu


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What the file says of how the scan was made. ``None``: the file does not say."""

    source_format: str
    """``"dicom"`` or ``"nifti"``."""
    modality: str | None = None
    series_uid: str | None = None
    study_uid: str | None = None
    sop_uids: tuple[str, ...] = ()
    """SOP Instance UIDs in slice order (one for each k); empty for NIfTI."""
    manufacturer: str | None = None
    kernel: str | None = None
    slice_thickness_mm: float | None = None
    """Nominal thickness of a reconstructed slice; it may differ from the distance between slices."""
    tube_voltage_kv: float | None = None
    contrast_agent: str | None = None
    acquired_at: str | None = None
    """ISO 8601 as far as the file goes; DICOM times often carry no zone, and none is invented."""
    notes: tuple[str, ...] = ()
    """What the reader found and did, in words: duplicates dropped, localizers left out, uneven gaps kept."""


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A stack of parallel CT slices, each kept where the scanner put it.

    The slices share one in-plane grid. They may be sheared against the direction in which they are stacked (gantry
    tilt) and unevenly spaced: nothing is resampled on reading, and later steps sample the stack through
    :meth:`world_to_index`.
    """

    hu: HounsfieldArray
    """Hounsfield units, shape (i, j, k). Scanners store whole numbers: those are kept as int16, which halves the
    memory; take slices by :meth:`slice_hu` to calculate with them."""
    step_i_mm: Floats
    """Shape (3,): RAS+ displacement in mm from voxel i to i + 1."""
    step_j_mm: Floats
    """Shape (3,): RAS+ displacement in mm from voxel j to j + 1."""
    slice_origins_mm: Floats
    """Shape (k, 3): RAS+ position in mm of voxel (0, 0) of each slice; on one straight line, in order along it."""
    acquisition: Acquisition

    @property
    def slice_count(self) -> int:
        """Number of slices, k."""
        return int(self.hu.shape[2])

    def slice_hu(self, k: int) -> NDArray[np.float32]:
        """One slice as float32, shape (i, j); always a copy."""
        return np.asarray(self.hu[:, :, k]).astype(np.float32)

    def without_densities(self) -> "CtVolume":
        """Its geometry and acquisition alone, every voxel as if it had not been scanned, in no memory to speak of."""
        return replace(self, hu=np.broadcast_to(np.int16(OUTSIDE_SCAN_HU), self.hu.shape))

    @cached_property
    def spacing_mm(self) -> tuple[float, float]:
        """In-plane voxel size along i and j, in mm."""
        return float(np.linalg.norm(self.step_i_mm)), float(np.linalg.norm(self.step_j_mm))

    @cached_property
    def slice_normal(self) -> Floats:
        """Unit normal of the slices, shape (3,), pointing the way in which k grows."""
        normal = np.cross(self.step_i_mm, self.step_j_mm)
        normal = normal / np.linalg.norm(normal)
        along = self.slice_origins_mm[-1] - self.slice_origins_mm[0]
        return normal if float(normal @ along) >= 0 else -normal

    @cached_property
    def slice_positions_mm(self) -> Floats:
        """Shape (k,): distance of each slice from the first, measured along the slice normal, in mm; ascending."""
        return np.asarray((self.slice_origins_mm - self.slice_origins_mm[0]) @ self.slice_normal)

    @cached_property
    def gaps_mm(self) -> Floats:
        """Shape (k - 1,): distances between neighbouring slices along the slice normal, in mm."""
        return np.diff(self.slice_positions_mm)

    @property
    def is_evenly_spaced(self) -> bool:
        """Whether all gaps agree within the rounding of headers."""
        return self.gaps_mm.size == 0 or float(np.ptp(self.gaps_mm)) <= _EVEN_GAP_TOLERANCE_MM

    @cached_property
    def gantry_tilt_degrees(self) -> float:
        """Angle between the slice normal and the stacking direction, in degrees; 0 for an upright gantry."""
        along = self.slice_origins_mm[-1] - self.slice_origins_mm[0]
        length = float(np.linalg.norm(along))
        cosine = 1.0 if length == 0 else float(self.slice_normal @ along) / length
        return float(np.degrees(np.arccos(np.clip(cosine, -1.0, 1.0))))

    @cached_property
    def affine_ras_mm(self) -> Floats:
        """4x4: voxel index (i, j, k) to RAS+ mm with even spacing between the first and the last slice.

        Exact for evenly spaced stacks, sheared ones included. For uneven stacks it is exact at both ends only: use
        :meth:`index_to_world`.
        """
        affine = np.eye(4)
        affine[:3, 0] = self.step_i_mm
        affine[:3, 1] = self.step_j_mm
        span = self.slice_origins_mm[-1] - self.slice_origins_mm[0]
        affine[:3, 2] = span / max(self.slice_count - 1, 1) if self.slice_count > 1 else self.slice_normal
        affine[:3, 3] = self.slice_origins_mm[0]
        return affine

    def index_to_world(self, index: Floats) -> Floats:
        """Positions of (fractional) voxel indices, shape (..., 3), in RAS+ mm, on the true slice positions."""
        stacked = np.array(index, dtype=np.float64)
        stacked[..., 2] = np.interp(stacked[..., 2], np.arange(self.slice_count), self._even_index)
        return np.asarray(stacked @ self.affine_ras_mm[:3, :3].T + self.affine_ras_mm[:3, 3])

    def world_to_index(self, points_mm: Floats) -> Floats:
        """Fractional voxel indices of RAS+ positions, shape (..., 3); outside the stack k runs past its ends."""
        inverse = np.linalg.inv(self.affine_ras_mm)
        index = np.asarray(points_mm @ inverse[:3, :3].T + inverse[:3, 3])
        even = index[..., 2]
        k = np.interp(even, self._even_index, np.arange(self.slice_count))
        last = self.slice_count - 1
        index[..., 2] = np.where(even < 0, even, np.where(even > last, even, k))
        return index

    @cached_property
    def _even_index(self) -> Floats:
        """Shape (k,): where each slice lies on the scale of :attr:`affine_ras_mm`, from 0 to k - 1."""
        positions = self.slice_positions_mm
        length = float(positions[-1])
        if length == 0:
            return np.arange(self.slice_count, dtype=np.float64)
        return np.asarray(positions / length * (self.slice_count - 1))

"""Where the voxels of a NIfTI file lie in the patient: which matrix to trust, and which axis the slices stack along."""

import numpy as np

from imaging.nifti_header import NiftiHeader
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import Floats, HounsfieldArray

MIN_SPACING_MM = 0.1
MAX_SPACING_MM, MAX_SLICE_MM = 10.0, 60.0
"""In plane, and from slice to slice: slices that are too far apart to be scored are told as such later on."""

_SIZE_TOLERANCE = 0.02
"""Share by which a matrix may miss the stated voxel size; headers are rounded, a wrong matrix misses by far more."""
_MIN_UNIT_DETERMINANT = 0.3
"""Of the three unit axes; 1: square, 0: flat. A gantry tilt of 30 degrees leaves 0.87."""
_HEADWARD_ENOUGH = 0.7
"""Cosine to the head-foot direction from which the third array axis is kept as the stacking axis."""
_MILLIMETRES_OF_UNIT = {0: 1.0, 1: 1000.0, 2: 1.0, 3: 0.001}
"""By the lowest three bits of ``xyzt_units``: unknown, metre, millimetre, micrometre."""


def millimetre_affine(header: NiftiHeader, notes: list[str]) -> Floats:
    """Return the 4x4 matrix from voxel index to RAS+ millimetres, or refuse.

    The sform counts if it agrees with the stated voxel size, else the qform if that does. Obliquity and shear stay.

    Raises
    ------
    ScanRefused
        ``ORIENTATION_UNKNOWN`` if the header gives no orientation, or two that swap left and right;
        ``GEOMETRY_UNREADABLE`` if no matrix fits the voxel size, or the size is impossible for a head CT.
    """
    scale = _MILLIMETRES_OF_UNIT.get(header.units & 0x07, 1.0)
    sizes = header.voxel_sizes * scale
    stated = {"sform": header.sform, "qform": header.qform}
    candidates = {name: _scaled(matrix, scale) for name, matrix in stated.items() if matrix is not None}
    if not candidates:
        raise ScanRefused(
            RefusalCode.ORIENTATION_UNKNOWN,
            "The file does not say how the scan lies in the patient, so left and right cannot be told apart.",
            "Convert the original DICOM series again, keeping the orientation (sform or qform).",
        )
    fitting = {name: matrix for name, matrix in candidates.items() if _fits(matrix, sizes)}
    if not fitting:
        raise _contradictory()
    if len({bool(np.linalg.det(matrix[:3, :3]) > 0) for matrix in fitting.values()}) > 1:
        raise ScanRefused(
            RefusalCode.ORIENTATION_UNKNOWN,
            "The file states two orientations that swap left and right.",
            "Convert the original DICOM series again, or repair the header (sform and qform must agree).",
        )
    if "sform" in candidates and "sform" not in fitting:
        notes.append("The sform contradicts the stated voxel size; the qform was used.")
    return next(iter(fitting.values()))


def _contradictory() -> ScanRefused:
    return ScanRefused(
        RefusalCode.GEOMETRY_UNREADABLE,
        "The orientation in the file contradicts its voxel size, or the size is impossible for a head CT.",
        "Convert the original DICOM series again.",
    )


def _scaled(matrix: Floats, scale: float) -> Floats:
    """The matrix with positions in millimetres."""
    return np.diag([scale, scale, scale, 1.0]) @ matrix


def _fits(affine: Floats, sizes_mm: Floats) -> bool:
    """Whether a matrix is finite, not flat, and agrees with the stated voxel size, shape (3,), in mm.

    Writers of sheared stacks state the third size either along the sheared axis or along the normal; both pass.
    """
    if not (np.isfinite(affine).all() and np.isfinite(sizes_mm).all()):
        return False
    steps = affine[:3, :3]
    lengths = np.linalg.norm(steps, axis=0)
    if lengths.min() < MIN_SPACING_MM:
        return False
    if abs(float(np.linalg.det(steps / lengths))) < _MIN_UNIT_DETERMINANT:
        return False
    normal = np.cross(steps[:, 0], steps[:, 1])
    along_normal = abs(float(normal @ steps[:, 2])) / float(np.linalg.norm(normal))
    if max(lengths[0], lengths[1], along_normal) > MAX_SLICE_MM:
        return False
    agrees = np.abs(lengths - sizes_mm) <= _SIZE_TOLERANCE * sizes_mm
    third = bool(agrees[2]) or abs(along_normal - float(sizes_mm[2])) <= _SIZE_TOLERANCE * float(sizes_mm[2])
    return bool(agrees[:2].all()) and third


def stack_along_head(hu: HounsfieldArray, affine: Floats, notes: list[str]) -> tuple[HounsfieldArray, Floats]:
    """Return the array with its slices along k, counted towards the head, and the matrix that belongs to it.

    A file may be stored sagittal or coronal; CT slices lie across the head-foot axis. Positions are explicit, so axes
    may be swapped and k reversed without loss.

    Raises
    ------
    ScanRefused
        ``GEOMETRY_UNREADABLE`` for pixels that are impossibly large.
    """
    steps = affine[:3, :3] / np.linalg.norm(affine[:3, :3], axis=0)
    headward = np.abs(steps[2])
    axis = 2 if headward[2] >= _HEADWARD_ENOUGH else int(np.argmax(headward))
    if axis != 2:  # noqa: PLR2004 - the third axis
        order = [other for other in range(3) if other != axis] + [axis]
        hu = hu.transpose(order)
        affine = affine[:, [*order, 3]]
        notes.append("The array was stored across the slices; its axes were reordered so that slices stack headwards.")
    if affine[2, 2] < 0:
        hu = hu[:, :, ::-1]
        affine = affine.copy()
        affine[:3, 3] += (hu.shape[2] - 1) * affine[:3, 2]
        affine[:3, 2] *= -1
    if float(np.linalg.norm(affine[:3, :2], axis=0).max()) > MAX_SPACING_MM:
        raise _contradictory()
    return hu, affine

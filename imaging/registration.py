"""Lays the template over a scan: a similarity, an affine, then a smooth deformation; with numbers that say how well.

The affine step is in :mod:`imaging.affine_steps`, the deformable one in :mod:`imaging.deformation`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.affine_steps import Level, correlation, descended, full_affine, level_at, similarity
from imaging.atlas import Atlas
from imaging.deformation import Deformation, deform
from imaging.head import Head
from imaging.refusals import RefusalCode, ScanRefused

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

MATCHED_HU = (0.0, 80.0)
"""Densities are clipped to this before matching: calcium, blood and bone remnants must not pull."""
COARSE_STEP_MM, COARSE_SIGMA_MM = 8.0, 6.0
FINE_STEP_MM, FINE_SIGMA_MM = 4.0, 3.0
CENTROID_DEPTH_MM = 105.0
"""The start aligns the centroids of the top of both intracranial masks: scans end at different depths below."""

GOOD_NCC = 0.88
"""Affine correlation with the template below which other starts are tried as well."""
LEAST_NCC = 0.80
"""Below this no start has landed. Seen on heads: landed .83 to .90, facing backwards .73 to .83, upside down below .2.
The two ranges touch, so a backward landing is told by comparing starts, not by this limit."""
CLEARLY_BETTER_NCC = 0.01
LARGEST_TURN_DEGREES = 75.0
"""Patients lie turned by up to about 45 degrees. A head that faces backwards by its own file is more likely to carry a
wrong orientation than to have been scanned so, and then left and right cannot be trusted."""
PLAUSIBLE_SCALE = (0.68, 1.35)
"""Linear size of the head relative to the template."""
_BACKWARDS = (2, 180.0)
_CHIN_UP_OR_DOWN = ((0, -30.0), (0, 30.0))
"""Axis and angle of the further starts."""


@dataclass(frozen=True, eq=False)
class Registration:
    """Where template points lie in a scan and back, both in mm."""

    affine: Floats
    """4x4, template mm to scan RAS+ mm."""
    deformation: Deformation
    affine_ncc: float
    """Correlation of template and scan after the affine step, inside the skull, 4 mm grid."""
    scale: float
    """Cube root of the affine's determinant: linear size of this head relative to the template."""

    def template_to_scan(self, points_mm: Floats) -> Floats:
        """RAS+ scan positions of template positions, shape (..., 3), mm."""
        moved = points_mm + self.deformation.forward(points_mm)
        return np.asarray(moved @ self.affine[:3, :3].T + self.affine[:3, 3])

    def scan_to_template(self, points_mm: Floats) -> Floats:
        """Template positions of RAS+ scan positions, shape (..., 3), mm."""
        inverse = np.linalg.inv(self.affine)
        straight = points_mm @ inverse[:3, :3].T + inverse[:3, 3]
        return np.asarray(straight + self.deformation.backward(straight))


def register(head: Head, atlas: Atlas, brain_mode_hu: float) -> Registration:
    """Register one head. Raises ScanRefused, REGISTRATION_FAILED or ORIENTATION_UNKNOWN."""
    clipped = np.where(head.mask, np.clip(head.grid.hu, *MATCHED_HU), 0).astype(np.float32)
    coarse = level_at(head.grid, clipped, atlas, COARSE_STEP_MM, COARSE_SIGMA_MM)
    fine = level_at(head.grid, clipped, atlas, FINE_STEP_MM, FINE_SIGMA_MM)
    affine, ncc = landed(start_of(head, atlas), coarse, fine, atlas)
    scale = float(np.cbrt(np.linalg.det(affine[:3, :3])))
    if ncc < LEAST_NCC or not PLAUSIBLE_SCALE[0] <= scale <= PLAUSIBLE_SCALE[1]:
        raise ScanRefused(
            RefusalCode.REGISTRATION_FAILED,
            "The head could not be matched with the atlas well enough to trust any region.",
            "Check that the scan shows an upright, complete head; score the ten regions by hand.",
        )
    if turn_degrees(affine) > LARGEST_TURN_DEGREES:
        raise ScanRefused(
            RefusalCode.ORIENTATION_UNKNOWN,
            "By the file's own orientation the head does not face forwards, so left and right cannot be trusted.",
            "Send the original DICOM series, or repair the orientation in the file.",
        )
    return Registration(affine, deform(head, atlas, affine, brain_mode_hu), ncc, scale)


def start_of(head: Head, atlas: Atlas) -> Floats:
    """Shift that brings the tops of both intracranial masks together; the scan's own axes are taken as they come."""
    affine = np.eye(4)
    affine[:3, 3] = _top_centroid(head.mask, head.grid.affine) - _top_centroid(
        atlas.intracranial, atlas.template_affine
    )
    return affine


def _top_centroid(mask: Mask, affine: Floats) -> Floats:
    points = np.stack(np.nonzero(mask), axis=1).astype(np.float32) @ affine[:3, :3].T + affine[:3, 3]
    top = float(np.percentile(points[:, 2], 99.5))
    return np.asarray(points[points[:, 2] > top - CENTROID_DEPTH_MM].mean(axis=0))


def _rotation(axis: int, degrees: float, atlas: Atlas) -> Floats:
    """Rotation about an axis through the middle of the template's brain."""
    centre = _top_centroid(atlas.intracranial, atlas.template_affine)
    first, second = [other for other in range(3) if other != axis]
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turn = np.eye(3)
    turn[first, first] = turn[second, second] = cosine
    turn[first, second], turn[second, first] = -sine, sine
    affine = np.eye(4)
    affine[:3, :3] = turn
    affine[:3, 3] = centre - turn @ centre
    return affine


def landed(start: Floats, coarse: Level, fine: Level, atlas: Atlas) -> tuple[Floats, float]:
    """The best affine map over the starts, with its correlation; further starts only if the first is not good."""
    first = _coarse(start, coarse)
    affine, ncc = _fine(first, fine)
    if ncc >= GOOD_NCC:
        return affine, ncc
    turns = (_BACKWARDS, *_CHIN_UP_OR_DOWN) if ncc < LEAST_NCC else (_BACKWARDS,)
    others = [_coarse(start @ _rotation(axis, degrees, atlas), coarse) for axis, degrees in turns]
    best = max(others, key=lambda other: correlation(other, coarse))
    if correlation(best, coarse) > correlation(first, coarse) + CLEARLY_BETTER_NCC:
        return max((affine, ncc), _fine(best, fine), key=lambda landing: landing[1])
    return affine, ncc


def turn_degrees(affine: Floats) -> float:
    """Angle by which an affine map turns the head, scale and shear left aside."""
    left, _, right = np.linalg.svd(affine[:3, :3])
    cosine = (np.trace(left @ right) - 1) / 2
    return float(np.degrees(np.arccos(np.clip(cosine, -1, 1))))


def _coarse(start: Floats, level: Level) -> Floats:
    """Similarity, then affine, on the coarse level."""
    return descended(descended(start, level, similarity()), level, full_affine())


def _fine(start: Floats, level: Level) -> tuple[Floats, float]:
    """Affine on the fine level, with the correlation reached."""
    affine = descended(start, level, full_affine())
    return affine, correlation(affine, level)

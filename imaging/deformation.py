"""The smooth local part of the registration: moves the template's ventricles and sulci onto those of the scan.

Demons (Thirion, Med Image Anal 1998; 2: 243) with the symmetric force of Vercauteren and others (NeuroImage 2009;
45: S61), on a 4 mm grid in template space. Only fluid against tissue is matched: densities above a cut between them
are saturated, so an infarct, which is darker tissue, cannot pull the ventricle into itself.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.head import Head

Floats = NDArray[np.float64]

STEP_MM = 4.0
STEPS = 25
LONGEST_STEP_MM = 2.0
FLUID_SIGMA_VOXELS = 1.6
"""Smooths each step: neighbours move together."""
ELASTIC_SIGMA_VOXELS = 0.65
"""Smooths the whole field after each step: it stays near the affine map."""
IMAGE_SIGMA_MM = 3.0
FLUID_BELOW_MODE_HU = 25.0
"""CSF lies about this far below the commonest brain density."""
SATURATION_BELOW_MODE_HU = 10.0
"""Tissue darker than the commonest brain density by up to this counts as plain tissue."""
TEMPLATE_MODE_HU = 33.0
"""The same density in the template, between its grey (37) and white (29) matter."""
INVERSION_STEPS = 4
LOWEST_Z_MM = -44.0
"""Below lie the skull base and the cerebellum, which no region needs."""


@dataclass(frozen=True, eq=False)
class Deformation:
    """Displacements in mm of template space, on a grid of template positions; beyond it they stay as at its edge."""

    forward_mm: NDArray[np.float32]
    """Shape (3, a, b, c): from the template to the affinely aligned scan."""
    backward_mm: NDArray[np.float32]
    origin_mm: Floats
    step_mm: float

    def forward(self, points_mm: Floats) -> Floats:
        """Displacement at template positions, shape (..., 3), mm."""
        return self._at(self.forward_mm, points_mm)

    def backward(self, points_mm: Floats) -> Floats:
        """Displacement at affinely aligned scan positions, shape (..., 3), mm."""
        return self._at(self.backward_mm, points_mm)

    def _at(self, field: NDArray[np.float32], points_mm: Floats) -> Floats:
        index = np.moveaxis((points_mm - self.origin_mm) / self.step_mm, -1, 0)
        return np.stack(
            [ndimage.map_coordinates(part, index, order=1, output=float, mode="nearest") for part in field], axis=-1
        )


def deform(head: Head, atlas: Atlas, affine: Floats, brain_mode_hu: float) -> Deformation:
    """Find the deformation that is left after the affine step.

    Parameters
    ----------
    affine : 4x4, template mm to scan mm.
    brain_mode_hu : commonest density of this scan's brain, HU.
    """
    voxel_mm = float(atlas.template_affine[0, 0])
    cut, origin = _grid(atlas)
    fixed = _tissue_share(atlas.template_hu, TEMPLATE_MODE_HU) * atlas.intracranial
    fixed = ndimage.gaussian_filter(fixed, IMAGE_SIGMA_MM / voxel_mm)[cut]
    moving = _tissue_share(head.grid.hu, brain_mode_hu) * head.mask
    moving = ndimage.gaussian_filter(moving, IMAGE_SIGMA_MM / head.grid.step_mm)
    to_index = np.linalg.inv(head.grid.affine) @ affine
    points = np.moveaxis(np.indices(fixed.shape) * STEP_MM, 0, -1) + origin
    straight = np.moveaxis(points @ to_index[:3, :3].T + to_index[:3, 3], -1, 0)
    forward = _demons(fixed, moving, straight, to_index[:3, :3])
    return Deformation(forward, _inverted(forward), origin, STEP_MM)


def _grid(atlas: Atlas) -> tuple[tuple[slice, ...], Floats]:
    """The template voxels that make the grid, symmetric about x = 0, and the first one's position in mm."""
    voxel_mm = float(atlas.template_affine[0, 0])
    every = round(STEP_MM / voxel_mm)
    lowest = (0, 0, round((LOWEST_Z_MM - float(atlas.template_affine[2, 3])) / voxel_mm))
    cut, first = [], []
    for axis, size in enumerate(atlas.template_hu.shape):
        used = np.flatnonzero(atlas.intracranial.any(axis=tuple({0, 1, 2} - {axis})))
        margin = 2 * every
        start = max(int(used[0]) - margin, lowest[axis])
        start -= (start - ((size - 1) % every) // 2) % every if axis == 0 else 0
        stop = size - start if axis == 0 else min(int(used[-1]) + margin + 1, size)
        cut.append(slice(start, stop, every))
        first.append(start)
    return tuple(cut), atlas.template_affine[:3, 3] + np.array(first) * voxel_mm


def _tissue_share(hu: NDArray[np.float32], mode_hu: float) -> NDArray[np.float32]:
    """0 for fluid and anything darker, 1 for tissue, in between for mixtures of both."""
    fluid, tissue = mode_hu - FLUID_BELOW_MODE_HU, mode_hu - SATURATION_BELOW_MODE_HU
    return np.asarray(np.clip((hu - fluid) / (tissue - fluid), 0, 1), dtype=np.float32)


def _demons(
    fixed: NDArray[np.float32], moving: NDArray[np.float32], straight: Floats, linear: Floats
) -> NDArray[np.float32]:
    """Displacement field in mm, shape (3, a, b, c).

    ``straight`` are the grid's indices in the moving image under the affine map, shape (3, a, b, c); ``linear`` turns
    a displacement in template mm into moving-image indices.
    """
    field = np.zeros((3, *fixed.shape), dtype=np.float32)
    fixed_gradient = np.stack(list(np.gradient(fixed, STEP_MM)))
    seen = np.ones(fixed.shape, dtype=bool)
    for along, size in zip(straight, moving.shape, strict=True):
        seen &= (along >= 0) & (along <= size - 1)
    for _ in range(STEPS):
        index = straight + np.tensordot(linear, field, axes=1)
        warped = ndimage.map_coordinates(moving, index, order=1)
        difference = np.where(seen, fixed - warped, 0)  # where nothing was scanned, nothing pulls
        gradient = (fixed_gradient + np.stack(list(np.gradient(warped, STEP_MM)))) / 2
        strength = (gradient**2).sum(axis=0) + (difference / LONGEST_STEP_MM) ** 2
        step = gradient * (difference / np.maximum(strength, 1e-6))
        length = np.sqrt((step**2).sum(axis=0))
        step *= np.minimum(1, LONGEST_STEP_MM / np.maximum(length, 1e-6))
        for part in range(3):
            field[part] += ndimage.gaussian_filter(step[part], FLUID_SIGMA_VOXELS)
            field[part] = ndimage.gaussian_filter(field[part], ELASTIC_SIGMA_VOXELS)
    return field


def _inverted(forward: NDArray[np.float32]) -> NDArray[np.float32]:
    """The field that undoes ``forward``, by fixed-point iteration on the same grid."""
    grid = np.indices(forward.shape[1:])
    backward = -forward
    for _ in range(INVERSION_STEPS):
        index = grid + backward / STEP_MM
        backward = -np.stack([ndimage.map_coordinates(part, index, order=1, mode="nearest") for part in forward])
    return np.asarray(backward, dtype=np.float32)

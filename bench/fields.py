"""Smooth random fields, and values of a grid at positions between its voxels."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

GRID_STEP_MM = 8.0
GRID_SHAPE = (29, 35, 29)
GRID_AFFINE = np.diag([GRID_STEP_MM, GRID_STEP_MM, GRID_STEP_MM, 1.0])
GRID_AFFINE[:3, 3] = (-112.0, -144.0, -88.0)
"""A coarse grid over the whole template head, for fields that vary slowly."""


def smooth_field(rng: np.random.Generator, shape: tuple[int, ...], sigma_voxels: float) -> Singles:
    """Smooth random values of variance 1."""
    field = ndimage.gaussian_filter(rng.standard_normal(shape).astype(np.float32), sigma_voxels, mode="wrap")
    return np.asarray(field / field.std(), dtype=np.float32)


def sampled(values: Singles, affine: Floats, at_mm: NDArray[np.floating], beyond: float = 0.0) -> Singles:
    """Linear interpolation at positions (..., 3) in mm; ``affine`` is 4x4, voxel to mm."""
    inverse = np.linalg.inv(affine)
    index = np.moveaxis(at_mm @ inverse[:3, :3].T + inverse[:3, 3], -1, 0)
    return np.asarray(ndimage.map_coordinates(values, index, order=1, output=np.float32, cval=beyond))


def field_at(rng: np.random.Generator, sigma_mm: float, template_mm: NDArray[np.floating]) -> Singles:
    """A smooth random field of variance 1 at template positions (..., 3)."""
    return sampled(smooth_field(rng, GRID_SHAPE, sigma_mm / GRID_STEP_MM), GRID_AFFINE, template_mm)

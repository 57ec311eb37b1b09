"""Finds the intracranial space on a head CT: the soft tissue that bone encloses."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.reduction import UprightGrid, bounding_box, cropped

Mask = NDArray[np.bool_]

SOFT_TISSUE_HU = (-15.0, 95.0)
"""Brain, CSF and blood; fat and air lie below, bone above."""
REGROWTH_HU = (-15.0, 110.0)
EROSIONS_MM = (7.0, 9.0, 11.0)
"""Depth at which the brain parts from the scalp and the neck; deeper ones are tried while the result is too large."""
LARGEST_PLAUSIBLE_ML = 1900.0
SMALLEST_PLAUSIBLE_ML = 60.0
BONE_HU = 200.0
AIR_HU = -200.0
"""Skin and fat lie above."""
RIM_MM = 6.0
"""Bone is looked for this far outside the mask when asking whether a skull encloses it."""


@dataclass(frozen=True, eq=False)
class Head:
    """The intracranial space on an upright grid."""

    grid: UprightGrid
    mask: Mask
    """Shape as ``grid.hu``; true inside the skull."""
    volume_ml: float
    bone_rim_fraction: float
    """Share of the mask's surface, open ends of the scan left out, with bone close outside it, 0-1."""

    @cached_property
    def depth_mm(self) -> NDArray[np.float32]:
        """Distance of each grid voxel inside the mask from its border, mm; 0 outside."""
        depth, box = np.zeros(self.mask.shape, dtype=np.float32), bounding_box(self.mask, 1)
        depth[box] = ndimage.distance_transform_edt(self.mask[box], sampling=self.grid.step_mm)
        return depth


def find_head(grid: UprightGrid) -> Head | None:
    """The intracranial space, or ``None`` if no soft tissue is deep enough to be brain.

    The head's grid is the part of ``grid`` that holds more than air.
    """
    matter = grid.hu > AIR_HU
    if matter.any():
        grid = cropped(grid, bounding_box(matter, 1))
    head = None
    for erosion_mm in EROSIONS_MM:
        mask = _soft_core(grid, erosion_mm)
        if mask is None:
            return head
        head = Head(grid, mask, _volume_ml(mask, grid), _bone_rim_fraction(grid, mask))
        if head.volume_ml <= LARGEST_PLAUSIBLE_ML:
            break
    return head


def _volume_ml(mask: Mask, grid: UprightGrid) -> float:
    return float(mask.sum()) * grid.step_mm**3 / 1000


def _soft_core(grid: UprightGrid, erosion_mm: float) -> Mask | None:
    """Erode soft tissue, keep the largest part, grow it back, fill holes slice by slice."""
    soft = (grid.hu >= SOFT_TISSUE_HU[0]) & (grid.hu <= SOFT_TISSUE_HU[1])
    deep = ndimage.distance_transform_edt(soft, sampling=grid.step_mm) > erosion_mm
    labels, count = ndimage.label(deep)
    if count == 0:
        return None
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    core = labels == sizes.argmax()
    if _volume_ml(core, grid) < SMALLEST_PLAUSIBLE_ML / 4:
        return None
    box = bounding_box(core, int((erosion_mm + 1) / grid.step_mm) + 1)
    reach = ndimage.distance_transform_edt(~core[box], sampling=grid.step_mm) <= erosion_mm + 1
    mask = np.zeros_like(core)
    mask[box] = reach & (grid.hu[box] >= REGROWTH_HU[0]) & (grid.hu[box] <= REGROWTH_HU[1])
    for c in range(mask.shape[2]):
        mask[:, :, c] = ndimage.binary_fill_holes(mask[:, :, c])
    return np.asarray(mask)


def _bone_rim_fraction(grid: UprightGrid, mask: Mask) -> float:
    """How much of the mask's side wall has bone within ``RIM_MM`` outside; top and bottom slices are open by nature."""
    across = ndimage.generate_binary_structure(3, 1)
    across[1, 1, 0] = across[1, 1, 2] = False
    box = bounding_box(mask, int(RIM_MM / grid.step_mm) + 1)
    wall = mask[box] & ~ndimage.binary_erosion(mask[box], across)
    if not wall.any():
        return 0.0
    to_bone = ndimage.distance_transform_edt(grid.hu[box] < BONE_HU, sampling=grid.step_mm)
    return float((to_bone[wall] <= RIM_MM).mean())

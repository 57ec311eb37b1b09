"""Finds tissue that is far darker than its mirror image: fluid where tissue should be, the mark of an old infarct.

An acute infarct is tissue that took up water: net uptake is about 11.5 % at 4.5 hours (Minnerup and others, Ann Neurol
2016; 80: 924), which is 4 HU, and 8 HU are a quarter. Ten and more are not seen within the first hours.
Fluid lies some 25 HU below its mirror image. A cut between the two needs no absolute density, so a scan that is
calibrated 10 HU too low is judged as any other.
"""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DARKER_BY_HU = 10.5
"""More than an acute infarct darkens. Seen: acute change of 8 HU reaches this in at most 1 ml of a region."""
MOST_HU = 22.0
"""Differences count up to this: a cistern against bone must not reach far."""
SMOOTHING_MM = 2.5
"""A sulcus or a shifted fissure is evened out, a defect of a centimetre is not."""
MARGIN_STEPS = 2
"""Scar and part volume around the fluid, in steps of the template's grid (2 mm)."""


def scars(template_mm: Floats, left_minus_right_hu: Floats, inside: Mask, atlas: Atlas) -> tuple[Mask, Mask]:
    """Positions on the left and on the right that an old infarct has turned into fluid.

    Parameters
    ----------
    template_mm : shape (n, 3), left positions on the template's grid.
    left_minus_right_hu : shape (n,), drift corrected.
    inside : shape (n,), both positions inside the skull and neither of them dense.
    """
    voxel_mm = float(atlas.template_affine[0, 0])
    at = tuple(np.rint((template_mm - atlas.template_affine[:3, 3]) / voxel_mm).astype(np.intp).T)
    low, high = [int(axis.min()) for axis in at], [int(axis.max()) + 1 for axis in at]
    at = tuple(axis - first for axis, first in zip(at, low, strict=True))
    shape = tuple(h - first for first, h in zip(low, high, strict=True))
    weight, value = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.float32)
    weight[at] = inside
    value[at] = np.where(inside, np.clip(left_minus_right_hu, -MOST_HU, MOST_HU), 0)
    sigma = SMOOTHING_MM / voxel_mm
    smooth = ndimage.gaussian_filter(value, sigma) / np.maximum(ndimage.gaussian_filter(weight, sigma), 0.1)
    left, right = (ndimage.binary_opening((sign * smooth < -DARKER_BY_HU) & (weight > 0))[at] for sign in (1.0, -1.0))
    return left, right


def with_margin(scar: Mask, template_mm: Floats, atlas: Atlas) -> Mask:
    """The positions of a scar and those around it, shape (n,)."""
    voxel_mm = float(atlas.template_affine[0, 0])
    at = tuple(np.rint((template_mm - atlas.template_affine[:3, 3]) / voxel_mm).astype(np.intp).T)
    grid = np.zeros(atlas.template_hu.shape, dtype=bool)
    grid[at] = scar
    return np.asarray(ndimage.binary_dilation(grid, iterations=MARGIN_STEPS)[at]) if scar.any() else scar

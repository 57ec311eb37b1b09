"""Which voxels counted and how much darker each is than its mirror image, on the scan's own slices."""

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.densitometry import Densities
from imaging.registration import Registration
from imaging.tissue import TissueMap


def asymmetry_hu(
    tissue: TissueMap, densities: Densities, registration: Registration, atlas: Atlas
) -> NDArray[np.float32]:
    """Each side minus its mirror image, drift corrected, HU, on the measured stack, shape (i, j, k).

    NaN where nothing counted: outside the head, near the midline, in fluid, sulci, dense matter and old infarcts.
    """
    voxel_mm = float(atlas.template_affine[0, 0])
    grid = np.full(atlas.template_hu.shape, np.nan, dtype=np.float32)
    for mirror, sign in ((1.0, 1.0), (-1.0, -1.0)):
        places = densities.template_mm * np.array([mirror, 1.0, 1.0])
        at = tuple(np.rint((places - atlas.template_affine[:3, 3]) / voxel_mm).astype(np.intp).T)
        grid[at] = np.where(densities.counted, sign * densities.left_minus_right_hu, np.nan)
    shown = np.argwhere(tissue.inside)
    template = registration.scan_to_template(tissue.volume.index_to_world(shown.astype(float)))
    index = ((template - atlas.template_affine[:3, 3]) / voxel_mm).T
    found = np.full(tissue.inside.shape, np.nan, dtype=np.float32)
    found[tuple(shown.T)] = ndimage.map_coordinates(grid, index, order=0, cval=np.nan)
    return found

"""Sorts what lies inside the skull: tissue that may be measured, fluid, sulci, dense matter, old infarcts."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.head import Head
from imaging.volume import CtVolume

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

SMOOTHING_MM = 1.3
"""In-plane Gaussian: evens out noise and keeps a cortex of 3 mm apart from its neighbours."""
CLIPPED_HU = (-20.0, 120.0)
FLUID_BELOW_MODE_HU = 16.0
"""CSF lies about 25 HU below the commonest brain density, white matter about 4, and an infarct of several hours
another 6 to 10 HU below its tissue: this cut keeps the infarct and drops what is mostly fluid."""
SULCUS_BELOW_MODE_HU = 8.0
SULCUS_DEPTH_HU = 7.0
SULCUS_WIDTH_MM = 9.0
"""A dark feature narrower than this and deeper than ``SULCUS_DEPTH_HU`` is a sulcus or fissure in part volume. Infarcts
are wider; so a broad and even darkening is never dropped for being dark."""
DENSE_ABOVE_MODE_HU = 22.0
"""Calcium, blood, vessels and bone in part volume."""
MARGIN_MM = 1.2
"""Voxels this close in plane to fluid or dense matter hold some of it."""
OLD_OPENING_MM = 3.0
"""An old infarct holds fluid in which a disc of this radius has room; sulci do not."""


@dataclass(frozen=True, eq=False)
class TissueMap:
    """What each voxel of a stack was taken for; all arrays share the stack's shape (i, j, k)."""

    volume: CtVolume
    smoothed_hu: NDArray[np.float32]
    """In-plane smoothed within the intracranial mask, HU; meaningless outside it."""
    inside: Mask
    """Inside the skull."""
    fluid: Mask
    broad_fluid: Mask
    """Fluid wide enough for a ventricle, a cistern or an old infarct."""
    sulcus: Mask
    dense: Mask
    near_excluded: Mask
    """Within the margin of fluid or dense matter, or being it."""
    mode_hu: float
    """Commonest density of this scan's brain."""
    slice_ml: Floats
    """Shape (k,): volume of one voxel of each slice in ml, by the slice's share of the stack."""


def brain_mode_hu(head: Head) -> float | None:
    """Commonest density well inside the skull, HU; ``None`` if there is nothing of tissue density."""
    deep = ndimage.binary_erosion(head.mask, iterations=2)
    bins = np.arange(-20.0, 100.5, 0.5)
    counts, _ = np.histogram(head.grid.hu[deep], bins)
    if counts.sum() == 0:
        return None
    smooth = ndimage.gaussian_filter1d(counts.astype(float), 4.0)
    return float(bins[int(smooth.argmax())] + 0.25)


def sort_tissue(volume: CtVolume, head: Head, mode_hu: float) -> TissueMap:
    """Classify the voxels of a stack (about 1 mm in plane). All cuts are relative to the scan's own brain density."""
    inside = _inside(volume, head)
    smoothed = _smoothed(volume, inside)
    fluid = inside & (smoothed < mode_hu - FLUID_BELOW_MODE_HU)
    dense = inside & (smoothed > mode_hu + DENSE_ABOVE_MODE_HU)
    width = tuple(max(3, round(SULCUS_WIDTH_MM / size)) for size in volume.spacing_mm)
    filled = np.where(inside, smoothed, mode_hu).astype(np.float32)
    depth = ndimage.grey_closing(filled, size=(*width, 1)) - filled
    sulcus = inside & (smoothed < mode_hu - SULCUS_BELOW_MODE_HU) & (depth > SULCUS_DEPTH_HU)
    return TissueMap(
        volume=volume,
        smoothed_hu=smoothed,
        inside=inside,
        fluid=fluid,
        broad_fluid=ndimage.binary_opening(fluid, _disc(volume, OLD_OPENING_MM)),
        sulcus=sulcus,
        dense=dense,
        near_excluded=ndimage.binary_dilation(fluid | dense, _disc(volume, MARGIN_MM)),
        mode_hu=mode_hu,
        slice_ml=_slice_ml(volume),
    )


def _inside(volume: CtVolume, head: Head) -> Mask:
    """The intracranial mask on the stack's own voxels."""
    ni, nj, nk = volume.hu.shape
    inside = np.zeros(volume.hu.shape, dtype=bool)
    i, j = np.meshgrid(np.arange(ni), np.arange(nj), indexing="ij")
    soft = head.mask.astype(np.float32)
    for k in range(nk):
        points = volume.index_to_world(np.stack([i, j, np.full_like(i, k)], axis=-1).astype(float))
        share = ndimage.map_coordinates(soft, np.moveaxis(head.grid.index(points), -1, 0), order=1)
        inside[:, :, k] = np.rint(share) > 0
    return inside


def _smoothed(volume: CtVolume, inside: Mask) -> NDArray[np.float32]:
    """In-plane Gaussian of the voxels inside the skull only, so that bone does not leak in."""
    sigma = (*(SMOOTHING_MM / size for size in volume.spacing_mm), 0.0)
    weight = ndimage.gaussian_filter(inside.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(inside, np.clip(volume.hu, *CLIPPED_HU), 0).astype(np.float32), sigma)
    return np.asarray(total / np.maximum(weight, 1e-3), dtype=np.float32)


def _disc(volume: CtVolume, radius_mm: float) -> Mask:
    """In-plane structuring element, shape (a, b, 1)."""
    reach = [int(radius_mm / size) for size in volume.spacing_mm]
    a, b = np.ogrid[-reach[0] : reach[0] + 1, -reach[1] : reach[1] + 1]
    near = (a * volume.spacing_mm[0]) ** 2 + (b * volume.spacing_mm[1]) ** 2 <= radius_mm**2
    return np.asarray(near[:, :, None])


def _slice_ml(volume: CtVolume) -> Floats:
    """Each slice stands for the space halfway to its neighbours."""
    gaps = volume.gaps_mm
    ends = np.concatenate([gaps[:1], gaps, gaps[-1:]])
    return np.asarray((ends[:-1] + ends[1:]) / 2 * volume.spacing_mm[0] * volume.spacing_mm[1] / 1000)

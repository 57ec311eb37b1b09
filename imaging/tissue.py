"""Sorts what lies inside the skull: tissue that may be measured, fluid, sulci, dense matter, old infarcts."""

from dataclasses import dataclass
from typing import Any

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
    box = _bounding_box(volume, inside)
    within, density = inside[box], _smoothed(volume, inside, box)
    fluid = within & (density < mode_hu - FLUID_BELOW_MODE_HU)
    dense = within & (density > mode_hu + DENSE_ABOVE_MODE_HU)
    width = (*(max(3, round(SULCUS_WIDTH_MM / size)) for size in volume.spacing_mm), 1)
    filled = np.where(within, density, np.float32(mode_hu))
    depth = ndimage.grey_closing(filled, size=width) - filled
    sulcus = within & (density < mode_hu - SULCUS_BELOW_MODE_HU) & (depth > SULCUS_DEPTH_HU)

    def whole(part: NDArray[Any]) -> NDArray[Any]:
        """The part in the box as an array of the stack's shape, zero outside the box."""
        array = np.zeros(volume.hu.shape, dtype=part.dtype)
        array[box] = part
        return array

    return TissueMap(
        volume=volume,
        smoothed_hu=whole(density),
        inside=inside,
        fluid=whole(fluid),
        broad_fluid=whole(ndimage.binary_opening(fluid, _disc(volume, OLD_OPENING_MM))),
        sulcus=whole(sulcus),
        dense=whole(dense),
        near_excluded=whole(ndimage.binary_dilation(fluid | dense, _disc(volume, MARGIN_MM))),
        mode_hu=mode_hu,
        slice_ml=_slice_ml(volume),
    )


def _bounding_box(volume: CtVolume, inside: Mask) -> tuple[slice, slice, slice]:
    """The part of the stack that holds the mask, with room for every filter used here."""
    box = []
    for axis, size in enumerate((*volume.spacing_mm, np.inf)):
        used = np.flatnonzero(inside.any(axis=tuple({0, 1, 2} - {axis})))
        margin = int(SULCUS_WIDTH_MM / size) + 1
        low, high = (int(used[0]), int(used[-1])) if used.size else (0, 0)
        box.append(slice(max(0, low - margin), high + margin + 1))
    return box[0], box[1], box[2]


def _inside(volume: CtVolume, head: Head) -> Mask:
    """The intracranial mask on the stack's own voxels."""
    low, high = np.zeros(3), np.array(head.mask.shape, dtype=float) - 1
    for axis in range(3):
        used = np.flatnonzero(head.mask.any(axis=tuple({0, 1, 2} - {axis})))
        low[axis], high[axis] = used[0] - 1, used[-1] + 1
    box = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    index = volume.world_to_index(box @ head.grid.affine[:3, :3].T + head.grid.affine[:3, 3])
    first = np.maximum(np.floor(index.min(axis=0)), 0).astype(int)
    last = np.minimum(np.ceil(index.max(axis=0)).astype(int), np.array(volume.hu.shape) - 1)
    inside = np.zeros(volume.hu.shape, dtype=bool)
    i, j = np.meshgrid(np.arange(first[0], last[0] + 1), np.arange(first[1], last[1] + 1), indexing="ij")
    soft = head.mask.astype(np.float32)
    for k in range(first[2], last[2] + 1):
        points = volume.index_to_world(np.stack([i, j, np.full_like(i, k)], axis=-1).astype(float))
        share = ndimage.map_coordinates(soft, np.moveaxis(head.grid.index(points), -1, 0), order=1)
        inside[first[0] : last[0] + 1, first[1] : last[1] + 1, k] = np.rint(share) > 0
    return inside


def _smoothed(volume: CtVolume, inside: Mask, box: tuple[slice, slice, slice]) -> NDArray[np.float32]:
    """In-plane Gaussian of the voxels inside the skull only, so that bone does not leak in; for the box."""
    sigma = (*(SMOOTHING_MM / size for size in volume.spacing_mm), 0.0)
    within = inside[box]
    weight = ndimage.gaussian_filter(within.astype(np.float32), sigma)
    total = ndimage.gaussian_filter(np.where(within, np.clip(volume.hu[box], *CLIPPED_HU), 0).astype(np.float32), sigma)
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

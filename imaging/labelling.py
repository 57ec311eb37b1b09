"""Which region each voxel of a scan belongs to, and how much of each region the scan covers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.atlas import Atlas
from imaging.registration import Registration
from imaging.tissue import TissueMap
from imaging.volume import CtVolume
from scoring.regions import Region, Side

Floats = NDArray[np.float64]

MIDLINE_MM = 2.0
"""Positions closer to the midline are left out: their mirror image is the same tissue."""
MEASURED_Z_MM = (-30.0, 66.0)
"""Template heights that take part: the regions and enough brain around them to see a left-right drift."""


@dataclass(frozen=True, eq=False)
class VoxelLabels:
    """What each voxel of a stack belongs to; both have the stack's shape, 0: to none, or outside the skull."""

    regions: NDArray[np.uint8]
    """Values of the atlas's label table."""
    territories: NDArray[np.uint8]
    """Values of ``imaging.atlas.territory_value``."""


@dataclass(frozen=True, eq=False)
class MirrorPairs:
    """Template positions of the left hemisphere and their mirror images on the right, both found in the scan."""

    template_mm: Floats
    """Shape (n, 3), left positions (x < 0)."""
    values: NDArray[np.uint8]
    """Shape (n,): the left region's value in the atlas's label table, 0 outside all regions."""
    left_mm: Floats
    """Shape (n, 3), scan RAS+ mm."""
    right_mm: Floats


def label_voxels(tissue: TissueMap, registration: Registration, atlas: Atlas) -> VoxelLabels:
    """What each voxel of a stack belongs to; slice by slice, for memory's sake."""
    regions, territories = (np.zeros(tissue.inside.shape, dtype=np.uint8) for _ in range(2))
    for k in range(tissue.volume.slice_count):
        index = np.argwhere(tissue.inside[:, :, k : k + 1]) + np.array([0, 0, k])
        points = registration.scan_to_template(tissue.volume.index_to_world(index.astype(float)))
        at = tuple(index.T)
        regions[at] = values_at(points, atlas)
        territories[at] = territories_at(points, atlas)
    return VoxelLabels(regions, territories)


def values_at(template_mm: Floats, atlas: Atlas) -> NDArray[np.uint8]:
    """Region values at template positions, shape (n, 3); 0 beyond the atlas."""
    return _values_at(template_mm, atlas.labels, atlas.labels_affine)


def territories_at(template_mm: Floats, atlas: Atlas) -> NDArray[np.uint8]:
    """The same for whole territories: values of ``imaging.atlas.territory_value``."""
    return _values_at(template_mm, atlas.territories, atlas.template_affine)


def _values_at(template_mm: Floats, labels: NDArray[np.uint8], affine: Floats) -> NDArray[np.uint8]:
    """Values of a label map of cubic voxels along the axes."""
    index = np.rint((template_mm - affine[:3, 3]) / affine[0, 0]).astype(np.intp)
    inside = np.all((index >= 0) & (index < np.array(labels.shape)), axis=1)
    index[~inside] = 0
    return np.where(inside, labels[tuple(index.T)], 0).astype(np.uint8)


def mirror_pairs(registration: Registration, atlas: Atlas) -> MirrorPairs:
    """Pairs of mirrored positions inside the skull, on the template's 2 mm grid."""
    inside = np.argwhere(atlas.intracranial) @ atlas.template_affine[:3, :3].T + atlas.template_affine[:3, 3]
    x, z = inside[:, 0], inside[:, 2]
    left = inside[(x < -MIDLINE_MM) & (z >= MEASURED_Z_MM[0]) & (z <= MEASURED_Z_MM[1])]
    right = left * np.array([-1.0, 1.0, 1.0])
    return MirrorPairs(
        template_mm=left,
        values=values_at(left, atlas),
        left_mm=registration.template_to_scan(left),
        right_mm=registration.template_to_scan(right),
    )


def region_coverage(volume: CtVolume, pairs: MirrorPairs, atlas: Atlas) -> dict[Side, dict[Region, float]]:
    """Share of each region that lies within the scanned stack, 0-1."""
    seen = {Side.LEFT: scanned(volume, pairs.left_mm), Side.RIGHT: scanned(volume, pairs.right_mm)}
    here = {region: pairs.values == atlas.value(region, Side.LEFT) for region in Region}
    return {side: {region: float(seen[side][here[region]].mean()) for region in Region} for side in Side}


def scanned(volume: CtVolume, points_mm: Floats) -> NDArray[np.bool_]:
    """Whether positions, shape (n, 3), lie within the scanned stack, half a voxel beyond its outer centres included."""
    index = volume.world_to_index(points_mm)
    rim = 0.5
    last = np.array(volume.hu.shape) - 1
    return np.asarray(np.all((index >= -rim) & (index <= last + rim), axis=1))

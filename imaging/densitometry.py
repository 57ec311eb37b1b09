"""Measures the density of every region on both sides, and how much darker one side is than its mirror image.

The side difference is taken voxel by voxel between mirrored template positions, corrected for the slow left-right
drift that cupping and head turn leave (fitted outside the ASPECTS regions), and summed up by its mode, which a few
vessels, sulci or misplaced voxels do not move, unless the mean tells of a part that the mode passes over. Swapping
the sides of a scan swaps the signs and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.labelling import MirrorPairs, label_voxels
from imaging.registration import Registration
from imaging.tissue import TissueMap
from scoring.regions import Region, Side

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LARGEST_DIFFERENCE_HU = 18.0
"""Mirrored voxels that differ by more are not the same tissue."""
MODE_KERNEL_HU = 2.0
MEAN_TOLERANCE_HU = 0.6
"""Mean and mode of a region without change differ by less: seen up to 0.6 HU in heads without acute change, old
infarcts aside."""
FEWEST_PAIRS = 40
"""Below this (0.3 ml) a region's difference is not reported."""
DRIFT_ROUNDS = 10
DRIFT_OUTLIER_HU = 2.0
"""Differences beyond this lose weight: an infarct outside the regions must not pass for drift."""
REGIONS_WITHOUT_SULCI = frozenset({Region.L, Region.IC})
"""Nothing there can be a sulcus, so darkness is never dropped as one."""


@dataclass(frozen=True, slots=True)
class RegionDensity:
    """What was measured in one region of one side. ``None``: nothing left to measure."""

    hu: float | None
    """Median density of the counted tissue."""
    delta_hu: float | None
    """This side minus the mirrored one, drift corrected; negative: this side is darker."""
    pairs: int
    """Mirrored pairs of positions, 8 mm3 each, that gave ``delta_hu``."""
    voxels: int
    """Voxels of the measured stack that were counted."""
    counted_ml: float
    excluded_ml: float
    """Fluid, sulci and dense matter within the region's outline."""
    broad_fluid_ml: float
    """Fluid too wide for a sulcus: ventricle or old infarct."""


@dataclass(frozen=True, eq=False)
class Densities:
    """All regions of both sides, and the label map that they were measured in."""

    regions: Mapping[Side, Mapping[Region, RegionDensity]]
    labels: NDArray[np.uint8]
    """Region values on the voxels of the measured stack."""
    drift_hu: float
    """Largest left-right drift that was corrected, HU."""
    residual_sd_hu: float
    """Robust SD of mirrored differences outside the ASPECTS regions: atrophy and noise make it large."""


def measure(tissue: TissueMap, registration: Registration, pairs: MirrorPairs, atlas: Atlas) -> Densities:
    """Measure all twenty regions."""
    labels = label_voxels(tissue, registration, atlas)
    difference, strict, loose = _differences(tissue, pairs)
    drift = _drift(pairs.template_mm, difference, strict & (pairs.values == 0))
    corrected = difference - drift
    outside = corrected[strict & (pairs.values == 0)]
    spread = 1.4826 * float(np.median(np.abs(outside))) if outside.size else float("nan")
    regions: dict[Side, dict[Region, RegionDensity]] = {Side.LEFT: {}, Side.RIGHT: {}}
    for region in Region:
        here = pairs.values == atlas.value(region, Side.LEFT)
        usable = here & (loose if region in REGIONS_WITHOUT_SULCI else loose & ~_sulcal(tissue, pairs, here))
        left_minus_right = region_difference(corrected[usable])
        for side, sign in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0)):
            regions[side][region] = _region(
                tissue,
                labels == atlas.value(region, side),
                region,
                delta_hu=None if left_minus_right is None else sign * left_minus_right,
                pairs=int(usable.sum()),
            )
    return Densities(regions, labels, float(np.abs(drift).max(initial=0.0)), spread)


def _sample(tissue: TissueMap, values: NDArray[np.generic], points_mm: Floats, order: int) -> Floats:
    index = tissue.volume.world_to_index(points_mm).T
    return np.asarray(ndimage.map_coordinates(values, index, order=order, output=float, cval=0.0))


def _differences(tissue: TissueMap, pairs: MirrorPairs) -> tuple[Floats, Mask, Mask]:
    """Left minus right in HU, and which pairs may be used: strictly (for the drift) and loosely (for regions)."""
    sides = [pairs.left_mm, pairs.right_mm]
    left, right = (_sample(tissue, tissue.smoothed_hu, points, 1) for points in sides)
    difference = left - right
    usable = np.abs(difference) < LARGEST_DIFFERENCE_HU
    for points in sides:
        usable &= _sample(tissue, tissue.inside.view(np.uint8), points, 0) > 0
        usable &= _sample(tissue, tissue.near_excluded.view(np.uint8), points, 0) == 0
    strict = usable.copy()
    for points in sides:
        strict &= _sample(tissue, tissue.sulcus.view(np.uint8), points, 0) == 0
    return difference, strict, usable


def _sulcal(tissue: TissueMap, pairs: MirrorPairs, here: Mask) -> Mask:
    """Whether either position of a pair lies in a sulcus; only asked where ``here`` is true."""
    sulcal = np.zeros(here.shape, dtype=bool)
    for points in (pairs.left_mm, pairs.right_mm):
        sulcal[here] |= _sample(tissue, tissue.sulcus.view(np.uint8), points[here], 0) > 0
    return sulcal


def _drift(template_mm: Floats, difference: Floats, usable: Mask) -> Floats:
    """Robust fit of a slow left-right difference, evaluated at every pair, HU; zero with too few pairs."""
    x, y, z = np.abs(template_mm[:, 0]), template_mm[:, 1], template_mm[:, 2]
    terms = np.stack([np.ones_like(x), y / 50, (z - 20) / 40, (x - 30) / 25], axis=1)
    if usable.sum() < 100 * terms.shape[1]:
        return np.zeros_like(difference)
    fitted, target = terms[usable], difference[usable]
    weights = np.ones_like(target)
    coefficients = np.zeros(terms.shape[1])
    for _ in range(DRIFT_ROUNDS):
        weighted = fitted * weights[:, None]
        coefficients = np.linalg.solve(weighted.T @ fitted, weighted.T @ target)
        weights = 1 / (1 + ((target - fitted @ coefficients) / DRIFT_OUTLIER_HU) ** 2)
    return np.asarray(terms @ coefficients)


def region_difference(differences_hu: Floats) -> float | None:
    """The mode, moved where the mean lies farther from it than sulci and misplaced voxels make it; ``None`` as there.

    A mode passes over an infarct that fills less than half of a region, however dark. Odd, as the mode is.
    """
    mode = mode_of(differences_hu)
    if mode is None:
        return None
    beyond = float(differences_hu.mean()) - mode
    return mode + float(np.copysign(max(abs(beyond) - MEAN_TOLERANCE_HU, 0.0), beyond))


def mode_of(differences_hu: Floats) -> float | None:
    """Most common value of a sample of differences, smoothed by 2 HU; ``None`` below ``FEWEST_PAIRS`` values.

    Odd: the mode of the negated sample is the negated mode.
    """
    if differences_hu.size < FEWEST_PAIRS:
        return None
    width = 0.25
    edges = np.arange(-24 - width / 2, 24 + width, width)  # bins centred on 0, so that both signs are treated alike
    counts, _ = np.histogram(differences_hu, edges)
    smooth = ndimage.gaussian_filter1d(counts.astype(float), MODE_KERNEL_HU / width, mode="constant")
    top = int(smooth.argmax())
    low, peak, high = smooth[max(top - 1, 0)], smooth[top], smooth[min(top + 1, smooth.size - 1)]
    curvature = low - 2 * peak + high
    shift = 0.0 if curvature == 0 else 0.5 * (low - high) / curvature
    return float(edges[top] + width / 2 + shift * width)


def _region(tissue: TissueMap, here: Mask, region: Region, *, delta_hu: float | None, pairs: int) -> RegionDensity:
    """Density and volumes of one region on the scan's own slices."""
    at = np.nonzero(here)
    counted = ~tissue.near_excluded[at]
    if region not in REGIONS_WITHOUT_SULCI:
        counted &= ~tissue.sulcus[at]
    values = tissue.smoothed_hu[at][counted]
    voxel_ml = tissue.slice_ml[at[2]]
    return RegionDensity(
        hu=float(np.median(values)) if values.size else None,
        delta_hu=delta_hu,
        pairs=pairs,
        voxels=int(values.size),
        counted_ml=float(voxel_ml[counted].sum()),
        excluded_ml=float(voxel_ml[~counted].sum()),
        broad_fluid_ml=float(voxel_ml[tissue.broad_fluid[at]].sum()),
    )

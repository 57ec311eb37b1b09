"""Measures the density of every region on both sides, and how much darker one side is than its mirror image.

The side difference is taken voxel by voxel between mirrored template positions, corrected for the slow left-right
drift that cupping and head turn leave (fitted outside the ASPECTS regions), and summed up by its mode, which a few
vessels, sulci or misplaced voxels do not move, unless the mean tells of a part that the mode passes over. Fluid that
an old infarct left is set aside first. Swapping the sides of a scan swaps the signs and nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.calibration import drift_terms
from imaging.labelling import MirrorPairs, label_voxels
from imaging.old_infarct import scars, with_margin
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
CELL_MM = 24.0
"""Side of the cubes over which the slow differences outside the regions are taken: 14 ml, as a small region."""
FEWEST_IN_CELL = 100
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
    old_ml: float
    """Fluid that this side has and the mirrored one has not, too wide for a sulcus: an old infarct."""
    scarred_share: float
    """Share of the region, 0-1, that old infarcts of either side and their margins take from the comparison."""


@dataclass(frozen=True, eq=False)
class Densities:
    """All regions of both sides, and the label map that they were measured in."""

    regions: Mapping[Side, Mapping[Region, RegionDensity]]
    labels: NDArray[np.uint8]
    """Region values on the voxels of the measured stack."""
    territories: NDArray[np.uint8]
    """Values of the whole territories there."""
    label_table: Mapping[int, tuple[Region, Side]]
    template_mm: Floats
    """Shape (n, 3): the left positions that were compared with their mirror images, template mm."""
    left_minus_right_hu: Floats
    """Shape (n,): drift corrected."""
    counted: Mask
    """Shape (n,): whether the pair was measured as tissue."""
    drift_hu: float
    """Largest left-right drift that was corrected, HU."""
    residual_sd_hu: float
    """Robust SD of mirrored differences outside the ASPECTS regions: atrophy and noise make it large."""
    field_sd_hu: float
    """The same of the medians of cells as large as a region: brains that differ from side to side make it large."""


def measure(tissue: TissueMap, registration: Registration, pairs: MirrorPairs, atlas: Atlas) -> Densities:
    """Measure all twenty regions."""
    voxel_labels = label_voxels(tissue, registration, atlas)
    labels = voxel_labels.regions
    seen = _seen(tissue, pairs)
    outside = seen.strict & (pairs.values == 0)
    drift = _drift(pairs.template_mm, seen.difference, outside)
    corrected = seen.difference - drift
    scarred = dict(zip(Side, scars(pairs.template_mm, corrected, seen.inside, atlas), strict=True))
    whole = ~with_margin(scarred[Side.LEFT] | scarred[Side.RIGHT], pairs.template_mm, atlas)
    rest = outside & whole
    pair_ml = float(atlas.template_affine[0, 0]) ** 3 * registration.scale**3 / 1000
    voxels = _voxels_by_region(labels, len(atlas.label_table))
    regions: dict[Side, dict[Region, RegionDensity]] = {Side.LEFT: {}, Side.RIGHT: {}}
    for region in Region:
        here = pairs.values == atlas.value(region, Side.LEFT)
        usable = here & whole & (seen.loose if region in REGIONS_WITHOUT_SULCI else seen.strict)
        left_minus_right = region_difference(corrected[usable])
        for side, sign in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0)):
            regions[side][region] = _region(
                tissue,
                voxels[atlas.value(region, side)],
                region,
                delta_hu=None if left_minus_right is None else sign * left_minus_right,
                pairs=int(usable.sum()),
                old_ml=float((scarred[side] & here).sum()) * pair_ml,
                scarred_share=float((~whole & here).sum() / max(here.sum(), 1)),
            )
    return Densities(
        regions=regions,
        labels=labels,
        territories=voxel_labels.territories,
        label_table=atlas.label_table,
        template_mm=pairs.template_mm,
        left_minus_right_hu=corrected,
        counted=whole & seen.strict,
        drift_hu=float(np.abs(drift).max(initial=0.0)),
        residual_sd_hu=_robust_sd(corrected[rest]),
        field_sd_hu=_robust_sd(cell_medians(pairs.template_mm[rest], corrected[rest])),
    )


@dataclass(frozen=True, eq=False)
class _Seen:
    """What mirrored pairs of positions show; arrays of shape (n,)."""

    difference: Floats
    """Left minus right, HU."""
    inside: Mask
    """Both inside the skull, neither dense."""
    loose: Mask
    """Both may be measured where nothing can be a sulcus."""
    strict: Mask
    """Both may be measured."""


def _seen(tissue: TissueMap, pairs: MirrorPairs) -> _Seen:
    """Sample both sides once: densities between voxels, kinds of tissue at the nearest one."""
    kinds = tissue.inside.astype(np.uint8)
    for number, mask in enumerate((tissue.dense, tissue.near_excluded, tissue.sulcus), start=1):
        kinds += mask.view(np.uint8) << number
    hu, kind = [], []
    for points in (pairs.left_mm, pairs.right_mm):
        index = tissue.volume.world_to_index(points).T
        hu.append(ndimage.map_coordinates(tissue.smoothed_hu, index, order=1, output=float, cval=0.0))
        kind.append(ndimage.map_coordinates(kinds, index, order=0, cval=0))
    everywhere, somewhere = kind[0] & kind[1], kind[0] | kind[1]
    inside = everywhere & 1 > 0
    difference = hu[0] - hu[1]
    loose = inside & (somewhere & 4 == 0) & (np.abs(difference) < LARGEST_DIFFERENCE_HU)
    return _Seen(difference, inside & (somewhere & 2 == 0), loose, loose & (somewhere & 8 == 0))


def _drift(template_mm: Floats, difference: Floats, usable: Mask) -> Floats:
    """Robust fit of a slow left-right difference, evaluated at every pair, HU; zero with too few pairs."""
    terms = drift_terms(template_mm)
    if usable.sum() < 100 * terms.shape[1]:
        return np.zeros_like(difference)
    fitted, target = terms[usable], difference[usable]
    weights = np.ones_like(target)
    coefficients: Floats = np.zeros(terms.shape[1])
    for _ in range(DRIFT_ROUNDS):
        weighted = fitted * weights[:, None]
        coefficients = np.asarray(np.linalg.solve(weighted.T @ fitted, weighted.T @ target), dtype=np.float64)
        weights = 1 / (1 + ((target - fitted @ coefficients) / DRIFT_OUTLIER_HU) ** 2)
    return np.asarray(terms @ coefficients)


def _robust_sd(values_hu: Floats) -> float:
    """SD about zero that outliers do not move, HU; NaN of nothing."""
    return 1.4826 * float(np.median(np.abs(values_hu))) if values_hu.size else float("nan")


def cell_medians(template_mm: Floats, differences_hu: Floats) -> Floats:
    """Median difference in each cube of ``CELL_MM`` that holds enough positions, HU."""
    cells = np.floor(template_mm / CELL_MM).astype(np.intp)
    _, cell = np.unique(cells, axis=0, return_inverse=True)
    order = np.argsort(cell.ravel(), kind="stable")
    parts = np.split(differences_hu[order], np.cumsum(np.bincount(cell.ravel()))[:-1])
    return np.array([np.median(part) for part in parts if part.size >= FEWEST_IN_CELL])


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


Voxels = tuple[NDArray[np.intp], ...]


def _voxels_by_region(labels: NDArray[np.uint8], values: int) -> list[Voxels]:
    """Indices (i, j, k) of the voxels of each label value, 0 to ``values``."""
    at = np.nonzero(labels)
    found = labels[at]
    order = np.argsort(found, kind="stable")
    bounds = np.searchsorted(found[order], np.arange(values + 2))
    return [tuple(axis[order[first:last]] for axis in at) for first, last in pairwise(bounds)]


def _region(
    tissue: TissueMap,
    at: Voxels,
    region: Region,
    *,
    delta_hu: float | None,
    pairs: int,
    old_ml: float,
    scarred_share: float,
) -> RegionDensity:
    """Density and volumes of one region on the scan's own slices."""
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
        old_ml=old_ml,
        scarred_share=scarred_share,
    )

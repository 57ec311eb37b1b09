"""Figures shown beside the score, for a reader to weigh: none of them changes a region, the total or the side.

Each follows a paper and none was tried on labelled scans; docs/imaging.md says what limits them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas, Territory
from imaging.densitometry import Densities
from imaging.labelling import MirrorPairs
from imaging.registration import Registration
from imaging.result import RegionReading
from imaging.territories import TerritoryDensity, measure_territories
from imaging.tissue import TissueMap
from scoring.regions import Region, Side, Status

Floats = NDArray[np.float64]

LOW_DENSITY_HU, USUAL_MODE_HU = 26.0, 33.0
"""Severe hypodensity (Sarraj and others, JAMA 2024; 331: 750). A scan whose brain lies below the usual density gets a
limit lower by as much; the paper's limit is absolute."""
ARTERY_X_MM, ARTERY_Y_MM, ARTERY_Z_MM = (10.0, 32.0), (-6.0, 12.0), (-20.0, -6.0)
"""The first segment of the middle cerebral artery, template mm."""
ARTERY_PERCENTILE, ARTERY_SIGMA_MM = 98.0, 0.8
ARTERY_RATIO, ARTERY_HU = 1.2, 43.0
"""Denser to less dense side, and the denser one's density (Koo and others, Cerebrovasc Dis 2000; 10: 419)."""
BONE_HU, BONE_MARGIN_MM = 100.0, 2.5
FEWEST_VOXELS = 50
MIDLINE_Y_MM, MIDLINE_Z_MM = (-5.0, 21.0), (4.0, 18.0)
"""Where the septum pellucidum and the third ventricle lie on the template's mid-sagittal plane."""
CORTICAL = frozenset({Region.I, Region.M1, Region.M2, Region.M3, Region.M4, Region.M5, Region.M6})
LEAST_SULCAL_ML, EFFACED_SHARE = 4.0, 0.4
"""Sulci look effaced on a side that has less than this share of the other's, if that one has any to speak of. Heads
without swelling have at least half, by the accident of their folds."""
LEAST_SHIFT_MM = 3.0
"""Smaller displacements are seen in heads without any."""


@dataclass(frozen=True, slots=True)
class Extras:
    """Figures beside the score. ``None``: could not be measured, or there is nothing to measure."""

    net_water_uptake_percent: float | None
    """Of the affected regions together: 100 (1 - density / mirrored density), drift corrected."""
    low_density_ml: Mapping[Side, float]
    """Tissue of at most 26 HU in the ten regions of each side, fluid and sulci left out."""
    artery_ratio: float | None
    """Density of the denser first segment of the middle cerebral artery by that of the other."""
    artery_hu: float | None
    artery_side: Side | None
    """Side on which the ratio and the density look like a clot; ``None``: on neither."""
    midline_shift_mm: float
    """Displacement of the middle of the brain against the skull, to either side."""
    midline_shift_towards: Side | None
    """``None``: too small to tell from none."""
    sulcal_ml: Mapping[Side, float]
    """Sulci and the fissure's branches in M1 to M6 and the insular ribbon of each side; old infarcts left out."""
    sulci_effaced: Side | None
    """Side whose sulci are much narrower; ``None``: neither, or there are hardly any."""
    territories: Mapping[Territory, TerritoryDensity]
    """The middle cerebral artery's and those of pc-ASPECTS."""

    def to_json(self) -> dict[str, Any]:
        """Plain values with sensible digits."""

        def rounded(value: float | None, digits: int) -> float | None:
            return None if value is None else round(value, digits)

        return {
            "net_water_uptake_percent": rounded(self.net_water_uptake_percent, 1),
            "low_density_ml": {side.value: round(ml, 1) for side, ml in self.low_density_ml.items()},
            "hyperdense_artery": {
                "side": self.artery_side.value if self.artery_side else None,
                "ratio": rounded(self.artery_ratio, 2),
                "hu": rounded(self.artery_hu, 1),
            },
            "midline_shift_mm": round(self.midline_shift_mm, 1),
            "midline_shift_towards": self.midline_shift_towards.value if self.midline_shift_towards else None,
            "sulcal_ml": {side.value: round(ml, 1) for side, ml in self.sulcal_ml.items()},
            "sulci_effaced": self.sulci_effaced.value if self.sulci_effaced else None,
            "territories": {territory.value: one.to_json() for territory, one in self.territories.items()},
        }


def extras_of(
    regions: Mapping[Side, Mapping[Region, RegionReading]],
    tissue: TissueMap,
    densities: Densities,
    pairs: MirrorPairs,
    registration: Registration,
    atlas: Atlas,
) -> Extras:
    """Measure all of them."""
    shift = _midline_shift_mm(registration)
    sulcal_ml = _sulcal_ml(tissue, densities)
    artery = _artery_hu(tissue, registration)
    ratio = dense = side = None
    if artery is not None:
        denser = max(Side, key=lambda one: artery[one])
        dense = artery[denser]
        ratio = dense / max(artery[denser.other], 1.0)
        side = denser if ratio > ARTERY_RATIO and dense > ARTERY_HU else None
    return Extras(
        net_water_uptake_percent=_net_water_uptake_percent(regions, densities),
        low_density_ml=_low_density_ml(tissue, densities),
        artery_ratio=ratio,
        artery_hu=dense,
        artery_side=side,
        midline_shift_mm=abs(shift),
        midline_shift_towards=None if abs(shift) < LEAST_SHIFT_MM else Side.RIGHT if shift > 0 else Side.LEFT,
        sulcal_ml=sulcal_ml,
        sulci_effaced=effaced_side(sulcal_ml),
        territories=measure_territories(tissue, densities, pairs, registration, atlas),
    )


def _net_water_uptake_percent(
    regions: Mapping[Side, Mapping[Region, RegionReading]], densities: Densities
) -> float | None:
    """Minnerup and others, Ann Neurol 2016; 80: 924, on whole regions in place of drawn ones."""
    affected = [
        (densities.regions[side][region].counted_ml, one.hu_other_side, one.delta_hu)
        for side in Side
        for region, one in regions[side].items()
        if one.status is Status.AFFECTED and one.hu_other_side is not None and one.delta_hu is not None
    ]
    whole = sum(ml * mirrored for ml, mirrored, _ in affected)
    return -100 * sum(ml * delta for ml, _, delta in affected) / whole if whole > 0 else None


def _low_density_ml(tissue: TissueMap, densities: Densities) -> dict[Side, float]:
    limit = LOW_DENSITY_HU + min(0.0, tissue.mode_hu - USUAL_MODE_HU)
    at = np.nonzero(densities.labels)
    low = (tissue.smoothed_hu[at] <= limit) & ~tissue.near_excluded[at] & ~tissue.sulcus[at]
    here = tuple(axis[low] for axis in at)
    ml = np.bincount(densities.labels[here], weights=tissue.slice_ml[here[2]], minlength=len(Region) * 2 + 1)
    left = {value for value, (_, side) in densities.label_table.items() if side is Side.LEFT}
    of_left = sum(float(ml[value]) for value in left)
    return {Side.LEFT: of_left, Side.RIGHT: float(ml[1:].sum()) - of_left}


def _sulcal_ml(tissue: TissueMap, densities: Densities) -> dict[Side, float]:
    """Fluid and part-volume fluid too narrow for a ventricle or an old infarct."""
    space = (tissue.fluid | tissue.sulcus) & ~tissue.broad_fluid
    at = np.nonzero(space)
    ml = np.bincount(densities.labels[at], weights=tissue.slice_ml[at[2]], minlength=len(Region) * 2 + 1)
    table = densities.label_table.items()
    return {
        side: sum(float(ml[value]) for value, (region, of) in table if of is side and region in CORTICAL)
        for side in Side
    }


def effaced_side(sulcal_ml: Mapping[Side, float]) -> Side | None:
    """The side whose sulci are much narrower than the other's, if any.

    Focal swelling is an early sign; but of regions with swelling alone, without hypodensity, a third came to infarction
    (Butcher and others, Stroke 2007; 38: 941), so it never takes a point.
    """
    narrower = min(Side, key=lambda side: sulcal_ml[side])
    wide = sulcal_ml[narrower.other]
    return narrower if wide >= LEAST_SULCAL_ML and sulcal_ml[narrower] < EFFACED_SHARE * wide else None


def _artery_hu(tissue: TissueMap, registration: Registration) -> dict[Side, float] | None:
    """Near-highest density along the artery on both sides; ``None`` if too little of either was scanned."""
    corners = np.array(
        [[sign * ARTERY_X_MM[1], y, z] for sign in (-1, 1) for y in ARTERY_Y_MM for z in ARTERY_Z_MM], dtype=float
    )
    index = tissue.volume.world_to_index(registration.template_to_scan(corners))
    last = np.array(tissue.volume.hu.shape)
    low = np.clip(np.floor(index.min(axis=0)).astype(int) - 3, 0, last)
    high = np.clip(np.ceil(index.max(axis=0)).astype(int) + 4, 0, last)
    if np.any(high <= low):
        return None
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    hu = tissue.volume.hu[box]
    spacing = tissue.volume.spacing_mm
    reach = [max(1, round(BONE_MARGIN_MM / size)) * 2 + 1 for size in spacing]
    soft = ~ndimage.binary_dilation(hu > BONE_HU, np.ones((*reach, 1), dtype=bool))
    smooth = ndimage.gaussian_filter(np.clip(hu, 0, BONE_HU), (*(ARTERY_SIGMA_MM / size for size in spacing), 0))
    at = np.argwhere(soft & tissue.inside[box])
    template = registration.scan_to_template(tissue.volume.index_to_world((at + low).astype(float)))
    off, y, z = np.abs(template[:, 0]), template[:, 1], template[:, 2]
    within = np.all([(a >= limits[0]) & (a <= limits[1]) for a, limits in
                     ((off, ARTERY_X_MM), (y, ARTERY_Y_MM), (z, ARTERY_Z_MM))], axis=0)  # fmt: skip
    values = smooth[tuple(at.T)]
    sides = {Side.LEFT: within & (template[:, 0] < 0), Side.RIGHT: within & (template[:, 0] > 0)}
    if min(int(mask.sum()) for mask in sides.values()) < FEWEST_VOXELS:
        return None
    return {side: float(np.percentile(values[mask], ARTERY_PERCENTILE)) for side, mask in sides.items()}


def _midline_shift_mm(registration: Registration) -> float:
    """Displacement to the right (positive) of the midline by the deformation, scan mm.

    What the affine map took up is not in it, so a shift is under-estimated.
    """
    y, z = np.meshgrid(np.arange(*MIDLINE_Y_MM, 2.0), np.arange(*MIDLINE_Z_MM, 2.0), indexing="ij")
    points = np.stack([np.zeros_like(y), y, z], axis=-1).reshape(-1, 3)
    return float(registration.deformation.forward(points)[:, 0].mean()) * registration.scale

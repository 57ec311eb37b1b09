"""What is beside the score of whole territories: the middle cerebral artery's, and the eight parts of pc-ASPECTS.

Figures for a reader, who alone can score the posterior circulation on CT; nothing here is called or counted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas, Territory, territory_value
from imaging.densitometry import Densities, mode_of
from imaging.labelling import MirrorPairs, scanned
from imaging.registration import Registration
from imaging.tissue import TissueMap

Floats = NDArray[np.float64]

COMPARED = (
    (Territory.MCA_LEFT, Territory.MCA_RIGHT),
    (Territory.THALAMUS_LEFT, Territory.THALAMUS_RIGHT),
    (Territory.OCCIPITAL_LEFT, Territory.OCCIPITAL_RIGHT),
)
"""Left and right parts whose difference means something. Between the petrous bones beam hardening makes the sides of
the cerebellum differ in everybody."""
DARKER_HU = 6.0
"""The usual depth of an infarct that is hours old; noise and sulci reach it on both sides alike."""
FEWEST_VOXELS = 40


@dataclass(frozen=True, slots=True)
class TerritoryDensity:
    """One territory. ``None``: not measured."""

    hu: float | None
    """Median density of its tissue, HU."""
    delta_hu: float | None
    """Commonest difference from the mirror image, drift corrected, HU; negative: darker."""
    darker_ml: float | None
    """Volume that is darker than its mirror image by ``DARKER_HU``, fluid included; compare both sides."""
    coverage: float
    """Share of it that was scanned, 0-1."""

    def to_json(self) -> dict[str, Any]:
        return {
            "hu": None if self.hu is None else round(self.hu, 1),
            "delta_hu": None if self.delta_hu is None else round(self.delta_hu, 1) + 0.0,
            "darker_ml": None if self.darker_ml is None else round(self.darker_ml, 1),
            "coverage": round(self.coverage, 2),
        }


def measure_territories(
    tissue: TissueMap, densities: Densities, pairs: MirrorPairs, registration: Registration, atlas: Atlas
) -> dict[Territory, TerritoryDensity]:
    """Measure all ten of them."""
    usable = np.where(tissue.near_excluded, 0, densities.territories)
    coverage = _coverage(tissue, registration, atlas)
    compared = _compared(tissue, densities, pairs, registration, atlas)
    found = {}
    for territory in Territory:
        hu = tissue.smoothed_hu[usable == territory_value(territory)]
        difference, darker_ml = compared.get(territory, (None, None))
        found[territory] = TerritoryDensity(
            hu=float(np.median(hu)) if hu.size >= FEWEST_VOXELS else None,
            delta_hu=difference,
            darker_ml=darker_ml,
            coverage=coverage[territory],
        )
    return found


def _coverage(tissue: TissueMap, registration: Registration, atlas: Atlas) -> dict[Territory, float]:
    """Share of each territory that was scanned, from every second position along each axis."""
    sparse = atlas.territories[::2, ::2, ::2]
    at = np.argwhere(sparse) * 2
    values = sparse[sparse > 0]
    points = at @ atlas.template_affine[:3, :3].T + atlas.template_affine[:3, 3]
    seen = scanned(tissue.volume, registration.template_to_scan(points))
    return {territory: float(seen[values == territory_value(territory)].mean()) for territory in Territory}


def _compared(
    tissue: TissueMap, densities: Densities, pairs: MirrorPairs, registration: Registration, atlas: Atlas
) -> dict[Territory, tuple[float | None, float]]:
    """Of each compared territory, its difference from the mirror image and the volume that is darker."""
    index = np.rint((pairs.template_mm - atlas.template_affine[:3, 3]) / atlas.template_affine[0, 0]).astype(int)
    values = atlas.territories[tuple(index.T)]
    pair_ml = float(atlas.template_affine[0, 0]) ** 3 * registration.scale**3 / 1000
    matter = _both_inside(tissue, pairs)
    found: dict[Territory, tuple[float | None, float]] = {}
    for sides in COMPARED:
        here = values == territory_value(sides[0])
        for territory, sign in zip(sides, (1.0, -1.0), strict=True):
            difference = sign * densities.left_minus_right_hu
            darker_ml = float((here & matter & (difference <= -DARKER_HU)).sum()) * pair_ml
            found[territory] = mode_of(difference[here & densities.counted]), darker_ml
    return found


def _both_inside(tissue: TissueMap, pairs: MirrorPairs) -> NDArray[np.bool_]:
    """Pairs of positions that both lie inside the skull and in nothing dense."""
    matter = (tissue.inside & ~tissue.dense).view(np.uint8)
    left, right = (
        ndimage.map_coordinates(matter, tissue.volume.world_to_index(points).T, order=0) > 0
        for points in (pairs.left_mm, pairs.right_mm)
    )
    return np.asarray(left & right)

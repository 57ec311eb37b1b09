"""Looks for clusters that may be fresh blood: how large, and where. A suspicion that ends the reading, no diagnosis."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Atlas, Territory, territory_value
from imaging.head import Head
from imaging.labelling import territories_at, values_at
from imaging.refusals import RefusalCode, ScanRefused
from imaging.registration import Registration
from scoring.regions import Side

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

DEEP_MM = 6.0
"""Closer to the skull lie bone in part volume and the venous sinuses."""
ABOVE_MODE_HU, BELOW_HU, SIGMA_MM = 17.0, 100.0, 2.0
LEAST_ML, REPORTED_ML = 0.25, 0.05
"""Heads without blood show up to 0.2 ml; of 1 ml at 60 HU beside a ventricle 0.2 to 0.3 ml are left on thick slices."""
FAINT_ABOVE_MODE_HU, ABOVE_MIRROR_HU, FAINT_DEEP_MM = 12.0, 10.0, 10.0
"""A small bleed on thick slices is mixed with brain. Fainter clusters count where the mirror image is so much less
dense (cortex, vessels and bone in part volume are alike on both sides) and farther from the skull, since the
transverse sinuses are not."""
SEARCHED_Z_MM = (-10.0, 58.0)
"""Lower down lie the skull base and the tentorium, higher up bone in part volume."""
LARGE_ML = 4.0
"""From this volume on a cluster counts at any height, the midline included: 1.5 ml of bone in part volume was seen at
the vertex of a head without blood."""
ARTERY_X_MM, ARTERY_Y_MM, ARTERY_Z_MM = (8.0, 35.0), (-9.0, 15.0), (-24.0, -6.0)
MOST_CLOT_ML, CLOT_SHARE = 1.5, 0.6
"""A dense cluster that lies mostly along the first segment of the middle cerebral artery is a clot in it as long as it
is no larger: the hyperdense artery sign, which no stroke patient may be refused for."""
MIDLINE_MM = 5.0
"""Falx and sinuses are dense in everybody."""
CALCIUM_ABOVE_HU = 110.0
"""Choroid plexus and basal ganglia calcify: a dense cluster with such voxels is not taken for blood."""
NAMED_SHARE = 0.3
"""A region or territory that holds so much of a cluster gives it its name."""


@dataclass(frozen=True, slots=True)
class DenseCluster:
    """The largest cluster that looks like blood."""

    ml: float
    place: str
    """In words, with the patient's side: ``left lentiform nucleus``."""
    template_mm: tuple[float, float, float]
    """Its middle in the template, RAS+ mm."""

    def to_json(self) -> dict[str, Any]:
        """Plain values."""
        return {
            "volume_ml": round(self.ml, 1),
            "place": self.place,
            "template_mm": [round(v) for v in self.template_mm],
        }


def largest_dense_cluster(head: Head, registration: Registration, atlas: Atlas, mode_hu: float) -> DenseCluster | None:
    """The largest cluster that may be fresh blood; ``None``: there is nothing of the kind.

    Parameters
    ----------
    mode_hu : commonest density of this scan's brain, HU.
    """
    grid = head.grid
    smooth = ndimage.gaussian_filter(np.clip(grid.hu, 0, 200), SIGMA_MM / grid.step_mm)
    candidate = (head.depth_mm > DEEP_MM) & (smooth > mode_hu + FAINT_ABOVE_MODE_HU) & (smooth < BELOW_HU)
    candidate &= ~ndimage.binary_dilation(head.mask & (grid.hu > CALCIUM_ABOVE_HU), iterations=1)
    index = np.argwhere(candidate)
    if not index.size:
        return None
    template = registration.scan_to_template(index @ grid.affine[:3, :3].T + grid.affine[:3, 3])
    density = smooth[candidate]
    dense = density > mode_hu + ABOVE_MODE_HU
    mirrored = ndimage.map_coordinates(
        smooth, grid.index(registration.template_to_scan(template * [-1, 1, 1])).T, order=1
    )
    faint = (density - mirrored > ABOVE_MIRROR_HU) & (head.depth_mm[candidate] > FAINT_DEEP_MM)
    searched = (np.abs(template[:, 0]) >= MIDLINE_MM) & _between(template[:, 2], SEARCHED_Z_MM)
    voxel_ml = grid.step_mm**3 / 1000
    found = [
        *_clusters(candidate, searched & (dense | faint), template, voxel_ml, REPORTED_ML),
        *_clusters(candidate, dense, template, voxel_ml, LARGE_ML),
    ]
    if not found:
        return None
    ml, places = max(found, key=lambda one: one[0])
    middle = places.mean(axis=0)
    return DenseCluster(ml, place_of(places, atlas), (float(middle[0]), float(middle[1]), float(middle[2])))


def _clusters(
    candidate: Mask, kept: Mask, template_mm: Floats, voxel_ml: float, least_ml: float
) -> list[tuple[float, Floats]]:
    """Volume and template positions of each connected part of the kept candidates, clots in the artery left out."""
    mask = candidate.copy()
    mask[candidate] = kept
    labels, count = ndimage.label(mask)
    named = labels[candidate]
    ml = np.bincount(named, minlength=count + 1) * voxel_ml
    parts = [template_mm[named == number] for number in range(1, count + 1) if ml[number] >= least_ml]
    return [(len(places) * voxel_ml, places) for places in parts if not _is_clot(len(places) * voxel_ml, places)]


def _is_clot(ml: float, template_mm: Floats) -> bool:
    off, y, z = np.abs(template_mm[:, 0]), template_mm[:, 1], template_mm[:, 2]
    along = _between(off, ARTERY_X_MM) & _between(y, ARTERY_Y_MM) & _between(z, ARTERY_Z_MM)
    return ml <= MOST_CLOT_ML and float(along.mean()) >= CLOT_SHARE


def _between(values: Floats, limits: tuple[float, float]) -> Mask:
    return np.asarray((values >= limits[0]) & (values <= limits[1]))


def place_of(template_mm: Floats, atlas: Atlas) -> str:
    """Where template positions, shape (n, 3), lie, in words: a region, else a territory, else a side."""
    regions = values_at(template_mm, atlas)
    value, share = _commonest(regions)
    if share >= NAMED_SHARE:
        region, side = atlas.label_table[value]
        return f"{side.value} {region.label} ({region.value})"
    value, share = _commonest(territories_at(template_mm, atlas))
    side = Side.RIGHT if float(template_mm[:, 0].mean()) > 0 else Side.LEFT
    if share >= NAMED_SHARE:
        territory = next(one for one in Territory if territory_value(one) == value)
        part = territory.value.removesuffix(f"_{side.value}")
        if territory in (Territory.MIDBRAIN, Territory.PONS):
            return part
        return f"{side.value} {'middle cerebral artery territory' if part == 'mca' else part}"
    if abs(float(template_mm[:, 0].mean())) < MIDLINE_MM:
        return "midline"
    return f"{side.value} hemisphere"


def _commonest(values: NDArray[np.uint8]) -> tuple[int, float]:
    """The commonest value other than 0 and its share of all."""
    counts = np.bincount(values, minlength=2)
    counts[0] = 0
    return int(counts.argmax()), float(counts.max()) / max(values.size, 1)


def check_blood(cluster: DenseCluster | None, *, has_moved: bool = False) -> None:
    """No dense cluster in the brain: HAEMORRHAGE_SUSPECTED.

    Parameters
    ----------
    has_moved : motion is suspected. Its streaks may look like blood; but blood must not pass for a streak, so the
        suspicion of blood comes first and says both.
    """
    if cluster is not None and cluster.ml > LEAST_ML:
        streak = ", or a streak, for the head seems to have moved" if has_moved else ""
        again = " If it is a streak, scan again." if has_moved else ""
        raise ScanRefused(
            RefusalCode.HAEMORRHAGE_SUSPECTED,
            f"There is a dense cluster of {cluster.ml:.1f} ml that may be blood{streak}: {cluster.place}.",
            f"Have the scan read at once; ASPECTS is not scored on a haemorrhage.{again}",
            cluster.to_json(),
        )

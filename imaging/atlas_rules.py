"""Where the ten ASPECTS regions lie in MNI space: explicit planes in mm and tissue limits, one function a region.

Everything is drawn for one hemisphere and mirrored, so left and right are exact mirror images. ``x`` is always the
distance from the mid-sagittal plane, y grows towards the front and z upwards, in mm of the ICBM152 2009a space.

ASPECTS is defined in words and on two drawn slices (Barber and others, Lancet 2000; 355: 1670), not in coordinates.
The planes between M1..M6 and the medial limits of the cortical regions are rounded means of planes fitted to two
published region maps (the masks of the projects ``aspects-on-cta`` and ``dlaais``, both MIT licence); agreement with
those maps is therefore a fit, not a validation. The deep regions follow the tissue maps, so that they stay on anatomy.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from scoring.regions import Region

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

GANGLIONIC_Z_MM = (-12.0, 19.0)
"""From the anterior perforated substance to the top of the caudate head."""
SUPRAGANGLIONIC_Z_MM = (20.0, 60.0)
"""From just above the caudate head to about 15 mm below the vertex, where slices hold too little MCA territory."""

_LIMIT_Y_MM = np.arange(-90.0, 61.0, 10.0)
_GANGLIONIC_MEDIAL_LIMIT_MM = np.array([30, 30, 31, 35, 39, 40, 38, 38, 40, 42, 40, 37, 30, 25, 23, 27], dtype=float)
_SUPRAGANGLIONIC_MEDIAL_LIMIT_MM = np.array(
    [30, 30, 28, 26, 25, 25, 26, 25, 26, 25, 24, 22, 20, 19, 18, 18], dtype=float
)
"""Medial limit (|x|) of the cortical regions at the y of ``_LIMIT_Y_MM``; medial of it lie deep grey matter and the
territories of the anterior and posterior cerebral arteries."""


@dataclass(frozen=True)
class Tissue:
    """One hemisphere's tissue shares on a 1 mm grid, each of shape (x, y, z), with the millimetre axes."""

    grey: Floats
    white: Floats
    csf: Floats
    brain: Mask
    x: Floats
    """Shape (x, 1, 1), distance from the midline, mm, from 0."""
    y: Floats
    z: Floats


def ball(radius_mm: float) -> Mask:
    """Structuring element for 1 mm grids: all voxels within ``radius_mm`` of the centre."""
    reach = int(np.floor(radius_mm))
    axes = np.ogrid[-reach : reach + 1, -reach : reach + 1, -reach : reach + 1]
    return np.asarray(sum(axis.astype(float) ** 2 for axis in axes) <= radius_mm**2)


def largest_component(mask: Mask) -> Mask:
    """The largest 6-connected part of a mask."""
    labels, count = ndimage.label(mask)
    if count == 0:
        return mask
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return np.asarray(labels == sizes.argmax())


def draw_regions(tissue: Tissue) -> dict[Region, Mask]:
    """Draw all ten regions of one hemisphere; where two claim a voxel, the later in the result wins.

    The order of the result is the order of painting: cortical regions first, the deep nuclei last.
    """
    lentiform = _lentiform(tissue)
    return {
        **_cortical(tissue),
        Region.I: _insula(tissue),
        Region.IC: _internal_capsule(tissue, lentiform),
        Region.L: lentiform,
        Region.C: _caudate(tissue),
    }


def ganglionic_medial_limit_mm(y: Floats) -> Floats:
    """Medial limit of M1..M3."""
    return np.asarray(np.interp(y, _LIMIT_Y_MM, _GANGLIONIC_MEDIAL_LIMIT_MM))


def supraganglionic_medial_limit_mm(y: Floats) -> Floats:
    """Medial limit of M4..M6."""
    return np.asarray(np.interp(y, _LIMIT_Y_MM, _SUPRAGANGLIONIC_MEDIAL_LIMIT_MM))


def _cortical(t: Tissue) -> dict[Region, Mask]:
    """M1..M6: everything lateral of the medial limit, cut by four oblique coronal planes."""
    lower = t.brain & (t.z >= GANGLIONIC_Z_MM[0]) & (t.z <= GANGLIONIC_Z_MM[1])
    lower &= t.x > ganglionic_medial_limit_mm(t.y)
    upper = t.brain & (t.z >= SUPRAGANGLIONIC_Z_MM[0]) & (t.z <= SUPRAGANGLIONIC_Z_MM[1])
    upper &= t.x > supraganglionic_medial_limit_mm(t.y)
    front_of_m2 = t.y > 12 + 0.15 * t.x
    behind_m2 = t.y < -33 - 0.4 * t.z  # follows the Sylvian fissure, which rises backwards
    front_of_m5 = t.y > 9 + 0.2 * t.x - 0.3 * t.z  # follows the precentral sulcus, which leans backwards going up
    behind_m5 = t.y < -41 + 0.08 * t.x
    return {
        Region.M1: lower & front_of_m2,
        Region.M2: lower & ~front_of_m2 & ~behind_m2,
        Region.M3: lower & behind_m2,
        Region.M4: upper & front_of_m5,
        Region.M5: upper & ~front_of_m5 & ~behind_m5,
        Region.M6: upper & behind_m5,
    }


def _lentiform_lateral_mm(y: Floats) -> Floats:
    """Lateral edge of the putamen: an arc along the external capsule."""
    return np.asarray(33.5 - 0.0065 * (y + 8) ** 2)


def lentiform_medial_mm(y: Floats, z: Floats) -> Floats:
    """Medial edge: the two limbs of the internal capsule, meeting at the genu (y = 2) and leaning outwards upwards."""
    limbs = np.where(y >= 2, 10 + 0.62 * (y - 2), 11 + 0.72 * (2 - y))
    return np.asarray(limbs + 0.25 * np.maximum(z - 4, 0))


def _lentiform(t: Tissue) -> Mask:
    """Putamen and pallidum. The white-matter limit is loose because the pallidum is half white on tissue maps."""
    mask = (t.white < 0.80) & (t.csf < 0.5) & (t.y >= -22) & (t.y <= 21) & (t.z >= -10) & (t.z <= 15)
    mask &= (t.x <= _lentiform_lateral_mm(t.y)) & (t.x >= lentiform_medial_mm(t.y, t.z))
    mask = ndimage.binary_closing(ndimage.binary_opening(mask, ball(1)), ball(2))
    return largest_component(mask)


def _caudate(t: Tissue) -> Mask:
    """Head and body, beside the lateral ventricle; the tail is too thin to be read on CT."""
    mask = (t.white < 0.6) & (t.csf < 0.5) & (t.grey > 0.3) & (t.z >= -7) & (t.z <= 25)
    mask &= (t.x >= np.clip(7 + 0.3 * (t.z - 4), 5, 15)) & (t.x <= 23)
    lateral = 7 + 15 * (t.y + 30) / 52 + np.where(t.z > 12, 0.15 * (t.z - 12) + 3, 0)
    mask &= (t.x < lateral) & (t.y <= 26) & (t.y >= np.where(t.z < 12, 2, 2 - 1.3 * (t.z - 12)))
    mask &= ndimage.distance_transform_edt(t.csf <= 0.5) <= 9
    return largest_component(mask)


def _internal_capsule(t: Tissue, lentiform: Mask) -> Mask:
    """Both limbs: the white matter that clasps the lentiform nucleus from the middle."""
    near = ndimage.distance_transform_edt(~lentiform) <= 5
    medial = lentiform_medial_mm(t.y, t.z)
    mask = near & (t.white > 0.5) & (t.x < _lentiform_lateral_mm(t.y) - 4) & (t.x >= 9)
    mask &= t.x < np.maximum(medial + 6.5, 10)
    mask &= (t.y >= -23) & (t.y <= 22) & (t.z >= -4) & (t.z <= 18)
    return np.asarray(mask)


def _insula(t: Tissue) -> Mask:
    """The insular ribbon with the fissure beside it: grey matter or CSF, since thick slices mix the two."""
    lateral = _lentiform_lateral_mm(t.y)
    mask = ((t.grey > 0.4) | (t.csf > 0.3)) & t.brain
    mask &= (t.x > lateral - 1) & (t.x <= np.minimum(lateral + 13.5, 46)) & (t.x <= 43 - 0.009 * (t.y - 2) ** 2)
    mask &= (t.y > -12 - 1.2 * (t.z + 10)) & (t.y < 26) & (t.z >= -12) & (t.z <= 20)
    mask &= ~((t.z > 14) & (t.y > 2))  # frontal operculum, no longer insula
    return largest_component(mask)  # slivers beside the atrium of the ventricle fit the rule, too

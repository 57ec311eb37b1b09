"""Where whole arterial territories lie in MNI space: the middle cerebral artery's, and the eight parts of pc-ASPECTS.

Drawn for one hemisphere and mirrored, as the ten regions are (:mod:`imaging.atlas_rules`, whose axes and units hold
here, too). In words, the parts are those of Puetz and others (Stroke 2008; 39: 2485) and of the vascular maps of Tatu
and others (Front Neurol Neurosci 2012; 30: 99); neither gives coordinates. The planes run through landmarks that are
seen on the tissue maps, each named beside its plane; cerebellum and cerebrum come apart where CSF lies between them.
No published mask was at hand to compare them with.
"""

import numpy as np
from scipy import ndimage

from imaging.atlas_rules import (
    GANGLIONIC_Z_MM,
    SUPRAGANGLIONIC_Z_MM,
    Mask,
    Tissue,
    ball,
    ganglionic_medial_limit_mm,
    largest_component,
    lentiform_medial_mm,
    supraganglionic_medial_limit_mm,
)

MOST_CSF = 0.5
HIGHEST_MCA_Z_MM, LOWEST_MCA_Z_MM = 72.0, -35.0
"""From the upper convexity, where the anterior cerebral artery takes over, to the floor of the middle fossa."""
CORE_CSF, CORE_EROSION_MM = 0.1, 1.0
CEREBELLUM_AT_MM, CEREBRUM_AT_MM = (22.0, -60.0, -40.0), (25.0, -80.0, 10.0)
"""White matter that surely lies in the cerebellum and in the occipital lobe."""


def draw_territories(tissue: Tissue, regions: Mask) -> dict[str, Mask]:
    """Draw all parts of one hemisphere; they do not overlap.

    Parameters
    ----------
    regions : what the ten ASPECTS regions take up, shape as the tissue's.

    Returns
    -------
    Masks by name: ``mca``, ``thalamus``, ``occipital``, ``cerebellum``, ``midbrain``, ``pons``.
    """
    matter = tissue.brain & (tissue.csf < MOST_CSF)
    midbrain = largest_component(matter & _midbrain(tissue))
    pons = largest_component(matter & _pons(tissue))
    below = _below_tentorium(tissue, midbrain | pons | _medulla(tissue))
    cerebellum = largest_component(matter & below & ~midbrain & ~pons & ~_medulla(tissue))
    thalamus = largest_component(matter & _thalamus(tissue) & ~regions & ~midbrain)
    occipital = matter & ~below & _occipital(tissue) & ~regions & ~cerebellum & ~midbrain
    mca = regions | (tissue.brain & ~below & _mca(tissue) & ~thalamus & ~occipital & ~midbrain)
    return {
        "mca": mca,
        "thalamus": thalamus,
        "occipital": largest_component(occipital),
        "cerebellum": cerebellum,
        "midbrain": midbrain,
        "pons": pons,
    }


def _below_tentorium(t: Tissue, brainstem: Mask) -> Mask:
    """Cerebellum and brainstem: what is nearer to the cerebellum's core than to any other part's.

    A core is what is connected where CSF hardly takes part, the brainstem left out, through which all is connected.
    """
    core = ndimage.binary_erosion(t.brain & (t.csf < CORE_CSF) & ~brainstem, ball(CORE_EROSION_MM))
    parts, _ = ndimage.label(core)
    cerebellum = parts == parts[_voxel(t, CEREBELLUM_AT_MM)]
    if not cerebellum.any() or cerebellum[_voxel(t, CEREBRUM_AT_MM)] or not core[_voxel(t, CEREBELLUM_AT_MM)]:
        raise ValueError("cerebellum and cerebrum do not come apart on these tissue maps")
    to_cerebellum, to_others = (ndimage.distance_transform_edt(~part) for part in (cerebellum, core & ~cerebellum))
    return np.asarray((to_cerebellum < to_others) | (brainstem & (t.z < 0)))


def _voxel(t: Tissue, place_mm: tuple[float, float, float]) -> tuple[int, ...]:
    return tuple(int(np.abs(along - mm).argmin()) for along, mm in zip((t.x, t.y, t.z), place_mm, strict=True))


def _midbrain(t: Tissue) -> Mask:
    """From the posterior commissure (y -27, z -1) and mammillary bodies (y -11, z -12) down to the pontine groove."""
    upper = t.z < -1 - 0.69 * (t.y + 27)
    lateral = np.where(t.z > -8, 11, 17)  # the pulvinar overhangs the tectum
    return (t.x <= lateral) & (t.y >= -41) & (t.y <= -8) & (t.z <= 0) & upper & _above_pons(t)


def _above_pons(t: Tissue) -> Mask:
    """Above the plane from the groove in front (y -19, z -20) to below the inferior colliculi (y -38, z -18)."""
    return np.asarray(t.z > -22 - 0.1 * t.y)


def _pons(t: Tissue) -> Mask:
    """Below that plane, in front of the fourth ventricle, medial of the middle cerebellar peduncles."""
    ventricle_floor = -32.75 + 0.25 * t.z
    return (t.x <= 17) & (t.y > ventricle_floor) & (t.y <= -8) & ~_above_pons(t) & ~_below_pons(t)


def _below_pons(t: Tissue) -> Mask:
    """Below the plane from the bulbopontine groove (y -28, z -49) to the ventricle's floor (y -43, z -44)."""
    return np.asarray(t.z <= -58.3 - 0.33 * t.y)


def _medulla(t: Tissue) -> Mask:
    return _below_pons(t) & (t.x <= 12) & (t.y > -46 + 0.3 * (t.z + 50))


def _thalamus(t: Tissue) -> Mask:
    """Between third ventricle and capsule, above the midbrain, below the lateral ventricle."""
    lateral = np.minimum(lentiform_medial_mm(t.y, t.z) - 4, 22)
    return (t.white < 0.8) & (t.x < lateral) & (t.y >= -34) & (t.y <= -3) & (t.z >= -2) & (t.z <= 17)


def _occipital(t: Tissue) -> Mask:
    """Cortex of the posterior cerebral artery: behind the parieto-occipital sulcus and, lower down, medial of M3.

    The sulcus leaves the calcarine at y -58, z 8 and reaches the vertex side at y -78, z 40; below, the border runs
    forwards under the splenium along the fusiform gyrus.
    """
    behind = np.where(t.z >= 8, -58 - 0.62 * (t.z - 8), -58 + 1.0 * (8 - t.z))
    lateral = np.where(t.z >= GANGLIONIC_Z_MM[0], ganglionic_medial_limit_mm(t.y), 42)
    lateral = np.where(t.z >= SUPRAGANGLIONIC_Z_MM[0], supraganglionic_medial_limit_mm(t.y), lateral)
    return (t.y < behind) & (t.x <= lateral) & (t.z >= -28) & (t.z <= 45)


def _mca(t: Tissue) -> Mask:
    """All that is lateral of the cortical regions' medial limits, and the nuclei with the white matter around them."""
    lateral = np.where(t.z <= GANGLIONIC_Z_MM[1], ganglionic_medial_limit_mm(t.y), supraganglionic_medial_limit_mm(t.y))
    lateral = np.where(t.z > SUPRAGANGLIONIC_Z_MM[1], lateral + (t.z - SUPRAGANGLIONIC_Z_MM[1]), lateral)
    temporal_pole = (t.z < GANGLIONIC_Z_MM[0]) & (t.z >= LOWEST_MCA_Z_MM) & (t.y > -40) & (t.x > 30)
    convexity = (t.z >= GANGLIONIC_Z_MM[0]) & (t.z <= HIGHEST_MCA_Z_MM) & (t.x > lateral)
    lenticulostriate = (t.x > np.maximum(lentiform_medial_mm(t.y, t.z) - 5, 12)) & (t.x <= lateral)
    lenticulostriate &= (t.y >= -23) & (t.y <= 26) & (t.z >= -10) & (t.z <= 30)
    return np.asarray(convexity | temporal_pole | lenticulostriate)

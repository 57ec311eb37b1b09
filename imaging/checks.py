"""Can this scan be scored? One small function a question; each returns quietly or raises ScanRefused.

All thresholds stand here, each with its reason. They are set to refuse what a reader would refuse at a glance: none of
them finds a subtle haemorrhage or a faint contrast phase, and none replaces looking at the scan.
"""

from collections.abc import Mapping
from typing import NoReturn

import numpy as np
from scipy import ndimage

from imaging.head import SMALLEST_PLAUSIBLE_ML, Head
from imaging.kernels import is_for_bone
from imaging.reduction import bounding_box
from imaging.refusals import RefusalCode, ScanRefused
from imaging.registration import Registration
from imaging.tissue import TissueMap
from imaging.volume import CtVolume
from scoring.regions import Level, Region, Side

AIR_BELOW_HU, BONE_ABOVE_HU = -300.0, 250.0
"""A head CT holds air (below) and bone (above); a window, a photograph or a stripped brain does not."""
FIELD_OF_VIEW_MM = (120.0, 520.0)
LEAST_HEIGHT_MM = 25.0
LEAST_SLICES = 5
"""Both levels of ASPECTS with a slice each, and something above, between and below to find them by."""
WIDEST_GAP_MM = 10.5
"""Head CT is read on slices of up to 10 mm; beyond, the deep nuclei (about 20 mm high) may fall between slices."""
LARGEST_HEAD_ML = 2200.0
DOUBTFUL_ML = 600.0
"""A smaller brain is a part of one, or drowns in noise."""
LEAST_BONE_RIM = 0.6
BRAIN_MODE_HU = (15.0, 60.0)
"""Living brain without contrast lies near 33; beyond these the numbers are not Hounsfield units."""
REFUSED_NOISE_HU = 45.0
TOO_ROUGH = "The scan was reconstructed for bone or is too noisy: grey matter drowns."
SOFT_HU, ROUGHNESS_MM = (-20.0, 80.0), 25.0
"""Half the width of a square in the middle of the skull, which noise is looked for in when no brain is found."""
NOISE_SLICES = 7
FEWEST_NOISE_VOXELS = 200
METAL_HU, METAL_ML = 2600.0, 0.1
"""Denser than any bone; fillings lie below the slices that are asked."""
METAL_Z_MM = (-15.0, 65.0)
CONTRAST_ABOVE_MODE_HU, CONTRAST_BELOW_HU, CONTRAST_ML = 45.0, 400.0, 6.0
SMOOTHED_CONTRAST_ABOVE_MODE_HU = 25.0
"""A vessel stays bright when smoothed; noise does not."""
CONTRAST_ML_IF_RECORDED = 4.0
"""Enough when the file itself says that contrast was given."""
DEEP_MM = 6.0
"""Closer to the skull lie bone in part volume and the venous sinuses."""
LEAST_REGION_COVERAGE = 0.5
DEEP_REGIONS = (Region.C, Region.L, Region.IC, Region.I)
MOST_UNSEEN_DEEP_REGIONS = 1
MOST_UNSEEN_REGIONS = 3
"""With more regions unknown than this, the total spans every treatment band."""
UNTOUCHED = "Send the series as the scanner stored it, not windowed, rescaled or stripped of its skull."
HEAD_CT = "Send the axial non-contrast head CT of the patient."
SOFT_KERNEL = "Send the soft-tissue (brain) reconstruction of the same scan."
THINNER = "Send a reconstruction with slices of 5 mm or less; the scanner can make one of the same data."
BEFORE_CONTRAST = "Send the series that was made before contrast was given."
BY_EYE = "Read the scan by eye and enter the ten regions by hand."


def _refuse(code: RefusalCode, text: str, remedy: str) -> NoReturn:
    raise ScanRefused(code, text, remedy)


def check_hounsfield(volume: CtVolume) -> None:
    """Air and bone must be there: NOT_HU."""
    sample = volume.hu[::4, ::4]
    if np.percentile(sample, 0.5) > AIR_BELOW_HU or np.percentile(sample, 99.9) < BONE_ABOVE_HU:
        _refuse(
            RefusalCode.NOT_HU,
            "The values are not Hounsfield units of a whole head: air or bone is missing.",
            UNTOUCHED,
        )


def check_slices(volume: CtVolume) -> None:
    """Slices close enough, and enough of them: SLICES_TOO_THICK, COVERAGE_INCOMPLETE."""
    thickness = volume.acquisition.slice_thickness_mm or 0.0
    widest = max(float(volume.gaps_mm.max(initial=0.0)), thickness)
    if widest > WIDEST_GAP_MM:
        _refuse(
            RefusalCode.SLICES_TOO_THICK,
            f"Slices are up to {widest:.1f} mm thick or apart; at most {WIDEST_GAP_MM:.1f} mm can be scored.",
            THINNER,
        )
    height = float(volume.slice_positions_mm[-1])
    if volume.slice_count < LEAST_SLICES or height < LEAST_HEIGHT_MM:
        _refuse(
            RefusalCode.COVERAGE_INCOMPLETE,
            f"The scan has {volume.slice_count} slices over {height:.0f} mm; the MCA territory is taller.",
            "Send the complete head CT series.",
        )


def check_field_of_view(volume: CtVolume) -> None:
    """A head must fit into the picture and fill a fair part of it: NOT_A_HEAD."""
    widths = [n * size for n, size in zip(volume.hu.shape, volume.spacing_mm, strict=False)]
    if min(widths) < FIELD_OF_VIEW_MM[0] or max(widths) > FIELD_OF_VIEW_MM[1]:
        _refuse(RefusalCode.NOT_A_HEAD, "The field of view is not that of a head scan.", HEAD_CT)


def check_head(head: Head | None) -> Head:
    """A skull with brain of plausible size: NO_BRAIN, NOT_A_HEAD."""
    if head is None or head.volume_ml < SMALLEST_PLAUSIBLE_ML:
        _refuse(RefusalCode.NO_BRAIN, "No brain was found: there is no soft tissue deep inside bone.", HEAD_CT)
    if head.volume_ml > LARGEST_HEAD_ML or head.bone_rim_fraction < LEAST_BONE_RIM:
        _refuse(RefusalCode.NOT_A_HEAD, "The soft tissue in this scan is not enclosed by a skull.", HEAD_CT)
    return head


def check_brain_density(mode_hu: float | None) -> float:
    """The commonest density must be that of brain: NOT_HU."""
    if mode_hu is None or not BRAIN_MODE_HU[0] <= mode_hu <= BRAIN_MODE_HU[1]:
        _refuse(RefusalCode.NOT_HU, "The commonest density inside the skull is not that of brain.", UNTOUCHED)
    return mode_hu


def noise_hu(volume: CtVolume, head: Head) -> float:
    """SD of what differs from voxel to voxel inside the skull, HU, over a few of the scan's own slices."""
    values = []
    shrunken = ndimage.binary_erosion(head.mask, iterations=2).astype(np.float32)
    i, j = np.meshgrid(*(np.arange(0, n, 2) for n in volume.hu.shape[:2]), indexing="ij")
    for k in np.linspace(0, volume.slice_count - 1, NOISE_SLICES + 2).astype(int)[1:-1]:
        index = np.stack([i, j, np.full_like(i, k)], axis=-1).astype(float)
        at = np.moveaxis(head.grid.index(volume.index_to_world(index)), -1, 0)
        brain = ndimage.map_coordinates(shrunken, at, order=0) > 0
        if brain.sum() > FEWEST_NOISE_VOXELS:
            plane = volume.slice_hu(k)
            rough = plane - ndimage.uniform_filter(plane, 3)
            values.append(1.4826 * float(np.median(np.abs(rough[::2, ::2][brain]))))
    return float(np.median(values) * np.sqrt(9 / 8)) if values else float("nan")


def check_roughness(volume: CtVolume) -> None:
    """Where no brain was found, noise may be what hides it: BONE_KERNEL."""
    bone = volume.hu[::4, ::4] > BONE_ABOVE_HU
    if not bone.any():
        return
    rows, columns, slices = (part.start + part.stop for part in bounding_box(bone))
    i, j, reach = rows * 2, columns * 2, round(ROUGHNESS_MM / max(volume.spacing_mm))
    k = min(slices // 2, volume.slice_count - 1)
    middle = volume.slice_hu(k)[max(i - reach, 0) : i + reach, max(j - reach, 0) : j + reach]
    rough = middle - ndimage.uniform_filter(middle, 3)
    is_soft = middle.size and SOFT_HU[0] < float(np.median(middle)) < SOFT_HU[1]
    if is_soft and 1.4826 * float(np.median(np.abs(rough))) > REFUSED_NOISE_HU:
        _refuse(RefusalCode.BONE_KERNEL, TOO_ROUGH, SOFT_KERNEL)


def check_kernel(volume: CtVolume, noise: float) -> None:
    """A soft-tissue reconstruction: BONE_KERNEL."""
    if noise > REFUSED_NOISE_HU or is_for_bone(volume.acquisition.kernel):
        _refuse(RefusalCode.BONE_KERNEL, TOO_ROUGH, SOFT_KERNEL)


def check_coverage(coverage: Mapping[Side, Mapping[Region, float]]) -> None:
    """Both levels must be there, at least in part: COVERAGE_INCOMPLETE."""
    seen = {region: min(coverage[side][region] for side in Side) >= LEAST_REGION_COVERAGE for region in Region}
    above = any(seen[region] for region in Region if region.level is Level.SUPRAGANGLIONIC)
    cortex = any(seen[region] for region in (Region.M1, Region.M2, Region.M3))
    deep = sum(not seen[region] for region in DEEP_REGIONS) <= MOST_UNSEEN_DEEP_REGIONS
    enough = sum(not covered for covered in seen.values()) <= MOST_UNSEEN_REGIONS
    if not (above and cortex and deep and enough):
        _refuse(
            RefusalCode.COVERAGE_INCOMPLETE,
            f"The scan does not show these regions on both sides: {', '.join(r for r in Region if not seen[r])}.",
            "Send the complete head CT series, from the skull base to the vertex.",
        )


def check_metal(tissue: TissueMap, registration: Registration) -> None:
    """No metal in the slices that are scored: METAL_ARTEFACT."""
    dense = np.argwhere(tissue.volume.hu > METAL_HU)
    if dense.size == 0:
        return
    z = registration.scan_to_template(tissue.volume.index_to_world(dense.astype(float)))[:, 2]
    here = (z >= METAL_Z_MM[0]) & (z <= METAL_Z_MM[1])
    if float(tissue.slice_ml[dense[here, 2]].sum()) > METAL_ML:
        _refuse(RefusalCode.METAL_ARTEFACT, "Metal in the scored slices throws streaks over the brain.", BY_EYE)


def check_metal_inside(volume: CtVolume, head: Head) -> None:
    """No metal within the brain, which would spoil the registration as well: METAL_ARTEFACT."""
    slices = [k for k in range(volume.slice_count) if volume.hu[:, :, k].max() > METAL_HU]
    if not slices:
        return
    dense = np.concatenate([np.argwhere(volume.hu[:, :, k : k + 1] > METAL_HU) + np.array([0, 0, k]) for k in slices])
    at = head.grid.index(volume.index_to_world(dense.astype(float))).T
    inside = ndimage.map_coordinates(head.mask.view(np.uint8), at, order=0) > 0
    voxel_ml = float(np.prod(volume.spacing_mm)) * float(np.median(volume.gaps_mm)) / 1000
    if float(inside.sum()) * voxel_ml > METAL_ML:
        _refuse(RefusalCode.METAL_ARTEFACT, "Metal in the brain throws streaks over it.", BY_EYE)


def contrast_ml(tissue: TissueMap, head: Head) -> float:
    """Volume as dense as enhanced vessels, away from the skull, ml."""
    box = bounding_box(tissue.inside)
    hu = tissue.volume.hu[box]
    bright = tissue.inside[box] & (hu > tissue.mode_hu + CONTRAST_ABOVE_MODE_HU) & (hu < CONTRAST_BELOW_HU)
    bright &= tissue.smoothed_hu[box] > tissue.mode_hu + SMOOTHED_CONTRAST_ABOVE_MODE_HU
    index = np.argwhere(bright) + [part.start for part in box]
    at = head.grid.index(tissue.volume.index_to_world(index.astype(float))).T
    deep = ndimage.map_coordinates(head.depth_mm, at, order=0) > DEEP_MM
    return float(tissue.slice_ml[index[deep, 2]].sum())


def check_contrast(volume: CtVolume, millilitres: float) -> None:
    """No contrast agent: CONTRAST_ENHANCED."""
    limit = CONTRAST_ML_IF_RECORDED if volume.acquisition.contrast_agent else CONTRAST_ML
    if millilitres > limit:
        _refuse(RefusalCode.CONTRAST_ENHANCED, "Vessels are enhanced: this is not a non-contrast CT.", BEFORE_CONTRAST)

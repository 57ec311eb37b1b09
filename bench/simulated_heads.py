"""Heads to put infarcts into: simulated ones of varied anatomy and acquisition, and real ones where they lie at hand.

A simulated head is made from the ICBM152 2009a tissue maps: ventricles pushed wider, sulci opened, density mottled,
the whole bent by a smooth random field (so that it is not symmetric), scaled, posed, and scanned in thick slices with
textured noise, cupping and a left-right drift. Where every voxel lies in the template is then known, not estimated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from fields import GRID_AFFINE, GRID_SHAPE, GRID_STEP_MM, Floats, Singles, sampled, smooth_field
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import load_atlas
from imaging.build_atlas import CSF_HU, GREY_HU, WHITE_HU, load_tissue_maps
from imaging.volume import Acquisition, CtVolume

SHARPENING = 2.5
"""The maps average 152 people, which blurs every border; a power of the shares draws the borders of one brain."""
SKULL_MM, SCALP_MM = 7.0, 12.0
SKULL_HU, SCALP_HU, AIR_HU = 900.0, 30.0, -1000.0
PIXELS, PIXEL_MM = 240, 0.9
FAR_MM = 1000.0
CENTRE_MM = (0.0, -18.0, 10.0)
"""Template position in the middle of the scan."""
STACK_MM = 150.0
HEAD_MM = (100.0, 118.0)
"""Half axes of an ellipse in the scan's plane that holds every head."""
LAYERS = 3
"""Layers that are averaged into one slice: part volume along the slice profile."""
BLUR_MM, NOISE_BLUR_MM = 0.5, 0.55
VENTRICLE_SIGMA_MM = 5.0
VENTRICLES_WITHIN_MM, VENTRICLES_Y_MM, VENTRICLES_Z_MM = 32.0, (-50.0, 36.0), (-6.0, 32.0)
"""Box of template space that holds the lateral ventricles and no sulci."""
HALF, LEAST_TISSUE, SCANNED_HU = 0.5, 0.05, -500.0
SHADING_SIGMA_MM = 32.0
FOLD_SIGMA_MM, FOLD_WIDTH, FOLD_DEPTH_MM = 4.5, 0.25, 26.0
"""Distance between sulci, their width in SD of the random field, and how deep they reach from the skull."""
BEND_SIGMA_MM, FINE_BEND_SIGMA_MM, FINE_BEND = 28.0, 13.0, 0.5
"""Bend within 13 mm relative to the bend within 28 mm: gyri differ more between sides than lobes do."""


@dataclass(frozen=True, slots=True)
class Anatomy:
    """What makes one simulated head and its scan differ from another."""

    ventricles_mm: float
    """How far the walls of the lateral ventricles are pushed outwards, about."""
    sulci: float
    """Weight of CSF where it is mixed with tissue; 1 as in the maps, more in atrophy."""
    folds: float
    """Depth of sulci that one brain has and the average of many has not, 0-1: their places differ between sides."""
    bend_mm: float
    """Typical departure from symmetry, each axis."""
    mottle_hu: float
    scale: tuple[float, float, float]
    pose_degrees: tuple[float, float, float]
    slice_mm: float
    noise_hu: float
    """SD at 5 mm slices."""
    cupping_hu: float
    drift_hu: float
    """Left-right difference at the temples, as head turn and beam hardening leave it."""
    tilt_degrees: float
    ventricle_asymmetry: float = 0.0
    """By how much more than their mean the left ventricle's walls are pushed, -1 to 1."""
    shading_hu: float = 0.0
    """SD of a slow random change of density over the head, as an uneven skull and scatter leave it."""


@dataclass(frozen=True, eq=False)
class Host:
    """A head without acute change, with what is needed to put an infarct into it."""

    name: str
    volume: CtVolume
    """Simulated heads: without noise. Real heads: as scanned."""
    index: NDArray[np.intp]
    """Shape (n, 3): the voxels that may change."""
    template_mm: Singles
    """Shape (n, 3): where they lie in the template."""
    tissue: Singles
    """Shape (n,): share of brain tissue, 0-1; CSF does not darken."""
    noise_hu: float
    """SD to add to each scan; 0 for a real head, which has its own."""
    is_real: bool


def draw_anatomy(rng: np.random.Generator) -> Anatomy:
    """A plausible adult from young to very old, on a plausible protocol."""
    age = rng.uniform(0, 1)
    size = rng.uniform(0.88, 0.97)
    return Anatomy(
        ventricles_mm=float(np.clip(rng.normal(5 * age, 1.0), 0, 7)),
        sulci=float(np.clip(rng.normal(1 + 0.8 * age, 0.15), 0.9, 2.2)),
        folds=float(np.clip(rng.normal(0.35 + 0.45 * age, 0.15), 0.1, 1.0)),
        bend_mm=rng.uniform(1.2, 2.2),
        mottle_hu=rng.uniform(0.3, 0.8),
        scale=(size * rng.uniform(0.97, 1.03), size * rng.uniform(0.97, 1.03), size * rng.uniform(0.97, 1.03)),
        pose_degrees=(rng.normal(0, 5), rng.normal(0, 3), rng.normal(0, 5)),
        slice_mm=float(rng.choice([2.5, 5.0, 5.0, 6.0, 8.0])),
        noise_hu=rng.uniform(2.0, 4.5),
        cupping_hu=rng.uniform(0, 2.5),
        drift_hu=rng.normal(0, 0.8),
        tilt_degrees=float(rng.choice([0.0, 0.0, 12.0, 18.0])),
    )


def draw_uneven_anatomy(rng: np.random.Generator) -> Anatomy:
    """A plausible adult whose sides differ more, by ventricles and by scanner, in slices of up to 9 mm."""
    return replace(
        draw_anatomy(rng),
        slice_mm=float(rng.choice([2.5, 4.0, 5.0, 5.0, 6.0, 8.0, 9.0])),
        ventricle_asymmetry=float(np.clip(rng.normal(0, 0.3), -0.7, 0.7)),
        shading_hu=rng.uniform(0.1, 0.7),
    )


def simulated_host(seed: int, draw: Callable[[np.random.Generator], Anatomy] = draw_anatomy) -> Host:
    """One head; the same seed gives the same head."""
    rng = np.random.default_rng(seed)
    anatomy = draw(rng)
    brain_hu, tissue_share = _brain(anatomy, rng)
    count = round(STACK_MM / anatomy.slice_mm)
    step_i, step_j = np.array([-PIXEL_MM, 0.0, 0.0]), np.array([0.0, -PIXEL_MM, 0.0])
    z = (np.arange(count) - (count - 1) / 2) * anatomy.slice_mm
    corner = (PIXELS - 1) / 2 * PIXEL_MM
    shear = np.tan(np.radians(anatomy.tilt_degrees))
    origins = np.stack([np.full(count, corner), corner + shear * z, z], axis=1)
    to_template = np.linalg.inv(_pose(anatomy))
    bend = _bend(anatomy, rng)
    shading = smooth_field(rng, GRID_SHAPE, SHADING_SIGMA_MM / GRID_STEP_MM) * np.float32(anatomy.shading_hu)
    outside = _distance_outside_mm()
    hu = np.zeros((PIXELS, PIXELS, count), dtype=np.float32)
    tissue, template = np.zeros_like(hu), np.zeros((*hu.shape, 3), dtype=np.float32)
    i, j = np.meshgrid(np.arange(PIXELS), np.arange(PIXELS), indexing="ij")
    for k in range(count):
        plane = origins[k] + i[..., None] * step_i + j[..., None] * step_j
        near = np.hypot(plane[..., 0] / HEAD_MM[0], plane[..., 1] / HEAD_MM[1]) < 1  # beyond is air
        hu[~near, k] = AIR_HU
        for layer in (np.arange(LAYERS) + 0.5) / LAYERS - 0.5:
            straight = (plane[near] + np.array([0.0, 0.0, layer * anatomy.slice_mm])) @ to_template.T + CENTRE_MM
            at = straight + bend(straight)
            beyond = sampled(outside, load_atlas().template_affine, at, FAR_MM)
            inside = beyond < 1.0
            density = np.select([beyond <= SKULL_MM, beyond <= SCALP_MM], [SKULL_HU, SCALP_HU], AIR_HU)
            density[inside] = sampled(brain_hu, _maps_affine(), at[inside], CSF_HU)
            density[inside] += sampled(shading, GRID_AFFINE, at[inside])
            share = np.zeros(len(at), dtype=np.float32)
            share[inside] = sampled(tissue_share, _maps_affine(), at[inside], 0.0)
            hu[near, k] += density / LAYERS
            tissue[near, k] += share / LAYERS
            template[near, k] += (at / LAYERS).astype(np.float32)
        hu[:, :, k] = ndimage.gaussian_filter(hu[:, :, k], BLUR_MM / PIXEL_MM)
        hu[:, :, k] += np.where(hu[:, :, k] > SCANNED_HU, _cupping(plane, anatomy), 0)
    volume = CtVolume(hu, step_i, step_j, origins, Acquisition("dicom", "CT", slice_thickness_mm=anatomy.slice_mm))
    index = np.argwhere(tissue > LEAST_TISSUE)
    at_index = tuple(index.T)
    return Host(
        name=f"simulated {seed}",
        volume=volume,
        index=index,
        template_mm=template[at_index],
        tissue=tissue[at_index],
        noise_hu=anatomy.noise_hu * float(np.sqrt(5.0 / anatomy.slice_mm)),
        is_real=False,
    )


def with_noise(volume: CtVolume, noise_hu: float, rng: np.random.Generator) -> CtVolume:
    """Add noise with the spectrum of filtered back-projection; whole HU, as scanners store them."""
    if noise_hu == 0:
        return volume
    rows, columns, count = volume.hu.shape
    fx, fy = np.meshgrid(np.fft.fftfreq(rows), np.fft.rfftfreq(columns), indexing="ij")
    per_mm = np.hypot(fx, fy) / PIXEL_MM
    kernel = np.sqrt(per_mm) * np.exp(-2 * (np.pi * NOISE_BLUR_MM * per_mm) ** 2)
    white = rng.standard_normal((count, rows, columns), dtype=np.float32)
    textured = np.fft.irfft2(np.fft.rfft2(white) * kernel, s=(rows, columns))
    textured *= noise_hu / textured.std()
    noisy = np.rint(volume.hu + np.moveaxis(textured, 0, -1)).astype(np.float32)
    return replace(volume, hu=np.clip(noisy, -1024, 3071))


@cache
def _maps() -> tuple[Singles, Singles, Floats]:
    """Sharpened shares of grey and white matter on 1 mm, and their affine."""
    maps, affine, _ = load_tissue_maps()
    grey, white = maps["grey"], maps["white"]
    powers = [np.clip(share, 0, 1) ** SHARPENING for share in (grey, white, 1 - grey - white)]
    total = sum(powers)
    return (powers[0] / total).astype(np.float32), (powers[1] / total).astype(np.float32), affine


def _maps_affine() -> Floats:
    return _maps()[2]


@cache
def _distance_outside_mm() -> Singles:
    atlas = load_atlas()
    wide = ndimage.distance_transform_edt(~np.pad(atlas.intracranial, 10), sampling=2.0)
    return np.asarray(wide[10:-10, 10:-10, 10:-10], dtype=np.float32)


def _brain(anatomy: Anatomy, rng: np.random.Generator) -> tuple[Singles, Singles]:
    """HU and share of tissue of this brain, before it is bent; worked out inside the skull alone, fluid beyond."""
    grey, white, _ = _maps()
    at = _inside_skull()
    total = grey + white + (1 - grey - white) * np.float32(anatomy.sulci)
    grey, white = (grey / total).astype(np.float32), (white / total).astype(np.float32)
    if anatomy.ventricles_mm > 0:
        pushed = _pushed(anatomy, at)
        greys, whites = _looked_up(grey, pushed), _looked_up(white, pushed)
    else:
        greys, whites = grey[at], white[at]
    open_sulci = _folds(rng) * np.float32(anatomy.folds)
    greys, whites = greys * (1 - open_sulci), whites * (1 - open_sulci)
    csf = 1 - greys - whites
    mottle = smooth_field(rng, tuple(n // 4 + 2 for n in grey.shape), 3.0)
    fine = _looked_up(mottle, np.stack(at).astype(np.float32) / np.float32(4))
    hu, tissue = np.full(grey.shape, CSF_HU, dtype=np.float32), np.zeros(grey.shape, dtype=np.float32)
    hu[at] = GREY_HU * greys + WHITE_HU * whites + CSF_HU * csf + anatomy.mottle_hu * fine * (1 - csf)
    tissue[at] = 1 - csf
    return hu, tissue


def _folds(rng: np.random.Generator) -> Singles:
    """Share of CSF that thin random sheets hold near the brain's surface, 0-1, at the voxels inside the skull.

    The sheets are where a smooth random field crosses zero, as sulci are sheets between gyri.
    """
    at = _inside_skull()
    coarse = smooth_field(rng, tuple(n // 2 + 2 for n in _maps()[0].shape), FOLD_SIGMA_MM / 2)
    field = _looked_up(coarse, np.stack(at).astype(np.float32) / np.float32(2))
    return np.asarray(np.exp(-((field / FOLD_WIDTH) ** 2)) * _near_surface()[at], dtype=np.float32)


@cache
def _inside_skull() -> tuple[NDArray[np.intp], ...]:
    """Indices (i, j, k) of the maps' voxels inside the skull, with a margin for interpolation."""
    _, _, affine = _maps()
    atlas = load_atlas()
    wide = ndimage.binary_dilation(atlas.intracranial, iterations=2)
    at = np.argwhere(np.ones(_maps()[0].shape, dtype=bool)).astype(np.float32)
    near = sampled(wide.astype(np.float32), atlas.template_affine, at + affine[:3, 3].astype(np.float32)) > 0
    return tuple(at[near].astype(np.intp).T)


@cache
def _near_surface() -> Singles:
    """1 at the brain's outer surface, fading inwards; 0 round the deep nuclei and the insula."""
    grey, _, affine = _maps()
    x, y, z = (np.arange(n) + affine[axis, 3] for axis, n in enumerate(grey.shape))
    depth = -sampled(_distance_inside_mm(), load_atlas().template_affine, _positions(x, y, z), 0.0)
    central = ((x / 44) ** 2)[:, None, None] + (((y - 2) / 44) ** 2)[None, :, None] + (((z - 4) / 26) ** 2)[None, None]
    return np.asarray(np.clip((FOLD_DEPTH_MM + depth) / 8, 0, 1) * np.clip(4 * (central - 1), 0, 1), dtype=np.float32)


def _positions(x: Floats, y: Floats, z: Floats) -> Singles:
    return np.stack(np.meshgrid(x, y, z, indexing="ij"), axis=-1).astype(np.float32)


@cache
def _distance_inside_mm() -> Singles:
    return np.asarray(ndimage.distance_transform_edt(load_atlas().intracranial, sampling=2.0), dtype=np.float32)


def _looked_up(share: Singles, at: Singles) -> Singles:
    return np.asarray(ndimage.map_coordinates(share, at, order=1, output=np.float32, mode="nearest"))


@cache
def _towards_ventricles() -> tuple[Singles, ...]:
    """Unit-sized displacement towards the lateral ventricles' middle, fading with distance; voxels of the maps."""
    grey, white, affine = _maps()
    x, y, z = np.ogrid[tuple(slice(n) for n in grey.shape)]
    off, front, up = np.abs(x + affine[0, 3]), y + affine[1, 3], z + affine[2, 3]
    (back, top_front), (low, high) = VENTRICLES_Y_MM, VENTRICLES_Z_MM
    box = (off < VENTRICLES_WITHIN_MM) & (front > back) & (front < top_front) & (up > low) & (up < high)
    deep = ((grey + white) < HALF) & box
    blurred = ndimage.gaussian_filter(deep.astype(np.float32), VENTRICLE_SIGMA_MM)
    gradient = np.stack(np.gradient(blurred))
    return tuple((gradient / np.abs(gradient).max()).astype(np.float32))


def _pushed(anatomy: Anatomy, at: tuple[NDArray[np.intp], ...]) -> Singles:
    """Where to look up each voxel so that the ventricles come out wider, shape (3, n)."""
    pushed = np.stack(at).astype(np.float32)
    is_left = at[0] + _maps_affine()[0, 3] < 0
    push = anatomy.ventricles_mm * (1 + anatomy.ventricle_asymmetry * np.where(is_left, 1, -1))
    for axis, towards in enumerate(_towards_ventricles()):
        pushed[axis] += push.astype(np.float32) * towards[at]
    return pushed


def _bend(anatomy: Anatomy, rng: np.random.Generator) -> Callable[[Floats], Singles]:
    """A smooth random displacement, mm, as a function of positions (..., 3)."""
    size = np.float32(anatomy.bend_mm)
    fields = [
        size * smooth_field(rng, GRID_SHAPE, BEND_SIGMA_MM / GRID_STEP_MM)
        + np.float32(FINE_BEND) * size * smooth_field(rng, GRID_SHAPE, FINE_BEND_SIGMA_MM / GRID_STEP_MM)
        for _ in range(3)
    ]

    def displacement(at: Floats) -> Singles:
        return np.stack([sampled(field, GRID_AFFINE, at) for field in fields], axis=-1)

    return displacement


def _pose(anatomy: Anatomy) -> Floats:
    """3x3, template mm to patient mm."""
    pitch, roll, yaw = np.radians(anatomy.pose_degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x @ np.diag(anatomy.scale))


def _cupping(plane_mm: Floats, anatomy: Anatomy) -> Floats:
    """Brighter near the skull, and a left-right drift."""
    x, y = plane_mm[..., 0] / 70, plane_mm[..., 1] / 85
    return np.asarray(anatomy.cupping_hu * (np.clip(x**2 + y**2, 0, 1) - 0.5) + anatomy.drift_hu * x)

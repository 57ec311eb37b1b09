"""A head CT made from the atlas's own template: brain, CSF, skull, scalp, noise; posed, on thick slices."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import load_atlas
from imaging.labelling import values_at
from imaging.reading import Artefacts, read_volume_of
from imaging.result import Reading
from imaging.volume import Acquisition, CtVolume
from scoring.regions import Region, Side

Floats = NDArray[np.float64]

SKULL_MM, SCALP_MM = 7.0, 12.0
SKULL_HU, SCALP_HU, AIR_HU = 900.0, 30.0, -1000.0
VOXEL_MM = 1.0
WIDTH = 208
POSE_DEGREES = (4.0, -3.0, 6.0)
"""Pitch, roll and yaw of the usual phantom."""
SCALE = (0.93, 0.90, 0.95)
"""Size of the usual phantom relative to the template, which is larger than most heads."""

Lesion = Mapping[tuple[Region, Side], float]


@cache
def _distance_outside_mm() -> NDArray[np.float32]:
    atlas = load_atlas()
    outside = ndimage.distance_transform_edt(~atlas.intracranial, sampling=float(atlas.template_affine[0, 0]))
    return np.asarray(outside, dtype=np.float32)


def pose_matrix(degrees: tuple[float, float, float], scale: tuple[float, float, float]) -> Floats:
    """3x3, template mm to patient mm."""
    pitch, roll, yaw = np.radians(degrees)
    about_x = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    about_y = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    about_z = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    return np.asarray(about_z @ about_y @ about_x @ np.diag(scale))


@cache
def plain_phantom() -> CtVolume:
    """The usual phantom without a lesion; made once, read-only."""
    volume = make_phantom()
    volume.hu.setflags(write=False)
    return volume


@cache
def plain_reading() -> tuple[Reading, Artefacts]:
    """Its reading; made once."""
    reading, artefacts = read_volume_of(plain_phantom())
    assert artefacts is not None, reading.refusal
    return reading, artefacts


def with_ball(
    volume: CtVolume, centre_template_mm: tuple[float, float, float], millilitres: float, hu: float
) -> CtVolume:
    """The usual phantom with a ball of one density at a template position."""
    centre = pose_matrix(POSE_DEGREES, SCALE) @ np.array(centre_template_mm)
    radius = (3 * millilitres * 1000 / (4 * np.pi)) ** (1 / 3)
    i, j, k = np.indices(volume.hu.shape)
    at = volume.index_to_world(np.stack([i, j, k], axis=-1).astype(float))
    inside = np.linalg.norm(at - centre, axis=-1) <= radius
    return replace(volume, hu=np.where(inside, np.float32(hu), volume.hu))


def make_phantom(
    *,
    lesion: Lesion | None = None,
    degrees: tuple[float, float, float] = POSE_DEGREES,
    scale: tuple[float, float, float] = SCALE,
    slice_mm: float = 5.0,
    tilt_degrees: float = 0.0,
    z_range_mm: tuple[float, float] = (-62.0, 84.0),
    noise_hu: float = 3.0,
    seed: int = 7,
) -> CtVolume:
    """A head CT whose every structure is known.

    Parameters
    ----------
    lesion : HU to subtract from tissue in regions of a side, before anything else sees the scan.
    z_range_mm : patient heights between which slices are made; the brain's middle lies near 0.
    """
    matrix = pose_matrix(degrees, scale)
    count = int((z_range_mm[1] - z_range_mm[0]) / slice_mm)
    step_i, step_j = np.array([-VOXEL_MM, 0.0, 0.0]), np.array([0.0, -VOXEL_MM, 0.0])
    shear = np.tan(np.radians(tilt_degrees))
    z = z_range_mm[0] + slice_mm * np.arange(count)
    corner = (WIDTH - 1) / 2 * VOXEL_MM
    origins = np.stack([np.full(count, corner), corner - 18.0 + shear * z, z], axis=1)
    hu = np.zeros((WIDTH, WIDTH, count), dtype=np.float32)
    noise = np.random.default_rng(seed)
    i, j = np.meshgrid(np.arange(WIDTH), np.arange(WIDTH), indexing="ij")
    for k in range(count):
        plane = origins[k] + i[..., None] * step_i + j[..., None] * step_j
        for part in (-slice_mm / 4, slice_mm / 4):  # a slice is thick: two layers make one
            template = (plane + np.array([0.0, 0.0, part])).reshape(-1, 3) @ np.linalg.inv(matrix).T
            hu[:, :, k] += density_at(template, lesion or {}).reshape(WIDTH, WIDTH) / 2
        hu[:, :, k] += noise.normal(0, noise_hu, (WIDTH, WIDTH))
    acquisition = Acquisition("dicom", modality="CT", slice_thickness_mm=slice_mm, kernel="H30s")
    return CtVolume(hu, step_i, step_j, origins, acquisition)


def density_at(template_mm: Floats, lesion: Lesion) -> NDArray[np.float32]:
    """HU at template positions, shape (n, 3)."""
    atlas = load_atlas()
    index = (template_mm - atlas.template_affine[:3, 3]).T / float(atlas.template_affine[0, 0])
    brain = ndimage.map_coordinates(atlas.template_hu, index, order=1)
    outside = ndimage.map_coordinates(_distance_outside_mm(), index, order=1, mode="nearest")
    values = values_at(template_mm, atlas)
    for (region, side), depth in lesion.items():
        brain = brain - depth * ((values == atlas.value(region, side)) & (brain > 20))
    beyond = np.select([outside <= SKULL_MM, outside <= SCALP_MM], [SKULL_HU, SCALP_HU], AIR_HU)
    return np.where(outside < 1.0, brain, beyond).astype(np.float32)


def mirrored(volume: CtVolume) -> CtVolume:
    """The mirror image of a head: what lay on the left lies on the right, in the same patient space."""
    return replace(volume, hu=volume.hu[::-1].copy())

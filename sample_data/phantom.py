"""A head to scan: tissue densities of an average adult on a 1 mm grid, with or without an early infarct.

The brain comes from the ICBM152 2009a tissue maps, from which the project's atlas is made too. Skull, scalp, face and
air cells are drawn around it by distance and simple shapes. The head is then bent by a random smooth field, so that it
is neither symmetric nor the atlas itself. Positions are RAS+ mm of ICBM152 space: negative x is the patient's left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import load_atlas
from imaging.build_atlas import CSF_HU, GREY_HU, WHITE_HU, load_tissue_maps
from scoring.regions import Region, Side

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

AIR_HU, FAT_HU, MUSCLE_HU, SKIN_HU = -1000.0, -95.0, 52.0, 60.0
TABLE_HU, DIPLOE_HU, BASE_HU, CALCIUM_HU, DURA_HU, SINUS_HU, EYE_HU = 1350.0, 620.0, 760.0, 170.0, 44.0, 52.0, 11.0
"""Usual densities on a 120 kV head CT; dura and venous sinuses hold blood."""
TABLE_MM, SKIN_MM, HULL_MM = 2.0, 2.6, 40
SHARPENING = 2.5
"""The maps average 152 people, which blurs every border; a power of the shares draws the borders of one brain."""
BEND_SIGMA_MM, BEND_MM = 28.0, 1.6
"""Smoothness and typical size of the bend, each axis: how far one normal head departs from symmetry."""
MOTTLE_SIGMA_MM, MOTTLE_HU = 12.0, 0.4
"""Slow variation of normal brain density."""

INFARCT = (Region.I, Region.L, Region.M2)
GREY_DROP_HU, WHITE_DROP_HU = 6.0, 4.0
"""An infarct of about three hours, obvious to a trained reader. Grey matter swells first: the ribbon loses contrast."""
INFARCT_EDGE_MM, RAGGED_EDGE = 2.0, 0.35

MARGIN = ((12, 12), (12, 32), (26, 4))
"""Room for nose, neck and scalp around the box of the tissue maps, in voxels."""


@dataclass(frozen=True, eq=False)
class Phantom:
    """Densities on a 1 mm grid."""

    hu: Floats
    """Shape (x, y, z), HU."""
    origin_mm: NDArray[np.float64]
    """Shape (3,): position of voxel (0, 0, 0), RAS+ mm."""


@dataclass(frozen=True, eq=False)
class _Canvas:
    """The grid with what the drawing steps share."""

    x: Floats
    y: Floats
    z: Floats
    origin_mm: NDArray[np.float64]
    inside: Mask
    """Inside the skull."""
    rng: np.random.Generator

    def ball(self, centre: tuple[float, float, float], radii: tuple[float, float, float]) -> Mask:
        """An ellipsoid; with its mirror image where the centre is off the midline."""
        off = np.abs(self.x) if centre[0] else self.x
        parts = zip((off, self.y, self.z), centre, radii, strict=True)
        return np.asarray(sum(((axis - c) / r) ** 2 for axis, c, r in parts) <= 1)

    def field(self, sigma_mm: float) -> Floats:
        """Smooth random values of variance 1 on the grid."""
        coarse = max(1, int(sigma_mm // 3))
        full = self.inside.shape
        few = self.rng.standard_normal(tuple(n // coarse + 2 for n in full)).astype(np.float32)
        few = ndimage.gaussian_filter(few, sigma_mm / coarse, mode="wrap")
        return _finer(few / few.std(), coarse, full)


def build(*, infarct: bool, seed: int = 20261122) -> Phantom:
    """Make the head; the same seed gives the same head with and without the infarct."""
    grey, white, origin = _tissue()
    canvas = _canvas(_on_grid(load_atlas().intracranial, grey.shape), origin, seed)
    brain = _brain_hu(canvas, grey, white, infarct=infarct)
    hu = np.where(canvas.inside, brain, _outside(canvas))
    return Phantom(_bent(canvas, hu), origin)


def _tissue() -> tuple[Floats, Floats, NDArray[np.float64]]:
    """Shares of grey and white matter with sharpened borders on the padded grid, and the grid's origin."""
    maps, affine, _ = load_tissue_maps()
    grey, white = maps["grey"], maps["white"]
    powers = [np.clip(share, 0, 1) ** SHARPENING for share in (grey, white, 1 - grey - white)]
    total = sum(powers)
    padded = [np.pad((part / total).astype(np.float32), MARGIN) for part in powers[:2]]
    return padded[0], padded[1], affine[:3, 3] - [low for low, _ in MARGIN]


def _on_grid(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """Bring a mask on the template's 2 mm grid, which starts where the tissue maps start, onto the padded grid."""
    fine = _finer(mask.astype(np.float32), 2, tuple(2 * n - 1 for n in mask.shape))
    return np.asarray(ndimage.gaussian_filter(_padded(fine, shape), 2.0) > 0.5)


def _finer(coarse: Floats, step: int, shape: tuple[int, ...]) -> Floats:
    """Linear interpolation onto a grid whose every ``step``-th voxel is a voxel of the coarse one."""
    fine = coarse
    for axis, n in enumerate(shape):
        low, rest = np.divmod(np.arange(n), step)
        high = np.minimum(low + 1, coarse.shape[axis] - 1)
        weight = (rest / step).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(3)])
        fine = fine.take(low, axis) * (1 - weight) + fine.take(high, axis) * weight
    return fine


def _padded(small: Floats, shape: tuple[int, ...]) -> Floats:
    """Put an array that starts where the tissue maps start onto the padded grid."""
    full = np.zeros(shape, dtype=np.float32)
    low = [before for before, _ in MARGIN]
    size = [min(n, total - start) for n, total, start in zip(small.shape, shape, low, strict=True)]
    full[tuple(slice(s, s + n) for s, n in zip(low, size, strict=True))] = small[tuple(slice(n) for n in size)]
    return full


def _canvas(inside: Mask, origin: NDArray[np.float64], seed: int) -> _Canvas:
    axes = [np.arange(n, dtype=np.float32) + np.float32(start) for n, start in zip(inside.shape, origin, strict=True)]
    x, y, z = np.ix_(*axes)
    return _Canvas(x, y, z, origin, inside, np.random.default_rng(seed))


def _brain_hu(canvas: _Canvas, grey: Floats, white: Floats, *, infarct: bool) -> Floats:
    """Everything inside the skull."""
    csf = 1 - grey - white
    hu = GREY_HU * grey + WHITE_HU * white + CSF_HU * csf
    hu += MOTTLE_HU * canvas.field(MOTTLE_SIGMA_MM) * (1 - csf)
    ragged = canvas.field(5.0)
    if infarct:
        hu -= _infarct(canvas, ragged) * (GREY_DROP_HU * grey + WHITE_DROP_HU * white)
    midline = (np.abs(canvas.x) <= 1) & (csf > 0.5)
    falx = midline & ((canvas.z > 24) | (canvas.y > 38) & (canvas.z > -8) | (canvas.y < -62) & (canvas.z > 2))
    rim = _signed_distance(canvas.inside) > -7
    sagittal = rim & (np.abs(canvas.x) < 5) & ((canvas.z > 30) | (canvas.y < -60) & (canvas.z > 0)) & (csf > 0.3)
    calcium = canvas.ball((0, -29, 3), (2, 2.5, 2)) | canvas.ball((23, -41, 11), (1.8, 3, 2))
    hu = np.where(sagittal, SINUS_HU, np.where(falx, DURA_HU, hu))
    return np.asarray(np.where(calcium, CALCIUM_HU, hu), dtype=np.float32)


def _infarct(canvas: _Canvas, ragged: Floats) -> Floats:
    """Share of the full change, 0-1: the regions of the left side with a ragged, soft border."""
    atlas = load_atlas()
    here = np.isin(atlas.labels, [atlas.value(region, Side.LEFT) for region in INFARCT])
    soft = ndimage.gaussian_filter(_padded(here.astype(np.float32), canvas.inside.shape), 3.0)
    ragged_core = soft + RAGGED_EDGE * 0.5 * ragged * (4 * soft * (1 - soft)) > 0.5
    return np.asarray(ndimage.gaussian_filter(ragged_core.astype(np.float32), INFARCT_EDGE_MM))


def _outside(canvas: _Canvas) -> Floats:
    """Skull, scalp, face and the air around them."""
    hull = ndimage.gaussian_filter(_hull(canvas.inside.shape).astype(np.float32), 3.0) > 0.5
    beyond = _signed_distance(hull)
    depth = ndimage.distance_transform_edt(~canvas.inside).astype(np.float32)
    thick = _vault_mm(canvas)
    scalp = 6.0 + 1.0 * canvas.field(30.0)
    temple = (np.abs(canvas.x) > 45) & (canvas.y > -10) & (canvas.y < 55) & (canvas.z < 12)
    scalp = scalp + ndimage.gaussian_filter(np.where(temple, 9.0, 0.0).astype(np.float32), 8.0)
    face = (
        canvas.ball((0, 38, -62), (66, 58, 66))
        | canvas.ball((0, -52, -100), (62, 58, 78))
        | canvas.ball((0, -14, -84), (66, 50, 60))
    )
    skin = np.minimum(beyond - thick - scalp, -_signed_distance(~face))
    hu = np.full(canvas.inside.shape, AIR_HU, dtype=np.float32)
    hu[skin < 0] = FAT_HU
    muscle = (skin < -5) & (canvas.field(4.0) > -0.9) & ((temple & (beyond < thick + 11)) | (canvas.z < -38))
    hu[muscle] = MUSCLE_HU
    hu[(skin < 0) & (skin > -SKIN_MM)] = SKIN_HU
    base = (beyond <= 0) & (depth < 9 + 2 * canvas.field(6.0))
    hu[base] = BASE_HU + 230 * canvas.field(2.0)[base]
    bone = (beyond > 0) & (beyond < thick)
    hu[bone] = DIPLOE_HU + 130 * canvas.field(2.0)[bone]
    tables = (bone & ((beyond > thick - TABLE_MM) | (beyond < TABLE_MM))) | ((depth < TABLE_MM) & (depth > 0))
    hu[tables] = TABLE_HU
    return _face(canvas, hu, bone, skin)


def _face(canvas: _Canvas, hu: Floats, bone: Mask, skin: Floats) -> Floats:
    """Orbits with eyes, and the air-filled cells of nose, forehead, sphenoid and mastoid; never inside the skull."""
    walls = canvas.field(2.2)
    orbit = canvas.ball((33, 56, -38), (19, 30, 17)) & (skin < -1)
    hu[ndimage.binary_dilation(orbit, iterations=2) & (skin < -8) & ~orbit] = BASE_HU
    hu[orbit] = FAT_HU
    hu[canvas.ball((28, 48, -38), (3, 22, 3)) & orbit] = 36
    eye = canvas.ball((34, 66, -38), (12, 12, 12)) & orbit
    hu[eye] = EYE_HU
    hu[eye & ~ndimage.binary_erosion(eye, iterations=1)] = 42
    nose = (np.abs(canvas.x) < 11) & (canvas.y > 22) & (canvas.y < 80) & (canvas.z < -30)
    mastoid = canvas.ball((50, -36, -46), (11, 14, 16)) & (hu > 300) & (walls > 0.1)
    frontal = bone & (np.abs(canvas.x) < 22) & (canvas.y > 55) & (canvas.z < 8) & (canvas.z > -26) & (walls > -0.8)
    tables = hu >= TABLE_HU
    hu[(nose & (np.abs(walls) > 0.25)) | canvas.ball((0, 14, -42), (11, 11, 8))] = AIR_HU + 40
    hu[nose & (np.abs(walls) <= 0.25)] = 220
    hu[(mastoid | frontal) & ~tables] = AIR_HU + 60
    return hu


def _vault_mm(canvas: _Canvas) -> Floats:
    """Thickness of the skull: thick at forehead and occiput, thin at the temples, uneven as in anyone."""
    temples = np.exp(-(((canvas.z + 18) / 30) ** 2)) * np.exp(-(((canvas.y - 8) / 40) ** 2)) * (np.abs(canvas.x) > 30)
    ends = np.exp(-(((canvas.y - 90) / 28) ** 2)) + np.exp(-(((canvas.y + 108) / 22) ** 2))
    smooth = ndimage.gaussian_filter((6.8 - 2.8 * temples + 2.4 * ends).astype(np.float32), 4.0)
    return np.asarray(np.clip(smooth + 0.6 * canvas.field(18.0), 3.2, 13.0), dtype=np.float32)


def _hull(shape: tuple[int, ...]) -> Mask:
    """The intracranial space with every hollow that a ball of ``HULL_MM`` cannot enter filled; drawn on 2 mm."""
    pad = HULL_MM // 2 + 1
    wide = np.pad(load_atlas().intracranial, pad)
    grown = ndimage.distance_transform_edt(~wide, sampling=2.0) <= HULL_MM
    closed = ndimage.distance_transform_edt(grown, sampling=2.0) > HULL_MM
    return _on_grid((closed | wide)[pad:-pad, pad:-pad, pad:-pad], shape)


def _signed_distance(mask: Mask) -> Floats:
    """Distance to the border in mm: positive outside, negative inside; found on every second voxel, interpolated."""
    coarse = mask[::2, ::2, ::2]
    outside = ndimage.distance_transform_edt(~coarse, sampling=2.0)
    signed = outside - ndimage.distance_transform_edt(coarse, sampling=2.0)
    return _finer(signed.astype(np.float32), 2, mask.shape)


def _bent(canvas: _Canvas, hu: Floats) -> Floats:
    at = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in hu.shape), indexing="ij")
    bent = [axis + BEND_MM * canvas.field(BEND_SIGMA_MM) for axis in at]
    return np.asarray(ndimage.map_coordinates(hu, bent, order=1, mode="nearest"), dtype=np.float32)

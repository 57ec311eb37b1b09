"""Scans of heads that moved: streaks by projecting and reconstructing, jumps by shifting the slices that follow.

A slice is projected at angles over half a turn, the head being moved at some moment between them, and reconstructed by
filtered back-projection. What that changes against a head that kept still is added to the slice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from fields import Floats, Singles
from scipy import ndimage

from imaging.volume import CtVolume

ANGLES = np.arange(0.0, 180.0, 1.5)
"""Degrees."""
PROJECTED_MM = 0.9
DENSITY_HU = (-1000.0, 3000.0)
FIRST_SHARE = (0.45, 0.65)
"""Between which heights of the stack motion begins, as a share of its slices."""


@dataclass(frozen=True, slots=True)
class Move:
    """Where the head goes within one slice's rotation, in the slice's plane."""

    i_mm: float
    j_mm: float
    turn_degrees: float
    at: float
    """When, as a share of the rotation."""


def with_streaks(volume: CtVolume, amplitude_mm: float, length_mm: float, rng: np.random.Generator) -> CtVolume:
    """The head moves, each time somewhere else, while a part of the stack is scanned."""
    hu = np.array(volume.hu, dtype=np.float32)
    first = int(volume.slice_count * rng.uniform(*FIRST_SHARE))
    height = volume.slice_positions_mm - volume.slice_positions_mm[first]
    move, since = None, 0.0
    for k in range(first, volume.slice_count):
        if height[k] >= length_mm:
            break
        if move is None or height[k] - since >= length_mm / 3:
            shift = rng.normal(0, amplitude_mm, 3)
            move, since = Move(shift[0], shift[1], shift[2] * 0.8, rng.uniform(0.2, 0.8)), height[k]
        change = _artefact(hu[:, :, k], volume.spacing_mm[0], move)
        hu[: change.shape[0], : change.shape[1], k] += change
    return replace(volume, hu=np.clip(np.rint(hu), -1024, 3071).astype(np.float32))


def with_step(volume: CtVolume, step_mm: float, turn_degrees: float, rng: np.random.Generator) -> CtVolume:
    """The head lies elsewhere from some slice on."""
    hu = np.array(volume.hu, dtype=np.float32)
    first, direction = int(volume.slice_count * rng.uniform(*FIRST_SHARE)), rng.uniform(0, 2 * np.pi)
    shift = np.array([np.cos(direction), np.sin(direction)]) * step_mm / volume.spacing_mm[0]
    turn = _turn(turn_degrees)
    middle = (np.array(hu.shape[:2]) - 1) / 2
    for k in range(first, volume.slice_count):
        hu[:, :, k] = ndimage.affine_transform(hu[:, :, k], turn, middle - turn @ middle - shift, order=1, cval=-1024)
    return replace(volume, hu=np.rint(hu))


def _turn(degrees: float) -> Floats:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[cosine, -sine], [sine, cosine]])


def _artefact(plane: Singles, spacing_mm: float, move: Move) -> Singles:
    """What one move during the rotation changes in a slice, HU."""
    every = max(1, round(PROJECTED_MM / spacing_mm))
    rows, columns = (n // every for n in plane.shape)
    blocks = plane[: rows * every, : columns * every].reshape(rows, every, columns, every)
    size = max(rows, columns)
    square = np.full((size, size), DENSITY_HU[0], dtype=np.float32)
    square[:rows, :columns] = blocks.mean(axis=(1, 3))
    image = (np.clip(square, *DENSITY_HU) - DENSITY_HU[0]).astype(np.float32)
    pixel_mm = spacing_mm * every
    moved = replace(move, i_mm=move.i_mm / pixel_mm, j_mm=move.j_mm / pixel_mm)  # in pixels from here on
    still = Move(0.0, 0.0, 0.0, 1.0)
    change: Singles = _reconstructed(_projected(image, moved))
    change -= _reconstructed(_projected(image, still))
    return np.kron(change[:rows, :columns], np.ones((every, every), dtype=np.float32))


def _projected(image: Singles, move: Move) -> Singles:
    """Sums along parallel rays, shape (angles, pixels)."""
    middle = (np.array(image.shape) - 1) / 2
    rays = np.empty((ANGLES.size, image.shape[0]), dtype=np.float32)
    for number, angle in enumerate(ANGLES):
        here = number / ANGLES.size > move.at
        turn = _turn(angle + move.turn_degrees * here)
        shift = np.array([move.i_mm, move.j_mm]) * here
        rays[number] = ndimage.affine_transform(image, turn, middle - turn @ middle - shift, order=1).sum(axis=0)
    return rays


def _reconstructed(rays: Singles) -> Singles:
    """Filtered back-projection with a cosine-squared window."""
    size = rays.shape[1]
    frequency = np.fft.rfftfreq(2 * size)
    ramp = frequency * np.cos(np.pi * frequency) ** 2
    filtered = np.fft.irfft(np.fft.rfft(rays, 2 * size, axis=1) * ramp, axis=1)[:, :size].astype(np.float32)
    i, j = np.mgrid[:size, :size] - (size - 1) / 2
    image = np.zeros((size, size), dtype=np.float32)
    for ray, angle in zip(filtered, np.radians(ANGLES), strict=True):
        along = i * np.sin(angle) + j * np.cos(angle) + (size - 1) / 2
        image += np.interp(along.ravel(), np.arange(size), ray).reshape(size, size).astype(np.float32)
    return np.asarray(image * np.float32(np.pi / ANGLES.size))

"""A simple CT scanner: thick slices through a phantom, with blur and textured noise, on an upright or tilted gantry.

Part volume and noise are modelled; beam hardening, scatter, motion and a spiral path are not. Positions are RAS+ mm.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from phantom import Phantom
from scipy import ndimage

Doubles = NDArray[np.float64]

HEAD_SCALE = 0.92
"""The ICBM152 head holds about 2 l inside the skull, an adult's about 1.5 l."""
HEAD_CENTRE_MM = (0.0, -16.0, 18.0)
"""Position in the phantom that comes to lie at the middle of the scan."""
LAYERS = 5
"""Layers that are averaged into one slice: part volume along the slice profile."""
BLUR_MM = 0.45
NOISE_HU, NOISE_IN_AIR, NOISE_BLUR_MM = 3.5, 0.4, 0.55
"""SD in the head at 5 mm, share of it in air, and the kernel that shapes its texture."""
PADDING_HU = -1024
HOLDER_RADIUS_MM, HOLDER_WALL_MM, HOLDER_FRONT_MM, HOLDER_HU = 111.0, 2.5, -40.0, 60.0
HOLDER_ONLY_IN_AIR_HU = -500.0


@dataclass(frozen=True, slots=True)
class Protocol:
    """How a head is scanned."""

    yaw_degrees: float
    """Head turned towards its left."""
    pitch_degrees: float
    """Chin raised."""
    roll_degrees: float
    """Head bent towards its right shoulder."""
    gantry_tilt_degrees: float
    """Front of the slices moved up, while the table still moves along z: the stack is sheared."""
    noise_seed: int
    size: int = 320
    pixel_mm: float = 0.72
    slices: int = 30
    thickness_mm: float = 5.0
    """Also the distance of the slices, along their normal."""


@dataclass(frozen=True, eq=False)
class Scan:
    """What the scanner measured."""

    hu: NDArray[np.int16]
    """Shape (i, j, k): i to the patient's left, j to the back, k upwards, as DICOM rows and columns run."""
    step_i_mm: Doubles
    step_j_mm: Doubles
    step_k_mm: Doubles
    """Displacement from slice to slice; not along the normal under tilt."""
    origin_mm: Doubles
    """Position of voxel (0, 0, 0)."""


def scan(phantom: Phantom, protocol: Protocol) -> Scan:
    """Scan the head; the same protocol gives the same noise."""
    tilt = np.radians(protocol.gantry_tilt_degrees)
    step_i = np.array([-protocol.pixel_mm, 0.0, 0.0])
    step_j = np.array([0.0, -np.cos(tilt), -np.sin(tilt)]) * protocol.pixel_mm
    step_k = np.array([0.0, 0.0, protocol.thickness_mm / np.cos(tilt)])
    half = (protocol.size - 1) / 2
    origin = -half * (step_i + step_j) - (protocol.slices - 1) / 2 * step_k
    pose = _pose(protocol)
    rng = np.random.default_rng(protocol.noise_seed)
    i, j = np.meshgrid(np.arange(protocol.size), np.arange(protocol.size), indexing="ij")
    plane = i[..., None] * step_i + j[..., None] * step_j
    round_field = (i - half) ** 2 + (j - half) ** 2 <= (half + 0.5) ** 2
    stack = np.empty((protocol.size, protocol.size, protocol.slices), dtype=np.int16)
    for k in range(protocol.slices):
        clean = _slice(phantom, pose, origin + plane + k * step_k, step_k)
        noisy = _with_holder(clean, plane + origin) + _noise(clean, rng, protocol)
        stack[:, :, k] = np.where(round_field, np.clip(np.rint(noisy), PADDING_HU, 3071), PADDING_HU)
    return Scan(stack, step_i, step_j, step_k, origin)


def _pose(protocol: Protocol) -> Doubles:
    """3x3: displacement in the scanner to displacement in the phantom."""
    yaw, pitch, roll = np.radians([protocol.yaw_degrees, protocol.pitch_degrees, protocol.roll_degrees])
    turn = np.array([[np.cos(yaw), -np.sin(yaw), 0], [np.sin(yaw), np.cos(yaw), 0], [0, 0, 1]])
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    lean = np.array([[np.cos(roll), 0, np.sin(roll)], [0, 1, 0], [-np.sin(roll), 0, np.cos(roll)]])
    return np.asarray((turn @ nod @ lean).T / HEAD_SCALE)


def _slice(phantom: Phantom, pose: Doubles, positions_mm: Doubles, step_k_mm: Doubles) -> Doubles:
    """One slice without noise: the mean of its layers, blurred as the detector does."""
    layers = []
    for share in (np.arange(LAYERS) + 0.5) / LAYERS - 0.5:
        head = (positions_mm + share * step_k_mm) @ pose.T + np.array(HEAD_CENTRE_MM)
        index = np.moveaxis(head - phantom.origin_mm, -1, 0)
        layers.append(ndimage.map_coordinates(phantom.hu, index, order=1, mode="nearest"))
    pixel_mm = float(np.linalg.norm(positions_mm[1, 0] - positions_mm[0, 0]))
    return np.asarray(ndimage.gaussian_filter(np.mean(layers, axis=0), BLUR_MM / pixel_mm), dtype=np.float64)


def _with_holder(hu: Doubles, plane_mm: Doubles) -> Doubles:
    """Add the plastic shell in which the head rests, behind the head."""
    x, y = plane_mm[..., 0], plane_mm[..., 1]
    shell = np.abs(np.hypot(x, y) - HOLDER_RADIUS_MM) < HOLDER_WALL_MM / 2
    return np.where(shell & (y < HOLDER_FRONT_MM) & (hu < HOLDER_ONLY_IN_AIR_HU), HOLDER_HU, hu)


def _noise(hu: Doubles, rng: np.random.Generator, protocol: Protocol) -> Doubles:
    """Noise with the power spectrum of filtered back-projection: rising with frequency, then cut by the kernel."""
    fx, fy = np.meshgrid(np.fft.fftfreq(protocol.size), np.fft.rfftfreq(protocol.size), indexing="ij")
    per_mm = np.hypot(fx, fy) / protocol.pixel_mm
    kernel = np.sqrt(per_mm) * np.exp(-2 * (np.pi * NOISE_BLUR_MM * per_mm) ** 2)
    white = rng.standard_normal((protocol.size, protocol.size))
    textured = np.fft.irfft2(np.fft.rfft2(white) * kernel, s=white.shape)
    textured /= textured.std()
    head = ndimage.gaussian_filter((hu > -300).astype(float), 12 / protocol.pixel_mm)
    sd = NOISE_HU * np.sqrt(5.0 / protocol.thickness_mm) * (NOISE_IN_AIR + (1 - NOISE_IN_AIR) * head)
    return np.asarray(textured * sd)

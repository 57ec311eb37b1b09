"""Scans that must be refused: unsuitable ones, each wrong in one way, and heads with a small bleed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from motion import with_step, with_streaks
from simulated_heads import Host, with_noise

from imaging.reading import read_volume_of
from imaging.refusals import RefusalCode as Code
from imaging.volume import CtVolume

BLEEDS_ML, BLEED_HU = (1.0, 2.0), 60.0
BLEED_X_MM, BLEED_Y_MM, BLEED_Z_MM = (14.0, 40.0), (-35.0, 30.0), (-4.0, 45.0)
"""Where bleeds are put: deep, off the midline and off the skull; template mm, either side."""
EDGE_MM = 1.0
NOISE_OF_BONE_KERNEL_HU = 70.0
BONE_HU, SKIN_HU, AIR_HU = 100.0, -300.0, -1000.0
STREAK_REACH_MM = 35.0
CLIP_AT_MM, CLIP_MM = (-30.0, 0.0, 2.0), 6.0
CONTRAST_HU, CLIP_HU, STREAK_HU = 180.0, 3050.0, 150.0


@dataclass(frozen=True, slots=True)
class Unsuitable:
    """A scan that no reader would score, and the codes that say why."""

    name: str
    volume: CtVolume
    codes: frozenset[Code]


def unsuitable(host: Host, seed: int) -> Iterator[Unsuitable]:
    """One head, spoilt in one way after the other."""
    rng = np.random.default_rng(seed)
    scan = with_noise(host.volume, host.noise_hu, rng)
    hu, count = scan.hu, scan.slice_count
    reach = range(count * 2 // 5)

    def case(name: str, changed: np.ndarray, *codes: Code) -> Unsuitable:
        return Unsuitable(name, replace(scan, hu=changed.astype(np.float32)), frozenset(codes))

    def part(name: str, keep: list[int], *codes: Code) -> Unsuitable:
        volume = replace(scan, hu=hu[:, :, keep], slice_origins_mm=scan.slice_origins_mm[keep])
        return Unsuitable(name, volume, frozenset(codes))

    yield case("brain window", np.clip(hu, 0, 80), Code.NOT_HU)
    yield case("stripped of its skull", np.where(hu > BONE_HU, AIR_HU, hu), Code.NOT_HU, Code.NOT_A_HEAD, Code.NO_BRAIN)
    yield case(
        "water", np.where(hu > SKIN_HU, rng.normal(0, 3, hu.shape), hu), Code.NOT_HU, Code.NOT_A_HEAD, Code.NO_BRAIN
    )
    rough = with_noise(replace(scan, hu=hu), NOISE_OF_BONE_KERNEL_HU, rng)
    yield Unsuitable("bone kernel", rough, frozenset({Code.BONE_KERNEL}))
    yield case("contrast", _with_vessels(host, hu), Code.CONTRAST_ENHANCED, Code.HAEMORRHAGE_SUSPECTED)
    yield case("metal clip", _with_clip(host, hu), Code.METAL_ARTEFACT)
    yield case("facing backwards", hu[:, ::-1], Code.ORIENTATION_UNKNOWN, Code.REGISTRATION_FAILED)
    yield case("upside down", hu[:, :, ::-1], Code.ORIENTATION_UNKNOWN, Code.REGISTRATION_FAILED, Code.NOT_A_HEAD)
    incomplete = (Code.COVERAGE_INCOMPLETE, Code.REGISTRATION_FAILED, Code.NOT_A_HEAD, Code.ORIENTATION_UNKNOWN)
    yield part("vertex only", list(reversed([count - 1 - k for k in reach])), *incomplete)
    yield part("skull base only", list(reach), *incomplete)
    moved = (Code.MOTION_ARTEFACT, Code.REGISTRATION_FAILED)
    yield Unsuitable("moved while it was scanned", with_streaks(scan, 4.0, 20.0, rng), frozenset(moved))
    yield Unsuitable("turned between two slices", with_step(scan, 9.0, 12.0, rng), frozenset(moved))
    step = int(np.ceil(11.0 / float(scan.gaps_mm[0])))
    yield part("slices 11 mm apart", list(range(0, count, step)), Code.SLICES_TOO_THICK)


VESSELS_MM: tuple[tuple[tuple[float, float, float], tuple[float, float, float]], ...] = (
    ((8, 2, -8), (44, 2, -8)),
    ((42, 0, -6), (42, -30, 22)),
    ((4, 34, -6), (4, 36, 30)),
    ((4, 36, 30), (4, 0, 62)),
    ((20, -30, 8), (6, -40, 8)),
)
"""Ends of the larger vessels of the right side, template mm; the left ones are their mirror images."""
VESSEL_MM = 3.0


def _with_vessels(host: Host, hu: np.ndarray) -> np.ndarray:
    """The larger arteries and veins filled with contrast."""
    place = np.abs(host.template_mm) * [1, 0, 0] + host.template_mm * [0, 1, 1]
    filled = np.zeros(len(place), dtype=bool)
    for ends in VESSELS_MM:
        start, along = np.array(ends[0]), np.subtract(ends[1], ends[0])
        part = np.clip((place - start) @ along / (along @ along), 0, 1)
        filled |= np.linalg.norm(place - start - part[:, None] * along, axis=1) < VESSEL_MM
    changed = hu.copy()
    changed[tuple(host.index[filled].T)] = CONTRAST_HU
    return changed


def _with_clip(host: Host, hu: np.ndarray) -> np.ndarray:
    """An aneurysm clip beside the insula, with streaks in its slices."""
    changed = hu.copy()
    near = np.linalg.norm(host.template_mm - np.array(CLIP_AT_MM), axis=1) < CLIP_MM
    at = host.index[near]
    for k in np.unique(at[:, 2]):
        i, j = at[at[:, 2] == k][:, :2].mean(axis=0)
        a, b = np.ogrid[tuple(slice(n) for n in hu.shape[:2])]
        fading = STREAK_HU * np.exp(-np.hypot(a - i, b - j) * host.volume.spacing_mm[0] / STREAK_REACH_MM)
        changed[:, :, k] += fading * np.sign(np.sin(9 * np.arctan2(b - j, a - i))) * (hu[:, :, k] > SKIN_HU)
    changed[tuple(at.T)] = CLIP_HU
    return changed


def refusals(host: Host, seed: int) -> dict[str, bool]:
    """Whether each unsuitable scan was refused with a code that fits."""
    found = {}
    for case in unsuitable(host, seed):
        reading, _ = read_volume_of(case.volume)
        found[case.name] = reading.refusal is not None and reading.refusal.code in case.codes
    return found


def with_bleed(host: Host, ml: float, rng: np.random.Generator) -> CtVolume:
    """The head with a ball of fresh blood in it."""
    sides = rng.choice([-1.0, 1.0])
    centre = np.array([sides * rng.uniform(*BLEED_X_MM), rng.uniform(*BLEED_Y_MM), rng.uniform(*BLEED_Z_MM)])
    position = host.volume.index_to_world(host.index.astype(float))
    middle = position[int(((host.template_mm - centre) ** 2).sum(axis=1).argmin())]
    radius = (ml * 1000 * 0.75 / np.pi) ** (1 / 3)
    share = np.clip((radius - np.linalg.norm(position - middle, axis=1)) / EDGE_MM + 0.5, 0, 1)
    hu, at = host.volume.hu.copy(), tuple(host.index.T)
    hu[at] = hu[at] * (1 - share) + BLEED_HU * share
    return with_noise(replace(host.volume, hu=hu), host.noise_hu, rng)


def bleeds_found(host: Host, number: int, seed: int) -> dict[float, list[bool]]:
    """For each volume in ml, whether each of ``number`` bleeds was suspected."""
    rng = np.random.default_rng(seed)
    found: dict[float, list[bool]] = {}
    for ml in BLEEDS_ML:
        readings = [read_volume_of(with_bleed(host, ml, rng))[0] for _ in range(number)]
        found[ml] = [one.refusal is not None and one.refusal.code is Code.HAEMORRHAGE_SUSPECTED for one in readings]
    return found

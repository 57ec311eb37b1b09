"""Does the registration's quality number tell good landings from bad ones? Displaced landings, and broken inputs.

    python bench/landing.py [--heads 4] [--seed 1]

First, each head's own landing is moved away by rotations, shifts and stretches of known size (mean displacement of the
brain, mm), and the number is taken there. Then inputs are broken in ways that leave a head in the scan, and landed
without a gate: what is the best number that a wrong landing can reach? Real heads beside the checkout take part.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from fields import Floats
from real_heads import real_hosts
from simulated_heads import Host, simulated_host, with_noise

from imaging import registration
from imaging.affine_steps import Level, correlation, full_affine, level_at
from imaging.atlas import load_atlas
from imaging.head import Head
from imaging.reading import Found, read_volume_of, search
from imaging.refusals import ScanRefused
from imaging.volume import CtVolume

FIRST_SEED = 9500
DISPLACEMENTS_MM = (0.0, 2.0, 4.0, 6.0, 8.0, 10.0, 15.0, 20.0, 30.0)
DRAWS = 8
GOOD_MM, BAD_MM = 4.0, 10.0
"""Landings up to the first are good, from the second on bad; between the two a region's core still lies in it."""


@dataclass(frozen=True, eq=False)
class Landing:
    """One head and where the template landed on it."""

    fine: Level
    affine: Floats
    ncc: float


def landing_of(head: Head) -> Landing:
    """Land without a gate."""
    atlas = load_atlas()
    clipped = np.where(head.mask, np.clip(head.grid.hu, *registration.MATCHED_HU), 0).astype(np.float32)
    coarse, fine = (
        level_at(head.grid, clipped, atlas, step, sigma)
        for step, sigma in (
            (registration.COARSE_STEP_MM, registration.COARSE_SIGMA_MM),
            (registration.FINE_STEP_MM, registration.FINE_SIGMA_MM),
        )
    )
    affine, ncc = registration.landed(registration.start_of(head, atlas), coarse, fine, atlas)
    return Landing(fine, affine, ncc)


def displaced(landing: Landing, mean_mm: float, rng: np.random.Generator) -> Floats:
    """The landing moved away so that the template's points lie so far off on average."""
    generators = full_affine()
    weights = rng.standard_normal(len(generators))
    step = np.tensordot(weights, generators, axes=1)
    points = np.concatenate([landing.fine.points, np.ones((len(landing.fine.points), 1))], axis=1)
    moved = float(np.linalg.norm(points @ step[:3].T, axis=1).mean())
    return np.asarray(landing.affine @ (np.eye(4) + step * (mean_mm / moved)))


def broken(volume: CtVolume) -> Iterator[tuple[str, CtVolume]]:
    """The same head, given wrongly."""
    hu, count = volume.hu, volume.slice_count
    yield "facing backwards", replace(volume, hu=hu[::-1, ::-1])
    yield "upside down", replace(volume, hu=hu[:, :, ::-1])
    yield "front and back swapped", replace(volume, hu=hu[:, ::-1])
    for name, size in (("60 % of its size", 0.6), ("150 % of its size", 1.5)):
        steps = (volume.step_i_mm * size, volume.step_j_mm * size)
        origins = volume.slice_origins_mm * size
        yield name, replace(volume, step_i_mm=steps[0], step_j_mm=steps[1], slice_origins_mm=origins)
    for name, part in (("upper third", slice(count * 2 // 3, count)), ("lower half", slice(0, count // 2))):
        yield name, replace(volume, hu=hu[:, :, part], slice_origins_mm=volume.slice_origins_mm[part])
    stretched = volume.slice_origins_mm * np.array([1.0, 1.0, 0.5])
    yield "half as tall", replace(volume, slice_origins_mm=stretched)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--heads", type=int, default=4, help="simulated heads (default 4)")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    hosts = [simulated_host(FIRST_SEED + n) for n in range(options.heads)] + real_hosts()
    scans = [(host, with_noise(host.volume, host.noise_hu, rng)) for host in hosts]
    _print_displaced(scans, rng)
    _print_broken(scans)
    return 0


def _found(volume: CtVolume) -> Found | None:
    try:
        return search(volume)
    except ScanRefused:
        return None


def _print_displaced(scans: list[tuple[Host, CtVolume]], rng: np.random.Generator) -> None:
    numbers: dict[float, list[float]] = {mm: [] for mm in DISPLACEMENTS_MM}
    for host, volume in scans:
        found = _found(volume)
        if found is None:
            continue
        landing = landing_of(found.head)
        print(f"{host.name:<24} landed with {landing.ncc:.3f}", flush=True)
        for mm in DISPLACEMENTS_MM:
            for _ in range(1 if mm == 0 else DRAWS):
                numbers[mm].append(correlation(displaced(landing, mm, rng), landing.fine))
    gate = registration.LEAST_NCC
    print(f"\nNumber where the landing is displaced; refused below {gate:.2f}")
    print("  mm    landings   lowest   median  highest   refused")
    for mm, values in numbers.items():
        refused = np.mean([value < gate for value in values])
        spread = f"{min(values):8.3f} {np.median(values):8.3f} {max(values):8.3f}"
        print(f"  {mm:4.0f} {len(values):10d} {spread} {refused:8.0%}")
    good = [v for mm, values in numbers.items() if mm <= GOOD_MM for v in values]
    bad = [v for mm, values in numbers.items() if mm >= BAD_MM for v in values]
    above = np.mean([g > b for g in good for b in bad])
    print(f"  Within {GOOD_MM:g} mm the number is larger than at {BAD_MM:g} mm and more: {above:.1%} of pairs.\n")


def _print_broken(scans: list[tuple[Host, CtVolume]]) -> None:
    print("Broken inputs: number without a gate, and what the reader answers")
    for host, volume in scans:
        for name, wrong in broken(volume):
            found = _found(wrong)
            ncc = "no head" if found is None else f"{landing_of(found.head).ncc:.3f}"
            reading, _ = read_volume_of(wrong)
            answer = reading.refusal.code.value if reading.refusal else f"SCORED {reading.total}"
            print(f"  {host.name:<24} {name:<24} {ncc:>8}  {answer}", flush=True)


if __name__ == "__main__":
    sys.exit(main())

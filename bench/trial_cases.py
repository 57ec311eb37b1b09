"""Draws the cases of the trial, reads each, and keeps what figures and calibration need of every reading."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from implants import DEPTHS_HU, Change, draw_infarct, implanted, own_outlines, truth
from naive_rule import DIFFERENCE_HU, naive_reading
from real_heads import published_outlines
from simulated_heads import Host

from imaging.reading import read_volume_of
from scoring.regions import Region, Side, Status

REGIONS = tuple(Region)


@dataclass(frozen=True, slots=True)
class Outcome:
    """One scan: the truth, and what was read. Arrays over the twenty regions: left ten, then right ten."""

    host: str
    is_real: bool
    kind: str
    side: str | None
    depth_hu: float
    affected: list[bool]
    refusal: str | None
    called: list[bool]
    assessable: list[bool]
    probability: list[float | None]
    delta_hu: list[float | None]
    """Left minus right of the ten regions."""
    residual_sd_hu: float | None
    field_sd_hu: float | None
    called_side: str | None
    side_probability: dict[str, float]
    total: int | None
    total_low: int | None
    total_high: int | None
    naive_darker_hu: list[float]
    """By how much each region is darker than its mirror image, by the naive rule."""
    seconds: float

    @property
    def naive_called(self) -> list[bool]:
        """What the naive rule calls affected."""
        return [darker >= DIFFERENCE_HU for darker in self.naive_darker_hu]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def changes(rng: np.random.Generator, rounds: int, first_seed: int) -> list[Change]:
    """One head's cases: unchanged, each depth ``rounds`` times, and the two distractors."""
    seeds = iter(range(first_seed, first_seed + 1000))
    cases = [Change("none", None, frozenset(), 0.0, 1.0, next(seeds)) for _ in range(rounds)]
    cases += [draw_infarct(rng, depth, next(seeds)) for depth in DEPTHS_HU for _ in range(rounds)]
    side = (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
    cases.append(Change("old infarct", side, frozenset(), 0.0, 1.0, next(seeds)))
    cases.append(Change("white matter", None, frozenset(), rng.uniform(4, 8), 1.0, next(seeds)))
    return cases


def outcomes(hosts: Sequence[Host], seed: int, rounds: int) -> Iterator[Outcome]:
    """Read every case of every host."""
    for number, host in enumerate(hosts):
        rng = np.random.default_rng([seed, number])
        for change in changes(rng, rounds, seed * 100_000 + number * 1000):
            yield outcome(host, change)


def outcome(host: Host, change: Change) -> Outcome:
    """Read one case; the naive rule reads it on the same head mask and affine map."""
    volume = implanted(host, change, published_outlines if host.is_real else own_outlines)
    started = time.perf_counter()
    reading, artefacts = read_volume_of(volume)
    seconds = time.perf_counter() - started
    affected = truth(change)
    naive = None if artefacts is None else naive_reading(artefacts)
    rows = [(side, region) for side in Side for region in REGIONS]
    read = reading.regions

    def status(side: Side, region: Region) -> Status:
        return read[side][region].status if read else Status.NOT_ASSESSABLE

    return Outcome(
        host=host.name,
        is_real=host.is_real,
        kind=change.kind,
        side=change.side.value if change.side else None,
        depth_hu=change.plateau_hu,
        affected=[region in affected[side] for side, region in rows],
        refusal=reading.refusal.code.value if reading.refusal else None,
        called=[status(side, region) is Status.AFFECTED for side, region in rows],
        assessable=[status(side, region) is not Status.NOT_ASSESSABLE for side, region in rows],
        probability=[read[side][region].probability if read else None for side, region in rows],
        delta_hu=[read[Side.LEFT][region].delta_hu if read else None for region in REGIONS],
        residual_sd_hu=artefacts.densities.residual_sd_hu if artefacts else None,
        field_sd_hu=artefacts.densities.field_sd_hu if artefacts else None,
        called_side=reading.side.value if reading.side else None,
        side_probability=reading.quality.get("side_probability", {}),
        total=reading.total,
        total_low=reading.total_low,
        total_high=reading.total_high,
        naive_darker_hu=[naive[side][region] if naive else 0.0 for side, region in rows],
        seconds=seconds,
    )


def peak_memory_mb() -> float:
    """Of the whole trial so far, hosts included."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6

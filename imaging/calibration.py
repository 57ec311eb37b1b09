"""Turns side differences into probabilities: each region, the side, and the total with its interval.

Three hypotheses compete: no acute change, change on the left, change on the right. Given the side, the infarct's
extent and a common offset, regions are independent; mixing over those keeps the correlation that makes two middling
regions on one side more convincing than one. All constants with their reasons stand in ``calibration.json``.

It is a first rule, built from priors and from heads without acute change. It has not been calibrated on labelled scans.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.regions import Region, Side

Floats = NDArray[np.float64]

_OFFSET_NODES = np.linspace(-3.0, 3.0, 13)
"""Offsets are summed over these multiples of their SD; far enough out that a shift common to all regions, as a badly
fitted drift leaves it, is not taken for an infarct of the whole territory."""
_DEPTH_NODES = np.linspace(-1.8, 1.8, 9)


@dataclass(frozen=True, eq=False)
class Calibration:
    """The constants of ``calibration.json`` as arrays in the order of ``Region``."""

    version: str
    operating_point: float
    interval_mass: float
    side_prior: Mapping[Side | None, float]
    extent_factors: Floats
    extent_weights: Floats
    prior: Floats
    normal_sd_hu: Floats
    recovery: Floats
    depths_hu: Floats
    depth_weights: Floats
    noise: Mapping[str, float]
    least_coverage: float
    old_infarct_least_ml: float
    old_infarct_least_ratio: float
    old_infarct_exempt: frozenset[Region]


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the side differences say, before anything is called."""

    regions: Mapping[Side, Mapping[Region, float]]
    """Probability of acute change, 0-1. A region without a difference carries what the others imply."""
    sides: Mapping[Side | None, float]
    """Probabilities of change on the left, on the right, and of none (``None``); they sum to 1."""
    totals: Mapping[Side, Floats]
    """Given change on that side or none: probability of each total 0..10 over the measured regions, shape (11,)."""


@cache
def load_calibration() -> Calibration:
    """The calibration that is installed with the package."""
    return parse_calibration(json.loads((files("imaging") / "calibration.json").read_text(encoding="utf-8")))


def parse_calibration(data: Mapping[str, Any]) -> Calibration:
    """Build a calibration from the content of a calibration file. Raises KeyError or ValueError on a bad one."""

    def by_region(key: str) -> Floats:
        return np.array([float(data[key]["values"][region.value]) for region in Region])

    depth_weights = np.exp(-(_DEPTH_NODES**2) / 2)
    return Calibration(
        version=str(data["version"]),
        operating_point=float(data["operating_point"]["probability"]),
        interval_mass=float(data["interval"]["mass"]),
        side_prior={None: data["sides"]["none"], Side.LEFT: data["sides"]["left"], Side.RIGHT: data["sides"]["right"]},
        extent_factors=np.array(data["extent"]["factors"], dtype=float),
        extent_weights=np.array(data["extent"]["weights"], dtype=float),
        prior=by_region("prior"),
        normal_sd_hu=by_region("normal_sd_hu"),
        recovery=by_region("recovery"),
        depths_hu=data["depth_hu"]["median"] * np.exp(data["depth_hu"]["log_sd"] * _DEPTH_NODES),
        depth_weights=depth_weights / depth_weights.sum(),
        noise={key: float(value) for key, value in data["noise"].items() if key != "reason"},
        least_coverage=float(data["regions_seen"]["least_coverage"]),
        old_infarct_least_ml=float(data["old_infarct"]["least_ml"]),
        old_infarct_least_ratio=float(data["old_infarct"]["least_ratio"]),
        old_infarct_exempt=frozenset(Region(name) for name in data["old_infarct"]["exempt"]),
    )


def judge(
    left_minus_right_hu: Mapping[Region, float | None], residual_sd_hu: float, calibration: Calibration
) -> Posterior:
    """Weigh the three hypotheses.

    Parameters
    ----------
    left_minus_right_hu : drift-corrected difference of each region; ``None``: not measured, it says nothing.
    residual_sd_hu : robust SD of mirrored differences outside the regions; NaN counts as the worst allowed.
    """
    measured = np.array([left_minus_right_hu.get(region) is not None for region in Region])
    difference = np.array([left_minus_right_hu.get(region) or 0.0 for region in Region])
    scale = calibration.normal_sd_hu * _noise_factor(residual_sd_hu, calibration)
    # Beyond the deepest darkening that is foreseen, heavy tails would make a still darker region less suspicious.
    deepest = float(calibration.depths_hu[-1]) * calibration.recovery
    offset_weights = np.exp(-(_OFFSET_NODES**2) / 2)
    offset_weights /= offset_weights.sum()
    nodes = []  # (side, weight, region probabilities)
    for side, (extent, extent_weight), (node, offset_weight) in product(
        (None, *Side),
        zip(calibration.extent_factors, calibration.extent_weights, strict=True),
        zip(_OFFSET_NODES, offset_weights, strict=True),
    ):
        value = difference - float(node) * calibration.noise["offset_sd_hu"]
        value = np.clip(value, -deepest, deepest)
        normal = np.where(measured, _student(value, scale, calibration), 1.0)
        if side is None:
            share, evidence = np.zeros(len(Region)), normal
        else:
            prior = np.clip(calibration.prior * extent, 0.01, 0.95)
            shift = -1.0 if side is Side.LEFT else 1.0
            changed = np.where(measured, _affected(value, shift, scale, calibration), 1.0)
            evidence = prior * changed + (1 - prior) * normal
            share = prior * changed / evidence
        log_weight = float(np.log(evidence).sum() + np.log(extent_weight * offset_weight))
        nodes.append((side, log_weight + float(np.log(calibration.side_prior[side])), share))
    return _mixed(nodes, measured)


def _noise_factor(residual_sd_hu: float, calibration: Calibration) -> float:
    noise = calibration.noise
    if np.isnan(residual_sd_hu):
        return noise["most_factor"]
    factor = residual_sd_hu / noise["reference_residual_sd_hu"]
    return float(np.clip(factor, noise["least_factor"], noise["most_factor"]))


def _student(value: Floats, scale: Floats, calibration: Calibration) -> Floats:
    """Student t density up to a constant that cancels."""
    degrees = calibration.noise["degrees_of_freedom"]
    return np.asarray((1 + (value / scale) ** 2 / degrees) ** (-(degrees + 1) / 2) / scale)


def _affected(value: Floats, shift: float, scale: Floats, calibration: Calibration) -> Floats:
    """The same density, moved by every plausible darkening and averaged."""
    density = np.zeros_like(value)
    for depth, weight in zip(calibration.depths_hu, calibration.depth_weights, strict=True):
        density += weight * _student(value - shift * depth * calibration.recovery, scale, calibration)
    return density


def _mixed(nodes: list[tuple[Side | None, float, Floats]], measured: NDArray[np.bool_]) -> Posterior:
    log_weights = np.array([weight for _, weight, _ in nodes])
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    sides: dict[Side | None, float] = {None: 0.0, Side.LEFT: 0.0, Side.RIGHT: 0.0}
    shares = {side: np.zeros(len(Region)) for side in Side}
    totals = {side: np.zeros(len(Region) + 1) for side in Side}
    for (side, _, share), weight in zip(nodes, weights, strict=True):
        sides[side] += float(weight)
        distribution = _total_distribution(share[measured]) * weight
        for seen in Side:
            if side in (None, seen):
                totals[seen] += distribution
        if side is not None:
            shares[side] += share * weight
    return Posterior(
        regions={side: dict(zip(Region, map(float, shares[side]), strict=True)) for side in Side},
        sides=sides,
        totals={side: totals[side] / totals[side].sum() for side in Side},
    )


def _total_distribution(share: Floats) -> Floats:
    """Probability of each total 0..10 when regions are affected independently (Poisson binomial), shape (11,)."""
    affected = np.zeros(len(Region) + 1)
    affected[0] = 1.0
    for probability in share:
        affected[1:] = affected[1:] * (1 - probability) + affected[:-1] * probability
        affected[0] *= 1 - probability
    return affected[::-1]


def central_interval(distribution: Floats, mass: float) -> tuple[int, int]:
    """Lowest and highest total that leave at most (1 - mass) / 2 outside on each side."""
    cumulative = np.cumsum(distribution)
    tail = (1 - mass) / 2
    return int(np.searchsorted(cumulative, tail)), int(np.searchsorted(cumulative, 1 - tail))

"""Weighs side differences: probabilities of each region, of the side, and of the total with its interval.

Every set of regions on either side competes with every other and with no change at all. Each set foretells all ten
differences: a region shows most of its own darkening and a little of its neighbours', through smoothing and misplaced
outlines. So a weak difference beside a strong one is explained by the strong one, and two middling regions of one side
convince more than one. Sums run over depth, extent and an offset common to all regions; constants are in
``calibration.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.calibration import Calibration
from scoring.regions import Region, Side

Floats = NDArray[np.float64]

_OFFSET_NODES = np.linspace(-3.0, 3.0, 9)
"""Offsets are summed over these multiples of their SD; far enough out that a shift common to all regions, as a badly
fitted drift leaves it, is not taken for an infarct of the whole territory."""
_SETS = (np.arange(2 ** len(Region))[:, None] >> np.arange(len(Region))) & 1
"""Shape (1024, 10): every set of affected regions of one side; the first is empty."""


@dataclass(frozen=True, eq=False)
class Posterior:
    """What the side differences say, before anything is called."""

    regions: Mapping[Side, Mapping[Region, float]]
    """Probability of acute change, 0-1. A region without a difference carries what the others imply."""
    sides: Mapping[Side | None, float]
    """Probabilities of change on the left, on the right, and of none (``None``); they sum to 1."""
    totals: Mapping[Side, Floats]
    """Given change on that side or none: probability of each total 0..10 over the measured regions, shape (11,)."""


def judge(
    left_minus_right_hu: Mapping[Region, float | None], residual_sd_hu: float, calibration: Calibration
) -> Posterior:
    """Weigh every set of regions of both sides.

    Parameters
    ----------
    left_minus_right_hu : drift-corrected difference of each region; ``None``: not measured, it says nothing.
    residual_sd_hu : robust SD of mirrored differences outside the regions; NaN counts as the worst allowed.
    """
    measured = np.array([left_minus_right_hu.get(region) is not None for region in Region])
    difference = np.array([left_minus_right_hu.get(region) or 0.0 for region in Region])
    scale = calibration.normal_sd_hu * _noise_factor(residual_sd_hu, calibration)
    none = _likelihood(difference, measured, np.zeros((1, len(Region))), scale, calibration)[0]
    prior = _set_prior(calibration)
    log_weights = {
        side: np.log(prior * calibration.side_prior[side]) + _evidence(sign * difference, measured, scale, calibration)
        for side, sign in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0))
    }
    log_none = float(np.log(calibration.side_prior[None])) + float(none)
    top = max(log_none, *(float(weight.max()) for weight in log_weights.values()))
    weights = {side: np.exp(weight - top) for side, weight in log_weights.items()}
    return _normalised(weights, float(np.exp(log_none - top)), measured)


def _normalised(weights: Mapping[Side, Floats], none: float, measured: NDArray[np.bool_]) -> Posterior:
    everything = none + sum(float(weight.sum()) for weight in weights.values())
    affected = (_SETS * measured).sum(axis=1)
    totals = {}
    for side, weight in weights.items():
        counted = np.bincount(affected, weights=weight, minlength=len(Region) + 1)[: len(Region) + 1]
        counted[0] += none
        totals[side] = counted[::-1] / counted.sum()
    sides: dict[Side | None, float] = {side: float(weight.sum()) / everything for side, weight in weights.items()}
    return Posterior(
        regions={
            side: dict(zip(Region, (weight @ _SETS / everything).tolist(), strict=True))
            for side, weight in weights.items()
        },
        sides={None: none / everything, **sides},
        totals=totals,
    )


def _set_prior(calibration: Calibration) -> Floats:
    """Probability of each set, given that its side is affected, shape (1024,)."""
    share = np.clip(calibration.extent_factors[:, None] * calibration.prior, 0.01, 0.95)
    given_extent = np.prod(np.where(_SETS[:, None, :] == 1, share, 1 - share), axis=2)
    return np.asarray(given_extent @ (calibration.extent_weights / calibration.extent_weights.sum()))


def _evidence(left_hu: Floats, measured: NDArray[np.bool_], scale: Floats, calibration: Calibration) -> Floats:
    """Log likelihood of each set, averaged over depths, shape (1024,). ``left_hu``: this side minus the other."""
    shown = _SETS @ calibration.response.T  # (1024, 10): HU shown for each HU of darkening
    deepest = float(calibration.depths_hu[-1])
    # Beyond the deepest darkening that is foreseen, heavy tails would make a still darker region less suspicious.
    limit = deepest * np.diag(calibration.response)
    clipped = np.clip(left_hu, -limit, limit)
    by_depth = [
        _likelihood(clipped, measured, -depth * shown, scale, calibration) + np.log(weight)
        for depth, weight in zip(calibration.depths_hu, calibration.depth_weights, strict=True)
    ]
    return np.asarray(np.logaddexp.reduce(by_depth, axis=0))


def _likelihood(
    value: Floats, measured: NDArray[np.bool_], expected: Floats, scale: Floats, calibration: Calibration
) -> Floats:
    """Log density of the differences given the expected ones (n, 10), averaged over the common offset, shape (n,)."""
    degrees = calibration.noise["degrees_of_freedom"]
    spread = np.hypot(scale, calibration.noise["response_scatter"] * expected)
    weights = np.exp(-(_OFFSET_NODES**2) / 2)
    constant = -np.log(spread) @ measured
    by_offset = []
    for node, weight in zip(_OFFSET_NODES, weights / weights.sum(), strict=True):
        off = (value - node * calibration.noise["offset_sd_hu"] - expected) / spread
        by_offset.append(-(degrees + 1) / 2 * (np.log1p(off**2 / degrees) @ measured) + np.log(weight))
    return np.asarray(np.logaddexp.reduce(by_offset, axis=0) + constant)


def _noise_factor(residual_sd_hu: float, calibration: Calibration) -> float:
    noise = calibration.noise
    if np.isnan(residual_sd_hu):
        return noise["most_factor"]
    factor = residual_sd_hu / noise["reference_residual_sd_hu"]
    return float(np.clip(factor, noise["least_factor"], noise["most_factor"]))


def central_interval(distribution: Floats, mass: float) -> tuple[int, int]:
    """Lowest and highest total that leave at most (1 - mass) / 2 outside on each side."""
    cumulative = np.cumsum(distribution)
    tail = (1 - mass) / 2
    return int(np.searchsorted(cumulative, tail)), int(np.searchsorted(cumulative, 1 - tail))

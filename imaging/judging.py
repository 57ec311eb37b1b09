"""Weighs side differences: probabilities of each region, of the side, and of the total with its interval.

Every set of regions on either side competes with every other and with no change at all. Each set foretells all ten
differences: a region shows about half of its own darkening and a little of its neighbours', through part coverage,
smoothing and misplaced outlines. So a weak difference beside a strong one is explained by the strong one, and two
middling regions of one side convince more than one. What the drift correction leaves, and what brains differ by from
side to side, is common to regions that lie together, and so is no evidence for each of them anew. Sets that one
occlusion takes together are likelier beforehand. Sums run over depth; constants are in ``calibration.json``.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imaging.calibration import Calibration
from scoring.regions import Region, Side

Floats = NDArray[np.float64]

_SETS = ((np.arange(2 ** len(Region))[:, None] >> np.arange(len(Region))) & 1).astype(float)
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
    total: Floats
    """Probability of each total 0..10 over the measured regions, whichever the side, shape (11,)."""


def judge(
    left_minus_right_hu: Mapping[Region, float | None],
    residual_sd_hu: float,
    calibration: Calibration,
    field_sd_hu: float = float("nan"),
) -> Posterior:
    """Weigh every set of regions of both sides.

    Parameters
    ----------
    left_minus_right_hu : drift-corrected difference of each region; ``None``: not measured, it says nothing.
    residual_sd_hu : robust SD of mirrored differences outside the regions; NaN counts as the worst allowed.
    field_sd_hu : the same of medians over cells as large as a region; NaN: not known, the other says it alone.
    """
    measured = np.array([left_minus_right_hu.get(region) is not None for region in Region])
    difference = np.array([left_minus_right_hu.get(region) or 0.0 for region in Region])[measured]
    foretold = _Foretold.of(measured, noise_factor(residual_sd_hu, calibration, field_sd_hu), calibration)
    prior = set_prior(calibration)
    log_none = float(np.log(calibration.side_prior[None]) + foretold.log_density_of_none(difference))
    log_weights = {
        side: np.log(prior * calibration.side_prior[side]) + foretold.log_density_of_sets(sign * difference)
        for side, sign in ((Side.LEFT, 1.0), (Side.RIGHT, -1.0))
    }
    top = max(log_none, *(float(weight.max()) for weight in log_weights.values()))
    weights = {side: np.exp(weight - top) for side, weight in log_weights.items()}
    return _normalised(weights, float(np.exp(log_none - top)), measured)


def _normalised(weights: Mapping[Side, Floats], none: float, measured: NDArray[np.bool_]) -> Posterior:
    everything = none + sum(float(weight.sum()) for weight in weights.values())
    sides: dict[Side | None, float] = {side: float(weight.sum()) / everything for side, weight in weights.items()}
    return Posterior(
        regions={
            side: dict(zip(Region, (weight @ _SETS / everything).tolist(), strict=True))
            for side, weight in weights.items()
        },
        sides={None: none / everything, **sides},
        totals={side: _totals(weight, none, measured) for side, weight in weights.items()},
        total=_totals(sum(weights.values(), np.zeros(len(_SETS))), none, measured),
    )


def _totals(weight: Floats, none: float, measured: NDArray[np.bool_]) -> Floats:
    """Probabilities of the totals 0..10 from the weights of the sets and of no change."""
    lost = (_SETS * measured).sum(axis=1).astype(int)
    counted = np.bincount(lost, weights=weight, minlength=len(Region) + 1)
    counted[0] += none
    return np.asarray(counted[::-1] / counted.sum())


def set_prior(calibration: Calibration) -> Floats:
    """Probability of each set, given that its side is affected, shape (1024,)."""
    extents = calibration.extent_weights / calibration.extent_weights.sum()
    independent = _chance(np.clip(calibration.extent_factors[:, None] * calibration.prior, 0.01, 0.95)) @ extents
    by_territory = _chance(calibration.territory_shares) @ calibration.territory_weights
    share = calibration.independent_share
    return np.asarray(share * independent + (1 - share) * by_territory)


def _chance(shares: Floats) -> Floats:
    """Probability of each set where each row's regions are taken with these chances, shape (1024, rows)."""
    return np.asarray(np.prod(np.where(_SETS[:, None, :] == 1, shares, 1 - shares), axis=2))


@dataclass(frozen=True, eq=False)
class _Foretold:
    """What each set of regions lets expect of the measured differences, for each depth; n regions are measured."""

    mean: Floats
    """Shape (1024, depths, n)."""
    factor: Floats
    """Shape (1024, depths, n, n): lower Cholesky factors of the covariances."""
    none: Floats
    """Shape (n, n): the factor without any change."""
    log_depths: Floats
    limit: Floats
    """Shape (n,): what the deepest infarct of the region and all its neighbours shows. Differences are clipped here, so
    that a region darker than foreseen is no less suspicious."""
    degrees: float

    @classmethod
    def of(cls, measured: NDArray[np.bool_], factor: float, calibration: Calibration) -> "_Foretold":
        """Put together the expectations for the regions that were measured."""
        sets, response, depths = _SETS[:, measured], calibration.response, calibration.depths_hu
        shown = (_SETS @ response.T)[:, measured]
        beside = (_SETS @ (response - np.diag(np.diag(response)) > 0).T.astype(float))[:, measured] * (1 - sets)
        apart = calibration.own_scatter**2 * sets + calibration.leak_scatter**2 * beside
        base = np.diag(calibration.normal_sd_hu[measured] ** 2)
        base = factor**2 * (base + calibration.common_covariance[np.ix_(measured, measured)])
        covariance = base + (depths[:, None] ** 2 * apart[:, None, :])[..., None] * np.eye(int(measured.sum()))
        return cls(
            mean=-depths[:, None] * shown[:, None, :],
            factor=np.linalg.cholesky(covariance),
            none=np.asarray(np.linalg.cholesky(base), dtype=np.float64),
            log_depths=np.log(calibration.depth_weights),
            limit=float(depths[-1]) * response.sum(axis=1)[measured],
            degrees=calibration.degrees_of_freedom,
        )

    def log_density_of_none(self, difference: Floats) -> float:
        """Of the differences if nothing is wrong."""
        return float(self._log_density(difference, self.none))

    def log_density_of_sets(self, difference: Floats) -> Floats:
        """Of the differences given each set, averaged over depths, shape (1024,)."""
        clipped = np.clip(difference, -self.limit, self.limit)
        by_depth = self._log_density(clipped - self.mean, self.factor) + self.log_depths
        return np.asarray(np.logaddexp.reduce(by_depth, axis=1))

    def _log_density(self, off: Floats, factor: Floats) -> Floats:
        """Multivariate t, up to a constant that all hypotheses share."""
        standard = np.linalg.solve(factor, off[..., None])[..., 0]
        size = np.log(np.diagonal(factor, axis1=-2, axis2=-1)).sum(axis=-1)
        power = (self.degrees + off.shape[-1]) / 2
        return np.asarray(-size - power * np.log1p((standard**2).sum(axis=-1) / self.degrees))


def noise_factor(residual_sd_hu: float, calibration: Calibration, field_sd_hu: float = float("nan")) -> float:
    """How much wider differences spread on this scan than on the reference one, by both scales of what lies outside."""
    noise = calibration.noise
    if np.isnan(residual_sd_hu):
        return noise["most_factor"]
    factor = residual_sd_hu / noise["reference_residual_sd_hu"]
    if not np.isnan(field_sd_hu):
        field = field_sd_hu / noise["reference_field_sd_hu"]
        factor = factor ** (1 - noise["field_share"]) * field ** noise["field_share"]
    return float(np.clip(factor, noise["least_factor"], noise["most_factor"]))


def central_interval(distribution: Floats, mass: float) -> tuple[int, int]:
    """Lowest and highest total that leave at most (1 - mass) / 2 outside on each side."""
    cumulative = np.cumsum(distribution)
    tail = (1 - mass) / 2
    return int(np.searchsorted(cumulative, tail)), int(np.searchsorted(cumulative, 1 - tail))

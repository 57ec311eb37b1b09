"""Probabilities against the truth: area under the ROC curve, Brier score, calibration.

Sources: DeLong, DeLong and Clarke-Pearson 1988 (variance of the area), Sun and Xu 2014 (by ranks), Brier 1950,
Naeini, Cooper and Hauskrecht 2015 (expected calibration error).
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, rankdata

Values = NDArray[np.float64]
Truth = NDArray[np.int64]

BINS = 10
"""Bins of equal width in which predicted and observed shares are compared."""
_NORMAL_95 = 1.959963984540054


class Area(NamedTuple):
    """Area under the ROC curve with DeLong's interval; NaN where truth is all of one kind or nothing varies."""

    auc: float
    variance: float
    low: float
    high: float


class Bin(NamedTuple):
    """One point of the calibration curve."""

    low: float
    high: float
    cases: int
    predicted: float
    observed: float
    ci_low: float
    ci_high: float


def delong(probabilities: Values, truth: Truth) -> Area:
    """Area under the ROC curve by mid-ranks, its variance, and a 95 % interval within 0 to 1.

    The interval takes cases for independent. A variance of zero (perfect separation) gives no interval.
    """
    positive, negative = probabilities[truth == 1], probabilities[truth == 0]
    m, n = len(positive), len(negative)
    if not m or not n:
        return Area(*(float("nan"),) * 4)
    ranks = rankdata(np.concatenate([positive, negative]))
    of_positive = (ranks[:m] - rankdata(positive)) / n
    of_negative = 1 - (ranks[m:] - rankdata(negative)) / m
    auc = float(of_positive.mean())
    if min(m, n) == 1:
        return Area(auc, *(float("nan"),) * 3)
    variance = float(of_positive.var(ddof=1) / m + of_negative.var(ddof=1) / n)
    if variance <= 0:
        return Area(auc, variance, float("nan"), float("nan"))
    half = _NORMAL_95 * variance**0.5
    return Area(auc, variance, max(0.0, auc - half), min(1.0, auc + half))


def weighted_auc(probabilities: Values, truth: Truth, weights: Values) -> Values:
    """Area under the ROC curve of resamples; ``weights`` has shape (resamples, cases)."""
    order = np.argsort(probabilities, kind="stable")
    starts = np.flatnonzero(np.r_[True, np.diff(probabilities[order]) > 0])
    sorted_weights, sorted_truth = weights[:, order], truth[order]
    positive = np.add.reduceat(sorted_weights * sorted_truth, starts, axis=1)
    negative = np.add.reduceat(sorted_weights * (1 - sorted_truth), starts, axis=1)
    below = np.cumsum(negative, axis=1) - negative / 2
    pairs = positive.sum(1) * negative.sum(1)
    return np.where(pairs > 0, (positive * below).sum(1) / np.where(pairs > 0, pairs, 1), np.nan)


def roc_curve(probabilities: Values, truth: Truth) -> tuple[Values, Values]:
    """False-positive and true-positive rates at every threshold, from (0, 0) to (1, 1)."""
    order = np.argsort(-probabilities, kind="stable")
    last = np.r_[np.diff(probabilities[order]) != 0, True]
    hits, alarms = np.cumsum(truth[order])[last], np.cumsum(1 - truth[order])[last]
    return np.r_[0, alarms / max(1, alarms[-1])], np.r_[0, hits / max(1, hits[-1])]


def calibration_statistics(probabilities: Values, truth: Truth, weights: Values | None = None) -> dict[str, Values]:
    """Brier score and expected calibration error over `BINS` bins of equal width, of one sample or of resamples."""
    weights = np.ones((1, len(truth))) if weights is None else weights
    count = weights.sum(1)
    members = np.eye(BINS)[_bin_of(probabilities)]
    gaps = weights @ (members * (truth - probabilities)[:, None])
    return {
        "brier": (weights @ (probabilities - truth) ** 2) / count,
        "ece": np.abs(gaps).sum(1) / count,
    }


def calibration_curve(probabilities: Values, truth: Truth) -> list[Bin]:
    """Mean predicted and observed share with Wilson's interval, for bins that hold a case."""
    which = _bin_of(probabilities)
    points = []
    for number in range(BINS):
        inside = which == number
        cases, events = int(inside.sum()), int(truth[inside].sum())
        if cases:
            share = binomtest(events, cases).proportion_ci(method="wilson")
            edges = (number / BINS, (number + 1) / BINS, cases)
            means = (float(probabilities[inside].mean()), events / cases)
            points.append(Bin(*edges, *means, float(share.low), float(share.high)))
    return points


def _bin_of(probabilities: Values) -> NDArray[np.int64]:
    return np.minimum((probabilities * BINS).astype(np.int64), BINS - 1)

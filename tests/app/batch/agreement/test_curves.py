"""Probabilities against the truth, beside scikit-learn, pauc and a published example."""

import numpy as np
import pauc
import pytest
from numpy.typing import NDArray
from sklearn import metrics

from app.batch.agreement.curves import (
    calibration_curve,
    calibration_statistics,
    delong,
    roc_curve,
    weighted_auc,
)


def reading(seed: int, *, tied: bool) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    draw = np.random.default_rng(seed)
    truth = draw.integers(0, 2, 80)
    likely = 1 / (1 + np.exp(-draw.normal(2 * truth - 1, 1.5)))
    return (np.round(likely, 1) if tied else likely), truth


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_area_and_its_variance_are_those_of_pauc(seed: int, tied: bool) -> None:
    likely, truth = reading(seed, tied=tied)
    found = delong(likely, truth)
    assert found.auc == pytest.approx(metrics.roc_auc_score(truth, likely), abs=1e-12)
    assert found.variance == pytest.approx(pauc.var(pauc.ROC(truth, likely)), abs=1e-9)


def test_area_of_a_published_example() -> None:
    """Ratings of 109 CT images by Hanley and McNeil 1982, Radiology 143:29; Stata's manual of roctab, by DeLong."""
    normal, abnormal = [33, 6, 6, 11, 2], [3, 2, 2, 11, 33]
    likely = np.repeat(np.tile(np.arange(1, 6), 2) / 5, normal + abnormal)
    found = delong(likely, np.repeat([0, 1], [58, 51]))
    assert (round(found.auc, 4), round(found.variance**0.5, 4)) == (0.8932, 0.0307)
    assert (round(found.low, 5), round(found.high, 5)) == (0.83295, 0.95339)


def test_what_has_no_area_has_none() -> None:
    likely = np.array([0.1, 0.4, 0.8])
    assert np.isnan(delong(likely, np.array([1, 1, 1])).auc)
    perfect = delong(np.array([0.1, 0.2, 0.8, 0.9]), np.array([0, 0, 1, 1]))
    assert perfect.auc == 1
    assert np.isnan(perfect.low), "no variance, no interval"


def test_area_of_resamples_is_that_of_weighted_cases() -> None:
    likely, truth = reading(7, tied=True)
    weights = np.random.default_rng(1).multinomial(80, np.full(80, 1 / 80), size=5).astype(float)
    found = weighted_auc(likely, truth, weights)
    for value, weight in zip(found, weights, strict=True):
        assert value == pytest.approx(metrics.roc_auc_score(truth, likely, sample_weight=weight), abs=1e-12)


def test_roc_curve_is_that_of_scikit_learn() -> None:
    likely, truth = reading(2, tied=True)
    rates = metrics.roc_curve(truth, likely, drop_intermediate=False)
    for found, expected in zip(roc_curve(likely, truth), rates, strict=False):
        assert found == pytest.approx(expected, abs=1e-12)


def test_brier_score_is_that_of_scikit_learn() -> None:
    likely, truth = reading(5, tied=False)
    found = calibration_statistics(likely, truth)["brier"][0]
    assert found == pytest.approx(metrics.brier_score_loss(truth, likely), abs=1e-12)


def test_calibration_by_hand() -> None:
    """Two bins: three cases of 0.2, one affected, and a 1.0 that is not: (3 x |1/3 - 0.2| + 1 x |0 - 1|) / 4."""
    likely, truth = np.array([0.2, 0.2, 0.2, 1.0]), np.array([1, 0, 0, 0])
    assert calibration_statistics(likely, truth)["ece"][0] == pytest.approx((3 * abs(1 / 3 - 0.2) + 1) / 4)
    low, high = calibration_curve(likely, truth)
    assert (low.low, low.cases, low.predicted, low.observed) == (0.2, 3, pytest.approx(0.2), pytest.approx(1 / 3))
    assert (high.high, high.cases, high.observed) == (1.0, 1, 0)


def test_a_probability_on_the_edge_of_a_bin_belongs_to_the_upper_bin() -> None:
    """0.3 is a little less than 3/10 in binary, times ten a little less than 3, and still in the bin from 0.3."""
    for tenth in range(1, 10):
        (point,) = calibration_curve(np.array([tenth / 10]), np.array([1]))
        assert point.low == tenth / 10

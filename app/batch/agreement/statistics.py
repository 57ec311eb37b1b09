"""Agreement and accuracy of two readings, each a function of their cross table, so that resampling is cheap.

A cross table counts cases by the score of the first reading (rows) and of the second (columns). Arrays may have leading
axes: one table for each resample. Where a statistic is not defined (no variance, no case) it is NaN.

Libraries have most of these for one table; here each takes all resamples at once. The tests hold them to
the libraries.

Sources: Cohen 1968 (weighted kappa), Gwet 2008 (AC1), Matthews 1975 (MCC), Bland and Altman 1986 (limits of agreement),
Wilson 1927 (interval of a proportion); of the ICC see `app.batch.agreement.intraclass`.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

from app.batch.agreement.intraclass import intraclass_correlations
from app.batch.agreement.resampling import CONFIDENCE, Interval

Tables = NDArray[np.float64]
"""Cross tables, shape (..., k, k)."""
Values = NDArray[np.float64]

_LIMITS_SD = 1.96
"""Standard deviations to either side within which 95 % of normally distributed differences lie."""
_NOTHING = 1e-12


def cross_table(pairs: NDArray[np.int64], size: int) -> Tables:
    """Count pairs of scores from 0 to ``size`` - 1; ``pairs`` has shape (cases, 2)."""
    counts = np.bincount(pairs[:, 0] * size + pairs[:, 1], minlength=size * size)
    return counts.reshape(size, size).astype(np.float64)


def weighted_kappa(tables: Tables) -> Values:
    """Quadratic weighted kappa; of a two by two table plain kappa."""
    size = tables.shape[-1]
    weights = (np.arange(size)[:, None] - np.arange(size)) ** 2
    count = tables.sum((-2, -1))
    expected = tables.sum(-1)[..., :, None] * tables.sum(-2)[..., None, :]
    return 1 - _ratio((weights * tables).sum((-2, -1)) * count, (weights * expected).sum((-2, -1)))


def intraclass_correlation(tables: Tables) -> dict[str, Values]:
    """ICC(A,1) and ICC(C,1) of two readers; needs two cases or more."""
    cells = np.indices(tables.shape[-2:]).reshape(2, -1).T.astype(np.float64)
    return intraclass_correlations(cells, tables.reshape(*tables.shape[:-2], -1))


def differences(tables: Tables) -> dict[str, Values]:
    """Bland-Altman: mean of first minus second, standard deviation, limits within which 95 % should lie."""
    size = tables.shape[-1]
    gap = np.arange(size)[:, None] - np.arange(size)[None, :]
    bias = _mean(tables, gap)
    squares = (tables * (gap - bias[..., None, None]) ** 2).sum((-2, -1))
    sd = np.sqrt(_ratio(squares, tables.sum((-2, -1)) - 1))
    return {"bias": bias, "sd": sd, "lower_limit": bias - _LIMITS_SD * sd, "upper_limit": bias + _LIMITS_SD * sd}


def agreement_within(tables: Tables, points: int) -> Values:
    """Share of cases whose scores differ by at most so many points."""
    size = tables.shape[-1]
    near = np.abs(np.arange(size)[:, None] - np.arange(size)) <= points
    return _ratio((tables * near).sum((-2, -1)), tables.sum((-2, -1)))


def gwet_ac1(tables: Tables) -> Values:
    """Gwet's AC1 of two by two tables; unlike kappa it does not fall apart where a finding is rare."""
    positive = (tables.sum(-1) + tables.sum(-2))[..., 1] / 2
    share = _ratio(positive, tables.sum((-2, -1)))
    chance = 2 * share * (1 - share)
    return _ratio(agreement_within(tables, 0) - chance, 1 - chance)


def matthews_correlation(tables: Tables) -> Values:
    """Matthews' correlation coefficient of two by two tables (Matthews 1975)."""
    product = tables[..., 1, 1] * tables[..., 0, 0] - tables[..., 0, 1] * tables[..., 1, 0]
    return _ratio(product, np.sqrt(tables.sum(-1).prod(-1) * tables.sum(-2).prod(-1)))


def total_statistics(tables: Tables) -> dict[str, Values]:
    """Everything that is said of two totals."""
    return {
        "weighted_kappa": weighted_kappa(tables),
        **intraclass_correlation(tables),
        **differences(tables),
        "exact_agreement": agreement_within(tables, 0),
        "within_one": agreement_within(tables, 1),
    }


def binary_statistics(tables: Tables) -> dict[str, Values]:
    """Chance-corrected agreement of two yes-or-no readings."""
    return {
        "agreement": agreement_within(tables, 0),
        "kappa": weighted_kappa(tables),
        "gwet_ac1": gwet_ac1(tables),
        "mcc": matthews_correlation(tables),
    }


def accuracy(tables: Tables) -> dict[str, Values]:
    """Sensitivity and specificity of a reading (rows) against the truth (columns)."""
    return {
        "sensitivity": _ratio(tables[..., 1, 1], tables[..., :, 1].sum(-1)),
        "specificity": _ratio(tables[..., 0, 0], tables[..., :, 0].sum(-1)),
    }


def wilson_interval(part: int, of: int) -> Interval:
    """95 % interval of a proportion of independent cases; NaN where there are none."""
    if of == 0:
        return float("nan"), float("nan")
    interval = binomtest(part, of).proportion_ci(CONFIDENCE, method="wilson")
    return float(interval.low), float(interval.high)


def _mean(tables: Tables, values: NDArray[np.int64]) -> Values:
    return _ratio((tables * values).sum((-2, -1)), tables.sum((-2, -1)))


def _ratio(above: Values, below: Values) -> Values:
    """A quotient; NaN where the divisor is zero or less, or lost in rounding."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    usable = below > _NOTHING
    return np.where(usable, above / np.where(usable, below, 1), np.nan)

"""Agreement and accuracy of two readings, each a function of their cross table, so that resampling is cheap.

A cross table counts cases by the score of the first reading (rows) and of the second (columns). Arrays may have leading
axes: one table for each resample. Where a statistic is not defined (no variance, no case) it is NaN.

Sources: McGraw and Wong 1996 (ICC(A,1) and ICC(C,1), two-way model, single measurement), Cohen 1968 (weighted kappa),
Gwet 2008 (AC1), Bland and Altman 1986 (limits of agreement), Wilson 1927 (interval of a proportion).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest

Tables = NDArray[np.float64]
"""Cross tables, shape (..., k, k)."""
Values = NDArray[np.float64]
Interval = tuple[float, float]

_LIMITS_SD = 1.96
"""Standard deviations to either side within which 95 % of normally distributed differences lie."""
_CONFIDENCE = 0.95
_NOTHING = 1e-12
_CELLS_AT_ONCE = 20_000_000


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
    """ICC(A,1), absolute agreement, and ICC(C,1), consistency, by analysis of variance; needs two cases or more."""
    size = tables.shape[-1]
    first, second = np.arange(size)[:, None], np.arange(size)[None, :]
    count = tables.sum((-2, -1))
    first_mean, second_mean = _mean(tables, first), _mean(tables, second)
    mean = (first_mean + second_mean) / 2
    between = mean[..., None, None]
    ss_rows = 2 * (tables * ((first + second) / 2 - between) ** 2).sum((-2, -1))
    ss_columns = count * ((first_mean - mean) ** 2 + (second_mean - mean) ** 2)
    ss_total = (tables * ((first - between) ** 2 + (second - between) ** 2)).sum((-2, -1))
    rows = _ratio(ss_rows, count - 1)
    error = _ratio(ss_total - ss_rows - ss_columns, count - 1)
    return {
        "icc_a1": _ratio(rows - error, rows + error + 2 * _ratio(ss_columns - error, count)),
        "icc_c1": _ratio(rows - error, rows + error),
    }


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


def sensitivity_and_specificity(table: Tables) -> dict[str, tuple[float, float, float]]:
    """Of a reading (rows) against the truth (columns): estimate, Wilson interval; NaN where no case is of the kind."""
    hits, positives = int(table[1, 1]), int(table[:, 1].sum())
    rejections, negatives = int(table[0, 0]), int(table[:, 0].sum())
    return {"sensitivity": _proportion(hits, positives), "specificity": _proportion(rejections, negatives)}


def bootstrap(pairs: NDArray[np.int64], patients: NDArray[np.int64], size: int, resamples: int, seed: int) -> Tables:
    """Cross tables of resampled patients, all cases of a patient together.

    Parameters
    ----------
    pairs
        Scores of both readings, shape (cases, 2).
    patients
        Number of the patient of each case, from 0 without gaps.
    size, resamples, seed
        Number of scores, of resamples, and where the random numbers start.
    """
    draw = np.random.default_rng(seed)
    cells = pairs[:, 0] * size + pairs[:, 1]
    count = int(patients.max()) + 1
    if count == len(cells):  # one case a patient: drawing cases is drawing cells by their shares
        shares = np.bincount(cells, minlength=size * size) / len(cells)
        return draw.multinomial(count, shares, size=resamples).reshape(resamples, size, size).astype(np.float64)
    by_patient = np.zeros((count, size * size))
    np.add.at(by_patient, (patients, cells), 1)
    at_once = max(1, _CELLS_AT_ONCE // count)
    drawn = [
        draw.multinomial(count, np.full(count, 1 / count), size=min(at_once, resamples - done)) @ by_patient
        for done in range(0, resamples, at_once)
    ]
    return np.concatenate(drawn).reshape(resamples, size, size)


def percentile_intervals(
    statistics: Callable[[Tables], Mapping[str, Values]], resampled: Tables
) -> dict[str, Interval]:
    """95 % percentile intervals; NaN where a statistic is defined in too few resamples to speak of one."""
    outside = 100 * (1 - _CONFIDENCE) / 2
    intervals = {}
    for name, values in statistics(resampled).items():
        defined = values[~np.isnan(values)]
        enough = len(defined) >= _CONFIDENCE * len(values)
        low, high = np.percentile(defined, [outside, 100 - outside]) if enough else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    return intervals


def _proportion(part: int, of: int) -> tuple[float, float, float]:
    if of == 0:
        return (float("nan"),) * 3
    interval = binomtest(part, of).proportion_ci(_CONFIDENCE, method="wilson")
    return part / of, float(interval.low), float(interval.high)


def _mean(tables: Tables, values: NDArray[np.int64]) -> Values:
    return _ratio((tables * values).sum((-2, -1)), tables.sum((-2, -1)))


def _ratio(above: Values, below: Values) -> Values:
    """A quotient; NaN where the divisor is zero or less, or lost in rounding."""
    above, below = np.asarray(above, dtype=np.float64), np.asarray(below, dtype=np.float64)
    usable = below > _NOTHING
    return np.where(usable, above / np.where(usable, below, 1), np.nan)

"""Agreement of any number of readers at once: ICC of complete ratings, by analysis of variance with patients' weights.

Sources: Shrout and Fleiss 1979, ICC(2,1) and ICC(3,1); McGraw and Wong 1996 call them ICC(A,1) and ICC(C,1).
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_NOTHING = 1e-12


def intraclass_correlations(scores: Values, weights: Values | None = None) -> dict[str, Values]:
    """ICC(A,1), absolute agreement, and ICC(C,1), consistency; NaN where the scores do not define them.

    Parameters
    ----------
    scores
        A row a case, a column a reader, no gaps; shape (cases, readers).
    weights
        How often each case counts, shape (..., cases); ``None``: once.
    """
    cases, readers = scores.shape
    weights = np.ones(cases) if weights is None else weights
    centred = scores - scores.mean()  # keeps the sums of squares exact
    count = weights.sum(-1)
    by_case = centred.mean(1)
    by_reader = (weights @ centred) / count[..., None]
    grand = by_reader.mean(-1)
    ss_cases = readers * (weights @ by_case**2 - count * grand**2)
    ss_readers = count * ((by_reader - grand[..., None]) ** 2).sum(-1)
    ss_total = weights @ (centred**2).sum(1) - readers * count * grand**2
    ms_cases = ss_cases / np.maximum(count - 1, _NOTHING)
    ms_readers = ss_readers / (readers - 1)
    ms_error = (ss_total - ss_cases - ss_readers) / np.maximum((count - 1) * (readers - 1), _NOTHING)
    consistent = ms_cases + (readers - 1) * ms_error
    absolute = consistent + readers * (ms_readers - ms_error) / count
    return {
        "icc_a1": _ratio(ms_cases - ms_error, absolute, count),
        "icc_c1": _ratio(ms_cases - ms_error, consistent, count),
    }


def patient_weights(patients: NDArray[np.int64], resamples: int, seed: int) -> Values:
    """How often each case counts in each resample of whole patients, shape (resamples, cases)."""
    draw = np.random.default_rng(seed)
    count = int(patients.max()) + 1
    return draw.multinomial(count, np.full(count, 1 / count), size=resamples)[:, patients].astype(np.float64)


def intervals_of(estimates: Mapping[str, Values]) -> dict[str, tuple[float, float]]:
    """95 % percentile intervals of resampled estimates; NaN where fewer than 95 % of the resamples define one."""
    found = {}
    for name, values in estimates.items():
        defined = values[~np.isnan(values)]
        enough = len(defined) >= 0.95 * len(values)
        low, high = np.percentile(defined, [2.5, 97.5]) if enough else (np.nan, np.nan)
        found[name] = (float(low), float(high))
    return found


def _ratio(above: Values, below: Values, count: Values) -> Values:
    usable = (below > _NOTHING) & (count > 1)
    return np.where(usable, above / np.where(usable, below, 1), np.nan)

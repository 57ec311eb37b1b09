"""Intraclass correlation of two readers or more, by analysis of variance in which every case has a weight.

Sources: Shrout and Fleiss 1979, ICC(2,1) and ICC(3,1); McGraw and Wong 1996 call them ICC(A,1) and ICC(C,1).
"""

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


def _ratio(above: Values, below: Values, count: Values) -> Values:
    usable = (below > _NOTHING) & (count > 1)
    return np.where(usable, above / np.where(usable, below, 1), np.nan)

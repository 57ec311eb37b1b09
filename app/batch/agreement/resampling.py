"""Bootstrap of whole patients: all cases of a patient are drawn together, and every interval says how it was drawn."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Values = NDArray[np.float64]
Interval = tuple[float, float]

CONFIDENCE = 0.95
_NUMBERS_AT_ONCE = 20_000_000


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn."""

    resamples: int
    seed: int


def cross_tables(pairs: Numbers, patients: Numbers, size: int, how: Resampling) -> Values:
    """Cross tables of resampled patients, shape (resamples, size, size).

    Parameters
    ----------
    pairs
        Scores of both readings from 0 to ``size`` - 1, shape (cases, 2).
    patients
        Number of the patient of each case, from 0 without gaps.
    size
        Number of different scores.
    how
        Number of resamples, and where the random numbers start.
    """
    cells = pairs[:, 0] * size + pairs[:, 1]
    count = int(patients.max()) + 1
    if count == len(cells):  # one case a patient: drawing cases is drawing cells by their shares
        shares = np.bincount(cells, minlength=size * size) / len(cells)
        drawn = np.random.default_rng(how.seed).multinomial(count, shares, size=how.resamples)
        return drawn.reshape(how.resamples, size, size).astype(np.float64)
    by_patient = np.zeros((count, size * size))
    np.add.at(by_patient, (patients, cells), 1)
    tables = np.concatenate([drawn @ by_patient for drawn in _drawn(count, count, how)])
    return tables.reshape(how.resamples, size, size)


def resampled(
    statistics: Callable[[Values], Mapping[str, Values]], patients: Numbers, how: Resampling
) -> dict[str, Values]:
    """What ``statistics`` gives for the weights of the cases in each resample; they come to it in blocks of resamples.

    ``statistics`` takes weights of shape (resamples, cases) and returns one number a resample under each name.
    """
    count = int(patients.max()) + 1
    blocks = [statistics(drawn[:, patients].astype(np.float64)) for drawn in _drawn(count, len(patients), how)]
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def intervals_of(estimates: Mapping[str, Values]) -> dict[str, Interval]:
    """Percentile intervals; NaN where a statistic is defined in too few resamples to speak of one."""
    outside = 100 * (1 - CONFIDENCE) / 2
    intervals = {}
    for name, values in estimates.items():
        defined = values[~np.isnan(values)]
        enough = len(defined) >= CONFIDENCE * len(values)
        low, high = np.percentile(defined, [outside, 100 - outside]) if enough else (np.nan, np.nan)
        intervals[name] = (float(low), float(high))
    return intervals


def _drawn(patients: int, width: int, how: Resampling) -> Iterator[Numbers]:
    """How often each patient is drawn, some resamples at a time so that ``width`` numbers for each fit into memory."""
    draw = np.random.default_rng(how.seed)
    shares = np.full(patients, 1 / patients)
    at_once = max(1, _NUMBERS_AT_ONCE // width)
    for done in range(0, how.resamples, at_once):
        yield draw.multinomial(patients, shares, size=min(at_once, how.resamples - done))

"""Facts as columns of numbers: NaN and -1 mean not known, never no, zero or normal."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from numpy.typing import NDArray

from scoring.facts import FACTS
from scoring.values import Interval, Known, OneOf

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class FactColumn:
    """One fact in all rows of a chunk: numbers, or indices of choices."""

    name: str
    numbers: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    """Value of a numeric fact; NaN: not known. Of a fact known within bounds the lower one."""
    highs: NDArray[np.float64] | None = None
    """Upper bounds where the fact may be known within bounds only; equal to ``numbers`` where it is known."""
    choices: Sequence[str | bool] = ()
    """What ``indices`` stand for; empty for a numeric fact."""
    indices: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """Index of the choice; -1: not known."""

    @property
    def is_known(self) -> NDArray[np.bool_]:
        """Rows in which something is known."""
        known: NDArray[np.bool_] = self.indices >= 0 if self.choices else ~np.isnan(self.numbers)
        return known

    def value_at(self, row: int) -> Known | None:
        """The value in one row; ``None``: not known."""
        if self.choices:
            index = int(self.indices[row])
            return None if index < 0 else _finer(self.name, self.choices[index])
        low = float(self.numbers[row])
        if np.isnan(low):
            return None
        high = low if self.highs is None else float(self.highs[row])
        return low if low == high else Interval(low, high)


FactColumns = dict[str, FactColumn]
"""Columns by the name of the fact, stated or derived."""


def _finer(name: str, choice: str | bool) -> Known:  # noqa: FBT001 -- a choice may be a flag
    spec = FACTS.get(name)
    finer = spec.coarse.get(str(choice)) if spec is not None else None
    return choice if finer is None else OneOf(finer)


def indices_of(values: pl.Series, choices: Sequence[object]) -> NDArray[np.int64]:
    """Index of each value among the choices; -1: not known."""
    if not choices:
        return np.full(len(values), -1, dtype=np.int64)
    numbered = values.replace_strict(list(choices), list(range(len(choices))), default=None, return_dtype=pl.Int64)
    indices: NDArray[np.int64] = numbered.fill_null(-1).to_numpy()
    return indices

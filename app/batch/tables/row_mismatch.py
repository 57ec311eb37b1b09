"""Perfusion mismatch of many rows: of two volumes as of one patient's, of one alone the bounds that it leaves."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from app.batch.tables.fact_columns import FactColumn, FactColumns, Numbers
from app.batch.tables.row_times import ANY_MOMENT
from scoring.case import Case
from scoring.derived import MISMATCH_FACTS, VOLUME_BOUNDS_ML, assess
from scoring.facts import Facts
from scoring.values import Interval

_CORE, _TMAX = "core_volume_ml", "tmax6_volume_ml"
_ROUNDING = 1e-9
"""Relative distance from a rule's bound within which a quotient or difference of doubles may fall on the wrong side;
their own error is below 1e-12 for volumes up to 2000 ml."""


def put_mismatch(facts: FactColumns, rows: int, edges: Mapping[str, Sequence[float]]) -> None:
    """Put the mismatch beside the volumes; where binary arithmetic could tip a rule, the exact decimal one is asked.

    Parameters
    ----------
    facts
        Columns by the name of the fact; those of the mismatch are added if the table has either volume.
    rows
        Number of rows.
    edges
        Bounds at which rules change their answer, by the name of a derived fact.
    """
    if _CORE not in facts and _TMAX not in facts:
        return
    core, tmax = (facts[name].numbers if name in facts else np.full(rows, np.nan) for name in (_CORE, _TMAX))
    bounds = _bounds(core, tmax)
    close = np.zeros(rows, dtype=np.bool_)
    for name, ends in bounds.items():
        for numbers, edge in product(ends, edges.get(name, ())):
            close |= np.abs(numbers - edge) <= _ROUNDING * max(1.0, abs(edge))
    for row in np.flatnonzero(close).tolist():
        exact = _exact_bounds(float(core[row]), float(tmax[row]))
        for name, (lows, highs) in bounds.items():
            lows[row], highs[row] = exact[name]
    for name, (lows, highs) in bounds.items():
        is_exact = np.array_equal(lows, highs, equal_nan=True)
        facts[name] = FactColumn(name, numbers=lows, highs=None if is_exact else highs)


def _bounds(core: Numbers, tmax: Numbers) -> dict[str, tuple[Numbers, Numbers]]:
    """The least and the most that the mismatch may be in each row; NaN: nothing is known of it."""
    nothing = np.isnan(core) & np.isnan(tmax)
    (least_core, most_core), (least_tmax, most_tmax) = _ends(_CORE, core), _ends(_TMAX, tmax)
    no_ratio = nothing | ((least_core == 0) & (least_tmax == 0))
    volumes = (least_tmax - most_core, most_tmax - least_core)
    ratios = (_ratio(least_tmax, most_core), _ratio(most_tmax, least_core))
    return {
        "mismatch_volume_ml": (_except(nothing, volumes[0]), _except(nothing, volumes[1])),
        "mismatch_ratio": (_except(no_ratio, ratios[0]), _except(no_ratio, ratios[1])),
    }


def _ends(name: str, volumes: Numbers) -> tuple[Numbers, Numbers]:
    """The least and the most that a volume may be in each row."""
    least, most = (float(bound) for bound in VOLUME_BOUNDS_ML[name])
    return np.nan_to_num(volumes, nan=least), np.nan_to_num(volumes, nan=most)


def _ratio(tmax: Numbers, core: Numbers) -> Numbers:
    divided: Numbers = np.divide(tmax, core, out=np.full(core.shape, np.inf), where=core != 0)
    return divided


def _except(rows: NDArray[np.bool_], numbers: Numbers) -> Numbers:
    kept: Numbers = np.where(rows, np.nan, numbers)
    return kept


def _exact_bounds(core: float, tmax: float) -> dict[str, tuple[float, float]]:
    """The same of one row by the code that judges one patient."""
    known = Facts(
        core_volume_ml=None if np.isnan(core) else core,
        tmax6_volume_ml=None if np.isnan(tmax) else tmax,
    )
    values = assess(Case(evaluated_at=ANY_MOMENT, facts=known)).values
    found: dict[str, Any] = {name: values.get(name, np.nan) for name in MISMATCH_FACTS}
    return {name: (v.low, v.high) if isinstance(v, Interval) else (v, v) for name, v in found.items()}

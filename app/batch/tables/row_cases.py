"""From checked columns to what the rules ask for: ages, scores, times and mismatch, with contradictions by row.

Nothing is computed by a second formula. Rows are sorted into the few kinds that differ, and the code that judges one
patient is asked once for each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.tables.cell_reading import ReadColumn
from app.batch.tables.column_map import EVALUATED_AT, REGION_COLUMNS, SIDE
from app.batch.tables.fact_columns import FactColumn, FactColumns, Numbers, indices_of
from app.batch.tables.row_mismatch import put_mismatch
from app.batch.tables.row_times import ANY_MOMENT, moments_of, put_times, windows_of
from scoring.aspects import AspectsScore, Findings, score_aspects
from scoring.case import Case
from scoring.conditions import DAYS_PER_YEAR
from scoring.derived import assess
from scoring.errors import CaseError
from scoring.facts import FACTS, Facts, Kind
from scoring.regions import Region, Status

_STATUSES = tuple(Status)


@dataclass(eq=False)
class RowCases:
    """The rows of a chunk in the terms of the rules."""

    rows: int
    facts: FactColumns
    moments: Sequence[datetime]
    """Distinct moments of evaluation."""
    moment_of_row: NDArray[np.int64]
    aspects: Mapping[str, Numbers]
    """``total``, ``low`` and ``high``; NaN: not known."""
    windows: Sequence[str | None]
    """Names of time windows; ``None``: not known."""
    window_of_row: NDArray[np.intp]
    faults: list[tuple[int, str, str]] = field(default_factory=list)
    """Rows (counted from 0) that contradict themselves: row, target, reason."""


def cases_of(
    columns: Mapping[str, ReadColumn], rows: int, now: datetime, edges: Mapping[str, Sequence[float]]
) -> RowCases:
    """Derive what follows from the columns.

    Parameters
    ----------
    columns
        Checked columns by what they hold.
    rows
        Number of rows.
    now
        Moment of evaluation where a row states none.
    edges
        Bounds at which rules change their answer, by the name of a derived fact.
    """
    faults: list[tuple[int, str, str]] = []
    facts = {name: _fact_column(name, columns[name].values) for name in columns if name in FACTS}
    moments, moment_of_row = moments_of(columns.get(EVALUATED_AT), rows, now)
    _put_age(facts, faults)
    aspects = _put_aspects(columns, facts, rows, faults)
    _check_side(columns, rows, faults)
    put_times(facts, moments, moment_of_row, faults)
    windows, window_of_row = windows_of(facts)
    put_mismatch(facts, rows, edges)
    return RowCases(rows, facts, moments, moment_of_row, aspects, windows, window_of_row, faults)


def _fact_column(name: str, values: pl.Series) -> FactColumn:
    spec = FACTS[name]
    if spec.kind in {Kind.NUMBER, Kind.INTEGER}:
        return FactColumn(name, numbers=_numbers(values))
    if spec.kind is Kind.BOOLEAN:
        return FactColumn(name, choices=(False, True), indices=indices_of(values, (False, True)))
    if spec.kind is Kind.CHOICE:
        return FactColumn(name, choices=spec.choices, indices=indices_of(values, spec.choices))
    texts = values.unique().drop_nulls().to_list()
    return FactColumn(name, choices=texts, indices=indices_of(values, texts))


def _numbers(values: pl.Series) -> Numbers:
    numbers: Numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return numbers


def _put_age(facts: FactColumns, faults: list[tuple[int, str, str]]) -> None:
    days = facts.pop("age_days", None)
    if days is None:
        return
    stated = facts.get("age_years")
    years = days.numbers / DAYS_PER_YEAR
    if stated is not None:
        for row in np.flatnonzero(~np.isnan(stated.numbers) & ~np.isnan(years)).tolist():
            said = Facts(age_years=float(stated.numbers[row]), age_days=int(days.numbers[row]))
            _collect(said, row, faults)
        years = np.where(np.isnan(years), stated.numbers, years)
    facts["age_years"] = FactColumn("age_years", numbers=years)


def _collect(facts: Facts, row: int, faults: list[tuple[int, str, str]]) -> None:
    """Let the code that judges one patient say whether facts contradict one another."""
    try:
        assess(Case(evaluated_at=ANY_MOMENT, facts=facts))
    except CaseError as error:
        faults.append((row, error.loc[-1], error.message))


def _put_aspects(
    columns: Mapping[str, ReadColumn], facts: FactColumns, rows: int, faults: list[tuple[int, str, str]]
) -> dict[str, Numbers]:
    """Scores from region columns, joined with a stated total: they must agree, and then the total is the sharper."""
    stated = facts["aspects_total"].numbers if "aspects_total" in facts else np.full(rows, np.nan)
    regions = [columns[name].values for name in REGION_COLUMNS if name in columns]
    total, low, high = stated.copy(), stated.copy(), stated.copy()
    if regions:
        counts = np.zeros((rows, len(_STATUSES)), dtype=np.int64)
        for values in regions:
            statuses = indices_of(values, _STATUSES)
            for i in range(len(_STATUSES)):
                counts[:, i] += statuses == i
        distinct, inverse = np.unique(counts, axis=0, return_inverse=True)
        scores = [_score(dict(zip(_STATUSES, row, strict=True))) for row in distinct.tolist()]
        bounds = np.array([_bounds(score) for score in scores], dtype=np.float64)[inverse.reshape(-1)]
        outside = (stated < bounds[:, 1]) | (stated > bounds[:, 2])
        reason = f"'{FACTS['aspects_total'].title}' contradicts what was entered region by region."
        faults.extend((row, "aspects_total", reason) for row in np.flatnonzero(outside).tolist())
        is_stated = ~np.isnan(stated)
        total, low, high = (np.where(is_stated, stated, bounds[:, i]) for i in range(3))
    facts["aspects_total"] = FactColumn("aspects_total", numbers=low, highs=high)
    return {"total": total, "low": low, "high": high}


def _score(counts: Mapping[Status, int]) -> AspectsScore | None:
    """The score of any findings with so many regions of each status: it does not depend on which they are."""
    statuses = [status for status, count in counts.items() for _ in range(count)]
    return score_aspects(Findings(regions=dict(zip(Region, statuses, strict=False)))) if statuses else None


def _bounds(score: AspectsScore | None) -> tuple[float, float, float]:
    if score is None:
        return np.nan, np.nan, np.nan
    return np.nan if score.total is None else score.total, score.low, score.high


def _check_side(columns: Mapping[str, ReadColumn], rows: int, faults: list[tuple[int, str, str]]) -> None:
    if SIDE not in columns or "affected_side" not in columns:
        return
    differs = (columns[SIDE].values != columns["affected_side"].values).fill_null(value=False)
    reason = "The side of the findings contradicts 'affected_side'."
    faults.extend((row, SIDE, reason) for row in np.arange(rows)[differs.to_numpy()].tolist())

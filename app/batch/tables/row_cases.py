"""From checked columns to what the rules ask for: ages, scores, times and mismatch, with contradictions by row.

Nothing is computed by a second formula. Rows are sorted into the few kinds that differ, and the code that judges one
patient is asked once for each kind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.tables.cell_reading import ReadColumn, moment
from app.batch.tables.column_map import EVALUATED_AT, REGION_COLUMNS, SIDE
from app.batch.tables.fact_columns import FactColumn, FactColumns
from scoring.aspects import AspectsScore, Findings, score_aspects
from scoring.case import Case
from scoring.conditions import DAYS_PER_YEAR
from scoring.derived import assess
from scoring.errors import CaseError
from scoring.facts import FACTS, Facts, Kind
from scoring.regions import Region, Status
from scoring.timeline import timeline, window_at

TIME_FACTS = tuple(name for name, spec in FACTS.items() if spec.kind is Kind.TIME)
DURATION_FACTS = tuple(name for name in FACTS if name.startswith("minutes_since_"))
_PERFUSION_FACTS = ("core_volume_ml", "tmax6_volume_ml")
_ROUNDING = 1e-9
"""Relative distance from a rule's bound within which a quotient or difference of doubles may fall on the wrong side;
their own error is below 1e-12 for volumes up to 2000 ml."""
_STATUSES = tuple(Status)

Numbers = NDArray[np.float64]


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
    window: pl.Series
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
    moments, moment_of_row = _moments(columns.get(EVALUATED_AT), rows, now)
    _put_age(facts, faults)
    aspects = _put_aspects(columns, facts, rows, faults)
    _check_side(columns, rows, faults)
    _put_times(facts, moments, moment_of_row, faults)
    window = _windows(facts)
    _put_mismatch(facts, rows, edges)
    return RowCases(rows, facts, moments, moment_of_row, aspects, window, faults)


def _fact_column(name: str, values: pl.Series) -> FactColumn:
    spec = FACTS[name]
    if spec.kind in {Kind.NUMBER, Kind.INTEGER}:
        return FactColumn(name, numbers=_numbers(values))
    if spec.kind is Kind.BOOLEAN:
        return FactColumn(name, choices=(False, True), indices=_indices(values, (False, True)))
    if spec.kind is Kind.CHOICE:
        return FactColumn(name, choices=spec.choices, indices=_indices(values, spec.choices))
    texts = values.unique().drop_nulls().to_list()
    return FactColumn(name, choices=texts, indices=_indices(values, texts))


def _numbers(values: pl.Series) -> Numbers:
    numbers: Numbers = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
    return numbers


def _indices(values: pl.Series, choices: Sequence[object]) -> NDArray[np.int64]:
    if not choices:
        return np.full(len(values), -1, dtype=np.int64)
    numbered = values.replace_strict(list(choices), list(range(len(choices))), default=None, return_dtype=pl.Int64)
    indices: NDArray[np.int64] = numbered.fill_null(-1).to_numpy()
    return indices


def _moments(column: ReadColumn | None, rows: int, now: datetime) -> tuple[list[datetime], NDArray[np.int64]]:
    if column is None:
        return [now], np.zeros(rows, dtype=np.int64)
    texts = column.values.unique().drop_nulls().to_list()
    read = [found for text in texts if (found := moment(text)) is not None]
    return [*read, now], _indices(column.values, texts) % (len(texts) + 1)  # -1, not stated, becomes the last: now


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
        assess(Case(evaluated_at=_ANY_MOMENT, facts=facts))
    except CaseError as error:
        faults.append((row, error.loc[-1], error.message))


_ANY_MOMENT = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""For questions in which no time takes part."""


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
            statuses = _indices(values, _STATUSES)
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


def _put_times(
    facts: FactColumns,
    moments: Sequence[datetime],
    moment_of_row: NDArray[np.int64],
    faults: list[tuple[int, str, str]],
) -> None:
    """Durations from times; a row without any time keeps its stated durations."""
    times = {name: facts.pop(name) for name in TIME_FACTS if name in facts}
    stated = {name: facts[name].numbers for name in DURATION_FACTS if name in facts}
    rows = len(moment_of_row)
    minutes = {name: stated[name].copy() if name in stated else np.full(rows, np.nan) for name in DURATION_FACTS}
    timed = np.zeros(rows, dtype=np.bool_)
    for column in times.values():
        timed |= column.indices >= 0
    groups = _rows_alike([moment_of_row, *(t.indices for t in times.values()), *stated.values()], timed)
    _check_stated(minutes["minutes_since_last_known_well"], ~timed, faults)
    for group in groups:
        row = int(group[0])
        said: dict[str, datetime | int | None] = {
            name: moment(str(column.choices[column.indices[row]]))
            for name, column in times.items()
            if column.indices[row] >= 0
        }
        said |= {name: int(values[row]) for name, values in stated.items() if not np.isnan(values[row])}
        try:
            found = timeline(Facts(**said), moments[moment_of_row[row]])  # type: ignore[arg-type]
        except CaseError as error:
            faults.extend((int(one), error.loc[-1], error.message) for one in group)
            continue
        for name in DURATION_FACTS:
            minutes[name][group] = found.minutes.get(name, np.nan)
    for name, values in minutes.items():
        facts[name] = FactColumn(name, numbers=values)


def _check_stated(minutes: Numbers, untimed: NDArray[np.bool_], faults: list[tuple[int, str, str]]) -> None:
    """Rows without any time: a stated duration can only be too long ago."""
    for value in np.unique(minutes[untimed & ~np.isnan(minutes)]).tolist():
        if (error := _refusal(int(value))) is not None:
            rows = np.flatnonzero(untimed & (minutes == value)).tolist()
            faults.extend((row, error.loc[-1], error.message) for row in rows)


@lru_cache(maxsize=65_536)
def _refusal(minutes: int) -> CaseError | None:
    try:
        timeline(Facts(minutes_since_last_known_well=minutes), _ANY_MOMENT)
    except CaseError as error:
        return error
    return None


def _rows_alike(keys: Sequence[NDArray[np.generic]], among: NDArray[np.bool_]) -> list[NDArray[np.int64]]:
    """Rows in groups of equal keys; rows outside ``among`` are left out."""
    at = np.flatnonzero(among)
    if not at.size:
        return []
    frame = pl.DataFrame({str(i): key[at] for i, key in enumerate(keys)} | {"row": at})
    grouped = frame.group_by([str(i) for i in range(len(keys))], maintain_order=True).agg("row")["row"]
    return [rows.to_numpy() for rows in grouped]


def _windows(facts: FactColumns) -> pl.Series:
    minutes = facts["minutes_since_last_known_well"].numbers
    distinct, inverse = np.unique(minutes, return_inverse=True)
    names = [None if np.isnan(value) else window_at(value).name for value in distinct.tolist()]
    return pl.Series(names, dtype=pl.Categorical).gather(inverse)


def _put_mismatch(facts: FactColumns, rows: int, edges: Mapping[str, Sequence[float]]) -> None:
    """Mismatch of the perfusion volumes; where binary arithmetic could tip a rule, the exact decimal one is asked."""
    if not all(name in facts for name in _PERFUSION_FACTS):
        return
    core, tmax = (facts[name].numbers for name in _PERFUSION_FACTS)
    no_ratio = (core == 0) & (tmax == 0)
    ratio = np.divide(tmax, np.where(core == 0, np.nan, core))
    found = {
        "mismatch_volume_ml": tmax - core,
        "mismatch_ratio": np.where((core == 0) & (tmax > 0), np.inf, np.where(no_ratio, np.nan, ratio)),
    }
    close = np.zeros(rows, dtype=np.bool_)
    for name, numbers in found.items():
        for edge in edges.get(name, ()):
            close |= np.abs(numbers - edge) <= _ROUNDING * max(1.0, abs(edge))
    for row in np.flatnonzero(close).tolist():
        volumes = Facts(core_volume_ml=float(core[row]), tmax6_volume_ml=float(tmax[row]))
        values = assess(Case(evaluated_at=_ANY_MOMENT, facts=volumes)).values
        for name, numbers in found.items():
            numbers[row] = values.get(name, np.nan)
    facts.update({name: FactColumn(name, numbers=numbers) for name, numbers in found.items()})

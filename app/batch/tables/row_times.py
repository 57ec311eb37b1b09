"""Times of many rows: durations from times, the windows they fall into, and what contradicts itself."""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.tables.cell_reading import ReadColumn, moment
from app.batch.tables.fact_columns import FactColumn, FactColumns, Numbers, indices_of
from scoring.errors import CaseError
from scoring.facts import FACTS, Facts, Kind
from scoring.timeline import timeline, window_at

TIME_FACTS = tuple(name for name, spec in FACTS.items() if spec.kind is Kind.TIME)
DURATION_FACTS = tuple(name for name in FACTS if name.startswith("minutes_since_"))
ANY_MOMENT = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
"""For questions in which no time takes part."""


def moments_of(column: ReadColumn | None, rows: int, now: datetime) -> tuple[list[datetime], NDArray[np.int64]]:
    if column is None:
        return [now], np.zeros(rows, dtype=np.int64)
    texts = column.values.unique().drop_nulls().to_list()
    read = [found for text in texts if (found := moment(text)) is not None]
    return [*read, now], indices_of(column.values, texts) % (len(texts) + 1)  # -1, not stated, becomes the last: now


def put_times(
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
    for value in _numbered(minutes[untimed])[0].tolist():
        if not np.isnan(value) and (error := _refusal(int(value))) is not None:
            rows = np.flatnonzero(untimed & (minutes == value)).tolist()
            faults.extend((row, error.loc[-1], error.message) for row in rows)


@lru_cache(maxsize=65_536)
def _refusal(minutes: int) -> CaseError | None:
    try:
        timeline(Facts(minutes_since_last_known_well=minutes), ANY_MOMENT)
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


def windows_of(facts: FactColumns) -> tuple[list[str | None], NDArray[np.intp]]:
    """Names of windows, and which of them each row is in."""
    minutes = facts["minutes_since_last_known_well"].numbers
    distinct, which = _numbered(minutes)
    return [None if np.isnan(value) else _window(int(value)) for value in distinct.tolist()], which


@lru_cache(maxsize=65_536)
def _window(minutes: int) -> str:
    return window_at(minutes).name


def _numbered(minutes: Numbers) -> tuple[Numbers, NDArray[np.intp]]:
    """Distinct whole numbers of minutes, NaN among them, and which of them each row has."""
    whole = np.where(np.isnan(minutes), -1, minutes).astype(np.intp) + 1
    distinct = np.flatnonzero(np.bincount(whole))
    place = np.zeros(int(distinct[-1]) + 1 if distinct.size else 1, dtype=np.intp)
    place[distinct] = np.arange(distinct.size)
    return np.where(distinct == 0, np.nan, distinct - 1.0), place.take(whole)

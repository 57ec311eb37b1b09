"""Reads the tables of two readers and pairs their cases."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import polars as pl

from app.batch.agreement.probabilities import PROBABILITY, read_probabilities
from app.batch.faults import Fault, TableUnusable
from app.batch.tables.column_map import REGION_COLUMNS, SIDE, ColumnMap
from app.batch.tables.judge import TableJudge
from app.batch.tables.reading import open_table
from app.triage import rulebook
from scoring.regions import Status

KEY, PATIENT, TOTAL = "key", "patient", "total"
GROUP = "group:"
"""Starts the columns by which cases are grouped."""
_LOOKED_AT = {"aspects_total", SIDE, "affected_side", *REGION_COLUMNS}


@dataclass(frozen=True, eq=False)
class Readings:
    """One reader's table: a row a case with ``key``, ``patient``, ``total``, ``side`` and the regions it has."""

    name: str
    file: str
    frame: pl.DataFrame
    faults: list[Fault]

    @property
    def failed(self) -> int:
        """How many rows were left out."""
        return len({fault.row for fault in self.faults})

    @property
    def regions(self) -> list[str]:
        """Regions of which the table has a column."""
        return [region for region in REGION_COLUMNS if region in self.frame.columns]


@dataclass(frozen=True, slots=True)
class Columns:
    """Names that a caller may choose."""

    key: str
    """Column that names the case in every table."""
    patient: str | None
    """Column that names the patient, where one patient has several cases; ``None``: each case is a patient."""
    column_map: ColumnMap
    groups: tuple[str, ...] = ()
    """Columns by which cases are grouped; any of the tables may hold them."""


def read_readings(path: Path, name: str, columns: Columns, now: datetime) -> Readings:
    """Read a table of totals or region findings. ``now`` only has to be a moment: nothing of time is looked at.

    Raises
    ------
    TableUnusable
        The table cannot be read, has no key, names a case twice, or holds neither totals nor regions.
    """
    table = open_table(path)
    for column in (columns.key, columns.patient):
        if column is not None and column not in table.columns:
            raise TableUnusable(f"{path.name}: no column {column}.")
    sources = [source for source in columns.column_map.resolve(table.columns) if source.target in _LOOKED_AT]
    if not any(source.target not in {SIDE, "affected_side"} for source in sources):
        raise TableUnusable(f"{path.name}: neither aspects_total nor a column of a region.")
    judge = TableJudge(rulebook(), sources, [], now, columns.column_map.not_known)
    frames: list[pl.DataFrame] = []
    faults: list[Fault] = []
    for chunk in table.chunks():
        read = judge.read(chunk.cells, chunk.first_row, chunk.faults)
        kept = {target: values for target, values in read.columns.items() if target in (SIDE, *REGION_COLUMNS)}
        kept[KEY] = chunk.originals[columns.key].cast(pl.String)
        kept[TOTAL] = pl.Series(read.cases.aspects["total"]).fill_nan(None).cast(pl.Int64)
        kept[PATIENT] = chunk.originals[columns.patient or columns.key].cast(pl.String)
        kept |= {
            GROUP + name: chunk.originals[name].cast(pl.String) for name in columns.groups if name in table.columns
        }
        likely = read_probabilities(chunk.originals, chunk.first_row)
        frame = pl.DataFrame(kept | likely.columns)
        frames.append(frame.filter(~pl.Series(read.failed) & frame[KEY].is_not_null() & likely.usable))
        faults += likely.faults
        faults += read.faults
        at = frame[KEY].is_null().arg_true().to_list()
        faults += [Fault(chunk.first_row + i, columns.key, "empty: the case has no name") for i in at]
    joined = pl.concat(frames) if frames else pl.DataFrame(schema={KEY: pl.String, PATIENT: pl.String, TOTAL: pl.Int64})
    if joined[KEY].is_duplicated().any():
        raise TableUnusable(f"{path.name}: a case stands there twice; {columns.key} has to name each case once.")
    return Readings(name, path.name, joined, faults)


@dataclass(frozen=True, eq=False)
class Pair:
    """The cases that two readers share."""

    first: Readings
    second: Readings
    frame: pl.DataFrame
    """Columns of the second reader end with ``_second``."""

    def totals(self) -> pl.DataFrame:
        """Cases in which both gave a total: ``patient``, ``first``, ``second``."""
        return _both(self.frame, TOTAL)

    def region(self, region: str) -> pl.DataFrame:
        """Cases in which both judged a region, on the same side as far as both say: 1 affected, 0 unaffected."""
        frame = self.frame
        if SIDE in frame.columns and f"{SIDE}_second" in frame.columns:
            differs = (pl.col(SIDE) != pl.col(f"{SIDE}_second")).fill_null(value=False)
            frame = frame.filter(~differs)
        both = _both(frame, region)
        return both.with_columns(
            pl.col("first", "second").replace_strict(_SCORED, default=None, return_dtype=pl.Int64)
        ).drop_nulls()

    def probabilities(self, region: str) -> pl.DataFrame:
        """Cases with the first reader's probability and the second's finding: ``patient``, ``first``, ``second``.

        Where the first gives one for each side, it is that of the side which the second names, or else of its own.
        """
        names = [f"{PROBABILITY}{part}{region}" for part in ("", "left_", "right_")]
        one, left, right = (pl.col(name) if name in self.first.frame.columns else pl.lit(None) for name in names)
        sides = [pl.col(side) for side in (f"{SIDE}_second", SIDE) if side in self.frame.columns]
        side = pl.coalesce(sides) if sides else pl.lit(None, dtype=pl.String)
        chosen = pl.coalesce(pl.when(side == "left").then(left).when(side == "right").then(right), one)
        found = pl.col(f"{region}_second" if f"{region}_second" in self.frame.columns else region)
        if region not in self.second.frame.columns:
            return pl.DataFrame(schema={PATIENT: pl.String, "first": pl.Float64, "second": pl.Int64})
        return self.frame.select(
            PATIENT,
            chosen.cast(pl.Float64).alias("first"),
            found.replace_strict(_SCORED, default=None, return_dtype=pl.Int64).alias("second"),
        ).drop_nulls()

    def shared_regions(self) -> list[str]:
        """Regions of which both tables have a column."""
        return [region for region in self.first.regions if region in self.second.regions]


_SCORED = {Status.AFFECTED.value: 1, Status.UNAFFECTED.value: 0}


def _both(frame: pl.DataFrame, column: str) -> pl.DataFrame:
    """Cases for which both readers have a value."""
    chosen = frame.select(PATIENT, pl.col(column).alias("first"), pl.col(f"{column}_second").alias("second"))
    return chosen.drop_nulls()


def pair(first: Readings, second: Readings) -> Pair:
    """Pair cases of the same name."""
    return Pair(first, second, first.frame.join(second.frame, on=KEY, suffix="_second", how="inner").sort(KEY))


def numbered(names: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Number the patients from 0 without gaps."""
    return np.unique(names.to_numpy(), return_inverse=True)[1].astype(np.int64)

"""Subgroups of a comparison: by the values of a column, or by cuts of a column of numbers."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import polars as pl

from app.batch.agreement.comparison import Row, compare_regions, compare_totals
from app.batch.agreement.readings import GROUP, KEY, Pair, Readings
from app.batch.agreement.resampling import Resampling
from app.batch.faults import TableUnusable
from app.batch.tables.column_map import REGION_COLUMNS

NOT_KNOWN = "not known"
MOST_GROUPS = 12


@dataclass(frozen=True, slots=True)
class Grouping:
    """A column, and where its numbers are cut; no cut: each value is a group."""

    column: str
    cuts: tuple[float, ...] = ()


def parse_grouping(text: str) -> Grouping:
    """``vendor``, or ``slice_mm:3,5`` for below 3, 3 to below 5, and 5 or more. Raises TableUnusable."""
    column, _, cuts = text.partition(":")
    try:
        numbers = tuple(float(cut) for cut in cuts.split(",")) if cuts else ()
    except ValueError:
        numbers = ()
    if not column or (":" in text and not numbers) or list(numbers) != sorted(set(numbers)):
        raise TableUnusable(f"--by {text}: a column, or a column with rising cuts such as slice_mm:3,5.")
    return Grouping(column, numbers)


def labels_of(grouping: Grouping, tables: Iterable[Readings]) -> pl.DataFrame:
    """Group of each case that any of the tables names: columns ``key`` and ``group``.

    Raises
    ------
    TableUnusable
        No table has the column, two tables contradict one another, or there are too many values to be groups.
    """
    column = GROUP + grouping.column
    stated = [table.frame.select(KEY, pl.col(column)) for table in tables if column in table.frame.columns]
    if not stated:
        raise TableUnusable(f"--by {grouping.column}: no table has this column.")
    cells = pl.concat(stated).with_columns(pl.col(column).str.strip_chars().replace("", None)).drop_nulls().unique()
    if cells[KEY].is_duplicated().any():
        raise TableUnusable(f"--by {grouping.column}: two tables give a case different values.")
    labels = _cut(cells[column], grouping.cuts) if grouping.cuts else cells[column]
    if labels.n_unique() > MOST_GROUPS:
        raise TableUnusable(
            f"--by {grouping.column}: {labels.n_unique()} values, more than {MOST_GROUPS}; give cuts such as"
            f" {grouping.column}:3,5."
        )
    return pl.DataFrame({KEY: cells[KEY], "group": labels})


def compare_groups(
    pair: Pair, grouping: Grouping, labels: pl.DataFrame, how: Resampling, *, against_truth: bool
) -> list[Row]:
    """All statistics of totals, of all regions together and of the cuts, for each subgroup; ``labels``: `labels_of`."""
    rows: list[Row] = []
    for group, frame in _groups(pair, grouping, labels):
        part = Pair(pair.first, pair.second, frame)
        found = [{"what": "total", **row} for row in compare_totals(part, how)]
        binary = compare_regions(part, how, against_truth=against_truth)
        found += [row for row in binary if row["what"] not in REGION_COLUMNS]  # of one region there are too few cases
        rows += [{"by": grouping.column, "group": group, **row} for row in found]
    return rows


def _groups(pair: Pair, grouping: Grouping, labels: pl.DataFrame) -> Iterator[tuple[str, pl.DataFrame]]:
    group = pair.frame.join(labels, on=KEY, how="left", maintain_order="left")["group"].fill_null(NOT_KNOWN)
    ordered = [_label(grouping.cuts, number) for number in range(len(grouping.cuts) + 1)] if grouping.cuts else []
    for value in sorted(
        group.unique(), key=lambda value: (value == NOT_KNOWN, value not in ordered, _place(ordered, value))
    ):
        yield value, pair.frame.filter(group == value)


def _place(ordered: list[str], value: str) -> tuple[int, str]:
    return (ordered.index(value), "") if value in ordered else (0, value)


def _cut(labels: pl.Series, cuts: tuple[float, ...]) -> pl.Series:
    numbers = labels.cast(pl.Float64, strict=False)
    numbers = pl.select(pl.when(numbers.is_finite()).then(numbers)).to_series()
    which = sum(((numbers >= cut).cast(pl.Int64) for cut in cuts), start=pl.repeat(0, len(labels), eager=True))
    names = {number: _label(cuts, number) for number in range(len(cuts) + 1)}
    return which.replace_strict(names, default=None, return_dtype=pl.String)


def _label(cuts: tuple[float, ...], number: int) -> str:
    if number == 0:
        return f"below {cuts[0]:g}"
    if number == len(cuts):
        return f"{cuts[-1]:g} or more"
    return f"{cuts[number - 1]:g} to below {cuts[number]:g}"

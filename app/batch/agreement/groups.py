"""Subgroups of a comparison: by the values of a column, or by cuts of a column of numbers."""

from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from app.batch.agreement.comparison import Resampling, Row, compare_regions, compare_totals
from app.batch.agreement.readings import GROUP, Pair
from app.batch.faults import TableUnusable

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


def compare_groups(pair: Pair, grouping: Grouping, how: Resampling, *, against_truth: bool) -> list[Row]:
    """All statistics of totals, of all regions together and of the cuts, for each subgroup.

    Raises
    ------
    TableUnusable
        Neither table has the column, or it has too many values to be groups.
    """
    rows: list[Row] = []
    for group, frame in _groups(pair, grouping):
        part = Pair(pair.first, pair.second, frame)
        found = [{"what": "total", **row} for row in compare_totals(part, how)]
        found += [
            row for row in compare_regions(part, how, against_truth=against_truth) if len(str(row["what"])) > _REGION
        ]
        rows += [{"by": grouping.column, "group": group, **row} for row in found]
    return rows


_REGION = 2
"""Letters of the longest name of a region; a single region of a subgroup holds too few cases to speak of."""


def _groups(pair: Pair, grouping: Grouping) -> Iterator[tuple[str, pl.DataFrame]]:
    name = GROUP + grouping.column
    columns = [column for column in (f"{name}_second", name) if column in pair.frame.columns]
    if not columns:
        raise TableUnusable(f"--by {grouping.column}: no table has this column.")
    labels = pair.frame.select(pl.coalesce(columns).str.strip_chars().replace("", None)).to_series()
    if grouping.cuts:
        labels = _cut(labels, grouping.cuts)
    labels = labels.fill_null(NOT_KNOWN)
    values = labels.unique().to_list()
    if len(values) > MOST_GROUPS:
        raise TableUnusable(
            f"--by {grouping.column}: {len(values)} values, more than {MOST_GROUPS}; give cuts such as"
            f" {grouping.column}:3,5."
        )
    ordered = [_label(grouping.cuts, number) for number in range(len(grouping.cuts) + 1)] if grouping.cuts else []
    for value in sorted(values, key=lambda value: (value == NOT_KNOWN, value not in ordered, _place(ordered, value))):
        yield value, pair.frame.filter(labels == value)


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

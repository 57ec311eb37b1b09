"""Compares readers with one another and with the truth; the results as plain rows for files and the report."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.agreement_statistics import (
    binary_statistics,
    bootstrap,
    cross_table,
    percentile_intervals,
    sensitivity_and_specificity,
    total_statistics,
)
from app.batch.agreement_tables import PATIENT, Pair, numbered
from scoring.aspects import FULL_SCORE

CUTS = (6, 3)
"""Lowest scores of a small and of a large core; below 3 the core is very large."""

Row = dict[str, str | int | float | None]
Scores = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Resampling:
    """How intervals are drawn."""

    resamples: int
    seed: int


def compare_totals(pair: Pair, how: Resampling) -> list[Row]:
    """Statistics of two totals, one row each."""
    cases = pair.totals()
    if not cases.height:
        return []
    tables = bootstrap(_scores(cases), numbered(cases[PATIENT]), FULL_SCORE + 1, how.resamples, how.seed)
    found = total_statistics(cross_table(_scores(cases), FULL_SCORE + 1))
    intervals = percentile_intervals(total_statistics, tables)
    return [_row(pair, name, cases.height, float(value), intervals[name], "bootstrap") for name, value in found.items()]


def compare_regions(pair: Pair, how: Resampling, *, against_truth: bool) -> list[Row]:
    """Statistics of each region, of all together, and of the totals cut at 6 and at 3."""
    regions = {region: pair.region(region) for region in pair.shared_regions()}
    named = [*regions.items()]
    if regions:
        named.append(("all regions", pl.concat(list(regions.values()))))
    totals = pair.totals()
    named += [
        (f"total below {cut}", totals.with_columns((pl.col("first", "second") < cut).cast(pl.Int64))) for cut in CUTS
    ]
    rows: list[Row] = []
    for name, cases in named:
        if cases.height:
            rows += [{"what": name, **row} for row in _binary(pair, cases, how, against_truth=against_truth)]
    return rows


def _binary(pair: Pair, cases: pl.DataFrame, how: Resampling, *, against_truth: bool) -> Iterator[Row]:
    table = cross_table(_scores(cases), 2)
    tables = bootstrap(_scores(cases), numbered(cases[PATIENT]), 2, how.resamples, how.seed)
    intervals = percentile_intervals(binary_statistics, tables)
    for name, value in binary_statistics(table).items():
        yield _row(pair, name, cases.height, float(value), intervals[name], "bootstrap")
    if against_truth:
        counted = {"sensitivity": int(table[:, 1].sum()), "specificity": int(table[:, 0].sum())}
        for name, (share, low, high) in sensitivity_and_specificity(table).items():
            yield _row(pair, name, counted[name], share, (low, high), "Wilson")


def _row(pair: Pair, name: str, cases: int, value: float, interval: tuple[float, float], method: str) -> Row:
    low, high = interval
    return {
        "first": pair.first.name,
        "second": pair.second.name,
        "statistic": name,
        "cases": cases,
        "value": _known(value),
        "ci_low": _known(low),
        "ci_high": _known(high),
        "interval": method,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6) + 0.0


def _scores(cases: pl.DataFrame) -> Scores:
    return np.column_stack([cases[name].to_numpy().astype(np.int64) for name in ("first", "second")])

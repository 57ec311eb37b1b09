"""Compares readers with one another and with the truth; the results as plain rows for files and the report."""

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import polars as pl

from app.batch.agreement.curves import calibration_curve, calibration_statistics, delong, weighted_auc
from app.batch.agreement.intraclass import intraclass_correlations
from app.batch.agreement.readings import KEY, PATIENT, TOTAL, Pair, Readings, numbered
from app.batch.agreement.resampling import Interval, Numbers, Resampling, Values, cross_tables, intervals_of, resampled
from app.batch.agreement.statistics import (
    accuracy,
    binary_statistics,
    cross_table,
    total_statistics,
    wilson_interval,
)
from app.batch.tables.column_map import REGION_COLUMNS
from scoring.aspects import FULL_SCORE

CUTS = (6, 3)
"""Lowest scores of a small and of a large core; below 3 the core is very large."""
TRUTH = "truth"
"""Name of the table that readers are held to."""
ALL_REGIONS = "all regions"
BOOTSTRAP, WILSON, DELONG = "bootstrap", "Wilson", "DeLong"

Row = dict[str, str | int | float | None]


def compare_totals(pair: Pair, how: Resampling) -> list[Row]:
    """Statistics of two totals, one row each."""
    cases = pair.totals()
    if not cases.height:
        return []
    found = total_statistics(cross_table(_scores(cases), FULL_SCORE + 1))
    drawn = cross_tables(_scores(cases), numbered(cases[PATIENT]), FULL_SCORE + 1, how)
    return _rows(_names(pair), cases.height, found, intervals_of(total_statistics(drawn)))


def compare_regions(pair: Pair, how: Resampling, *, against_truth: bool) -> list[Row]:
    """Statistics of each region, of all together, and of the totals cut at 6 and at 3."""
    regions = {region: pair.region(region) for region in pair.shared_regions()}
    named = [*regions.items()]
    if regions:
        named.append((ALL_REGIONS, pl.concat(list(regions.values()))))
    totals = pair.totals()
    named += [
        (f"total below {cut}", totals.with_columns((pl.col("first", "second") < cut).cast(pl.Int64))) for cut in CUTS
    ]
    rows: list[Row] = []
    for name, cases in named:
        if cases.height:
            rows += [{"what": name, **row} for row in _binary(pair, cases, how, against_truth=against_truth)]
    return rows


def compare_many(readers: Sequence[Readings], how: Resampling) -> list[Row]:
    """ICC of all readers at once, over the cases to which every one of them gave a total; for three readers or more."""
    if len(readers) <= 2:  # noqa: PLR2004 -- two readers are a pair
        return []
    shared = readers[0].frame.select(KEY, PATIENT, pl.col(TOTAL).alias(readers[0].name))
    for one in readers[1:]:
        shared = shared.join(one.frame.select(KEY, pl.col(TOTAL).alias(one.name)), on=KEY)
    names = [one.name for one in readers]
    shared = shared.drop_nulls(names).sort(KEY)
    if not shared.height:
        return []
    scores = shared.select(names).to_numpy().astype(np.float64)
    drawn = resampled(lambda weights: intraclass_correlations(scores, weights), numbered(shared[PATIENT]), how)
    return _rows((", ".join(names), ""), shared.height, intraclass_correlations(scores), intervals_of(drawn))


def compare_probabilities(pair: Pair, how: Resampling) -> tuple[list[Row], list[Row]]:
    """Area under the ROC curve, Brier score and calibration error against the truth, and the calibration curves."""
    regions = {region: pair.probabilities(region) for region in REGION_COLUMNS}
    regions = {region: cases for region, cases in regions.items() if cases.height}
    if not regions:
        return [], []
    rows: list[Row] = []
    curves: list[Row] = []
    for what, cases in [*regions.items(), (ALL_REGIONS, pl.concat(list(regions.values())))]:
        rows += [{"what": what, **row} for row in _probable(pair, cases, how)]
        named: Row = {"first": pair.first.name, "second": pair.second.name, "what": what}
        points = calibration_curve(cases["first"].to_numpy(), cases["second"].to_numpy())
        curves += [named | point._asdict() for point in points]
    return rows, curves


def _probable(pair: Pair, cases: pl.DataFrame, how: Resampling) -> Iterator[Row]:
    likely, truth = cases["first"].to_numpy(), cases["second"].to_numpy()

    def statistics(weights: Values) -> dict[str, Values]:
        return {"auc": weighted_auc(likely, truth, weights), **calibration_statistics(likely, truth, weights)}

    intervals = intervals_of(resampled(statistics, numbered(cases[PATIENT]), how))
    methods = dict.fromkeys(intervals, BOOTSTRAP)
    if _independent(cases):
        area = delong(likely, truth)
        intervals["auc"], methods["auc"] = (area.low, area.high), DELONG
    for name, value in statistics(np.ones((1, cases.height))).items():
        yield _row(_names(pair), name, cases.height, float(value[0]), intervals[name], methods[name])


def _binary(pair: Pair, cases: pl.DataFrame, how: Resampling, *, against_truth: bool) -> Iterator[Row]:
    table = cross_table(_scores(cases), 2)
    drawn = cross_tables(_scores(cases), numbered(cases[PATIENT]), 2, how)
    yield from _rows(_names(pair), cases.height, binary_statistics(table), intervals_of(binary_statistics(drawn)))
    if not against_truth:
        return
    parts = {"sensitivity": (table[1, 1], table[:, 1].sum()), "specificity": (table[0, 0], table[:, 0].sum())}
    intervals = intervals_of(accuracy(drawn))
    for name, value in accuracy(table).items():
        part, of = (int(number) for number in parts[name])
        alone = _independent(cases)
        interval, method = (wilson_interval(part, of), WILSON) if alone else (intervals[name], BOOTSTRAP)
        yield _row(_names(pair), name, of, float(value), interval, method)


def _independent(cases: pl.DataFrame) -> bool:
    """Whether no patient has two of the cases, as the formulas of Wilson and DeLong take for granted."""
    return cases[PATIENT].n_unique() == cases.height


def _names(pair: Pair) -> tuple[str, str]:
    return pair.first.name, pair.second.name


def _rows(
    who: tuple[str, str], cases: int, found: Mapping[str, Values], intervals: Mapping[str, Interval]
) -> list[Row]:
    return [_row(who, name, cases, float(value), intervals[name], BOOTSTRAP) for name, value in found.items()]


def _row(who: tuple[str, str], name: str, cases: int, value: float, interval: Interval, method: str) -> Row:
    low, high = interval
    return {
        "first": who[0],
        "second": who[1],
        "statistic": name,
        "cases": cases,
        "value": _known(value),
        "ci_low": _known(low),
        "ci_high": _known(high),
        "interval": method,
    }


def _known(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6) + 0.0


def _scores(cases: pl.DataFrame) -> Numbers:
    return np.column_stack([cases[name].to_numpy().astype(np.int64) for name in ("first", "second")])

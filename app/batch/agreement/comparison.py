"""Compares readers with one another and with the truth; the results as plain rows for files and the report."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from app.batch.agreement.curves import calibration_curve, calibration_statistics, delong, weighted_auc
from app.batch.agreement.intraclass import intervals_of, intraclass_correlations, patient_weights
from app.batch.agreement.readings import KEY, PATIENT, TOTAL, Pair, Readings, numbered
from app.batch.agreement.statistics import (
    binary_statistics,
    bootstrap,
    cross_table,
    percentile_intervals,
    sensitivity_and_specificity,
    total_statistics,
)
from app.batch.tables.column_map import REGION_COLUMNS
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
    weights = patient_weights(numbered(shared[PATIENT]), how.resamples, how.seed)
    intervals = intervals_of(intraclass_correlations(scores, weights))
    return [
        _line((", ".join(names), ""), name, shared.height, float(value), intervals[name], "bootstrap")
        for name, value in intraclass_correlations(scores).items()
    ]


def compare_probabilities(pair: Pair, how: Resampling) -> tuple[list[Row], list[Row]]:
    """Area under the ROC curve, Brier score and calibration error against the truth, and the calibration curves."""
    regions = {region: pair.probabilities(region) for region in REGION_COLUMNS}
    regions = {region: cases for region, cases in regions.items() if cases.height}
    if not regions:
        return [], []
    rows: list[Row] = []
    curves: list[Row] = []
    for what, cases in [*regions.items(), ("all regions", pl.concat(list(regions.values())))]:
        likely, truth = cases["first"].to_numpy(), cases["second"].to_numpy()
        patients = numbered(cases[PATIENT])
        weights = patient_weights(patients, how.resamples, how.seed)
        drawn = {"auc": weighted_auc(likely, truth, weights), **calibration_statistics(likely, truth, weights)}
        intervals = intervals_of(drawn)
        area = delong(likely, truth)
        alone = int(patients.max()) + 1 == len(patients)
        interval, method = ((area.low, area.high), "DeLong") if alone else (intervals["auc"], "bootstrap")
        found = [("auc", area.auc, interval, method)]
        scores = calibration_statistics(likely, truth)
        found += [(name, float(value[0]), intervals[name], "bootstrap") for name, value in scores.items()]
        rows += [
            {"what": what, **_row(pair, name, cases.height, value, interval, method)}
            for name, value, interval, method in found
        ]
        named: Row = {"first": pair.first.name, "second": pair.second.name, "what": what}
        curves += [named | point._asdict() for point in calibration_curve(likely, truth)]
    return rows, curves


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
    return _line((pair.first.name, pair.second.name), name, cases, value, interval, method)


def _line(who: tuple[str, str], name: str, cases: int, value: float, interval: tuple[float, float], method: str) -> Row:
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


def _scores(cases: pl.DataFrame) -> Scores:
    return np.column_stack([cases[name].to_numpy().astype(np.int64) for name in ("first", "second")])

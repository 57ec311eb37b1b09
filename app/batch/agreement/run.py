"""What ``aspects agreement`` does: read the readers and perhaps the truth, compare, write tables and reports."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import polars as pl

from app.batch.agreement import paper
from app.batch.agreement.comparison import (
    TRUTH,
    Row,
    compare_many,
    compare_probabilities,
    compare_regions,
    compare_totals,
)
from app.batch.agreement.groups import Grouping, compare_groups, labels_of
from app.batch.agreement.readings import Columns, Pair, Readings, pair, read_readings
from app.batch.agreement.report import Results, report
from app.batch.agreement.resampling import Resampling
from app.batch.faults import TableUnusable
from app.batch.report.files import write_files
from app.batch.report.html import as_html
from app.batch.report.pdf import as_pdf
from app.batch.report.versions import versions

_FEWEST_READERS = 2
_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_ROW_SCHEMA: dict[str, type[pl.DataType]] = {
    "by": pl.String,
    "group": pl.String,
    "first": pl.String,
    "second": pl.String,
    "what": pl.String,
    "statistic": pl.String,
    "cases": pl.Int64,
    "value": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
    "interval": pl.String,
}
_GROUPED = ("by", "group")
_BIN_SCHEMA: dict[str, type[pl.DataType]] = {
    "first": pl.String,
    "second": pl.String,
    "what": pl.String,
    "low": pl.Float64,
    "high": pl.Float64,
    "cases": pl.Int64,
    "predicted": pl.Float64,
    "observed": pl.Float64,
    "ci_low": pl.Float64,
    "ci_high": pl.Float64,
}

_NOT_ALWAYS = frozenset(
    {"probabilities.csv", "calibration.csv", "subgroups.csv"}
    | {f"paper_{name}.{suffix}" for name in ("totals", "regions", "probabilities") for suffix in ("csv", "tex")}
)
"""Files that a run writes only if it has something to say in them."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Files to compare: two readers or more, and perhaps the truth."""

    readers: Sequence[Path]
    truth: Path | None


def run_agreement(
    tables: Tables, out: Path, columns: Columns, how: Resampling, groupings: Sequence[Grouping] = ()
) -> int:
    """Compare, and write the files that `docs/research.md` lists.

    Returns
    -------
    How many rows of the tables failed.

    Raises
    ------
    TableUnusable
        There are fewer than two readers or more than letters, a table cannot be used, or two of them share no case.
    """
    if not _FEWEST_READERS <= len(tables.readers) <= len(ascii_uppercase):
        raise TableUnusable(f"Give two tables of readers or more, up to {len(ascii_uppercase)}.")
    named = dict(zip(ascii_uppercase, tables.readers, strict=False)) | ({TRUTH: tables.truth} if tables.truth else {})
    read = {name: read_readings(path, name, columns, _NO_TIME) for name, path in named.items()}
    readers = [one for name, one in read.items() if name != TRUTH]
    pairs = [pair(first, second) for first, second in combinations(readers, 2)]
    pairs += [pair(one, read[TRUTH]) for one in readers if TRUTH in read]
    if not all(one.frame.height for one in pairs):
        raise TableUnusable(f"Two of the tables share no case; compare their columns {columns.key}.")
    labels = [(grouping, labels_of(grouping, read.values())) for grouping in groupings]
    results = _compared(readers, pairs, how, labels)
    write_files(out, _files(results, read, pairs, how), _NOT_ALWAYS)
    return sum(one.failed for one in read.values())


def _compared(
    readers: Sequence[Readings],
    pairs: Sequence[Pair],
    how: Resampling,
    groupings: Sequence[tuple[Grouping, pl.DataFrame]],
) -> Results:
    results = Results(totals=[], many=compare_many(readers, how), regions=[])
    for one in pairs:
        against_truth = one.second.name == TRUTH
        results.totals.extend(compare_totals(one, how))
        results.regions.extend(compare_regions(one, how, against_truth=against_truth))
        if against_truth:
            rows, curves = compare_probabilities(one, how)
            results.probabilities.extend(rows)
            results.calibration.extend(curves)
        for grouping, labels in groupings:
            results.groups.extend(compare_groups(one, grouping, labels, how, against_truth=against_truth))
    return results


def _files(
    results: Results, readers: dict[str, Readings], pairs: Sequence[Pair], how: Resampling
) -> dict[str, str | bytes]:
    methods = paper.methods(how, with_probabilities=bool(results.probabilities))
    document = report(results, readers, pairs, methods)
    told: dict[str, Any] = {
        "readers": {
            name: {"file": one.file, "cases": one.frame.height, "failed": one.failed} for name, one in readers.items()
        },
        "shared_cases": {f"{one.first.name}, {one.second.name}": one.frame.height for one in pairs},
        "methods": methods,
        "versions": versions(),
        "totals": results.totals + results.many,
        "regions": results.regions,
        "probabilities": results.probabilities,
        "calibration": results.calibration,
        "subgroups": results.groups,
    }
    faults = [(name, *fault) for name, one in readers.items() for fault in one.faults]
    schema = {"table": pl.String, "row": pl.Int64, "column": pl.String, "reason": pl.String}
    files: dict[str, str | bytes] = {
        "totals.csv": _csv(results.totals + results.many, *_GROUPED, "what"),
        "regions.csv": _csv(results.regions, *_GROUPED),
        "errors.csv": pl.DataFrame(faults, schema=schema, orient="row").write_csv(),
        "methods.txt": methods + "\n",
        "checklist.csv": pl.DataFrame(paper.checklist()).write_csv(),
        "agreement.json": json.dumps(told, indent=2, allow_nan=False) + "\n",
        "report.html": as_html(document),
        "report.pdf": as_pdf(document),
    }
    if results.probabilities:
        files["probabilities.csv"] = _csv(results.probabilities, *_GROUPED)
        files["calibration.csv"] = pl.DataFrame(results.calibration, schema=_BIN_SCHEMA).write_csv()
    if results.groups:
        files["subgroups.csv"] = _csv(results.groups)
    return files | _paper(results)


def _paper(results: Results) -> dict[str, str | bytes]:
    """The tables of the paper, each as CSV and as LaTeX."""
    tables = {
        "totals": (paper.totals_table(results.totals), "Agreement of ASPECTS totals, with 95 % intervals"),
        "regions": (paper.regions_table(results.regions), "Agreement by region and by cut, with 95 % intervals"),
        "probabilities": (
            paper.probabilities_table(results.probabilities),
            "Probabilities against the reference standard, with 95 % intervals",
        ),
    }
    files: dict[str, str | bytes] = {}
    for name, (table, caption) in tables.items():
        if table:
            files[f"paper_{name}.csv"] = pl.DataFrame(table).write_csv()
            files[f"paper_{name}.tex"] = paper.latex(table, caption)
    return files


def _csv(rows: Sequence[Row], *without: str) -> str:
    schema = {name: dtype for name, dtype in _ROW_SCHEMA.items() if name not in without}
    return pl.DataFrame(rows, schema=schema).write_csv()

"""What ``aspects agreement`` does: read two readers and perhaps the truth, compare, write tables and a report."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from app.batch.agreement.comparison import Resampling, Row, compare_regions, compare_totals
from app.batch.agreement.readings import Columns, Pair, Readings, pair, read_readings
from app.batch.agreement.report import report
from app.batch.faults import TableUnusable
from app.batch.whole_file import Unfinished
from app.version import __version__

_NO_TIME = datetime(2026, 1, 1, tzinfo=UTC)
_ROW_SCHEMA = {
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


@dataclass(frozen=True, slots=True)
class Tables:
    """Files to compare."""

    first: Path
    second: Path
    truth: Path | None


def run_agreement(tables: Tables, out: Path, columns: Columns, how: Resampling) -> int:
    """Compare and write ``totals.csv``, ``regions.csv``, ``agreement.json``, ``errors.csv`` and ``report.html``.

    Returns
    -------
    How many rows of the tables failed.

    Raises
    ------
    TableUnusable
        A table cannot be used, or the readers share no case.
    """
    named = {"A": tables.first, "B": tables.second} | ({"truth": tables.truth} if tables.truth else {})
    readers = {name: read_readings(path, name, columns, _NO_TIME) for name, path in named.items()}
    pairs = [pair(readers["A"], readers["B"])]
    if "truth" in readers:
        pairs += [pair(readers[name], readers["truth"]) for name in ("A", "B")]
    if not all(one.frame.height for one in pairs):
        raise TableUnusable(f"Two of the tables share no case; compare their columns {columns.key}.")
    totals = [row for one in pairs for row in compare_totals(one, how)]
    regions = [row for one in pairs for row in compare_regions(one, how, against_truth=one.second.name == "truth")]
    _write(out, readers, pairs, totals, regions, how, named)
    return sum(len({fault.row for fault in one.faults}) for one in readers.values())


def _write(
    out: Path,
    readers: dict[str, Readings],
    pairs: list[Pair],
    totals: list[Row],
    regions: list[Row],
    how: Resampling,
    files: dict[str, Path],
) -> None:
    counts = {
        name: {"file": files[name].name, "cases": one.frame.height, "failed": len({f.row for f in one.faults})}
        for name, one in readers.items()
    }
    methods = (
        f"Intervals of 95 %: Wilson's for proportions, else percentiles of {how.resamples} bootstrap resamples of"
        f" patients (seed {how.seed}). ICC by two-way analysis of variance, single measurement (McGraw and Wong 1996);"
        " quadratic weighted kappa (Cohen 1968); AC1 (Gwet 2008); limits of agreement (Bland and Altman 1986)."
    )
    versions = f"aspects {__version__}"
    facts: dict[str, Any] = {"readers": counts, "methods": methods, "versions": versions}
    shared = {f"{one.first.name}, {one.second.name}": one.frame.height for one in pairs}
    result = facts | {"shared_cases": shared, "totals": totals, "regions": regions}
    faults = [(name, *fault) for name, one in readers.items() for fault in one.faults]
    schema = {"table": pl.String, "row": pl.Int64, "column": pl.String, "reason": pl.String}
    contents = {
        "totals.csv": pl.DataFrame(totals, schema={k: v for k, v in _ROW_SCHEMA.items() if k != "what"}).write_csv(),
        "regions.csv": pl.DataFrame(regions, schema=_ROW_SCHEMA).write_csv(),
        "errors.csv": pl.DataFrame(faults, schema=schema, orient="row").write_csv(),
        "agreement.json": json.dumps(result, indent=2, allow_nan=False) + "\n",
        "report.html": report(totals, regions, pairs, facts),
    }
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in contents.items():
            with Unfinished(out / name) as unfinished:
                unfinished.stream.write(text.encode())
                unfinished.finish()
    except OSError as error:
        raise TableUnusable(f"{out}: {error.strerror}.") from None

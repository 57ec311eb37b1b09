"""How fast a table is judged: rows a second beside the single-patient evaluator and beside a bare scan of the file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from app.triage import rulebook
from scoring.case import Case
from scoring.derived import assess
from scoring.eligibility import grid_in_force, judge
from scoring.facts import FACTS, Facts, Kind

SCALAR_ROWS = 2_000
SHARE_UNKNOWN = 0.1
NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = (
    "age_years", "prestroke_mrs", "nihss_total", "minutes_since_last_known_well", "occlusion_site", "aspects_total",
    "haemorrhage_on_imaging", "mass_effect", "core_volume_ml", "tmax6_volume_ml", "salvageable_tissue",
)  # fmt: skip
"""What a cohort table usually holds."""
_HIGHEST = {"minutes_since_last_known_well": 1800, "core_volume_ml": 200, "tmax6_volume_ml": 300, "age_years": 100}

RUN = """
import json, resource, sys, time
from datetime import UTC, datetime
from pathlib import Path
from app.batch.tables.column_map import ColumnMap
from app.batch.tables.run import Options, run_table
table, out = Path(sys.argv[1]), Path(sys.argv[2])
started = time.monotonic()
options = Options(datetime(2026, 11, 22, tzinfo=UTC), ColumnMap())
summary = run_table(table, out, out.with_suffix(".errors.csv"), options)
seconds = time.monotonic() - started
print(json.dumps({"rows": summary.rows, "failed": summary.failed, "seconds": seconds,
                  "peak_rss": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
"""

Figures = dict[str, Any]


def measure(rows: int, suffixes: tuple[str, ...] = (".parquet", ".csv")) -> Figures:
    """Judge a made-up cohort of ``rows`` in each format, in a process of its own so that its peak memory is seen."""
    with tempfile.TemporaryDirectory() as folder:
        frame = cohort(rows)
        scalar = scalar_rate(frame.head(SCALAR_ROWS))
        formats = {suffix[1:]: one_format(frame, Path(folder), suffix) for suffix in suffixes}
    for figures in formats.values():
        figures["times_single_patient"] = figures["rows_per_second"] / scalar
        figures["times_bare_scan"] = figures["seconds"] / figures["bare_scan_seconds"]
    return {"rows": rows, "single_patient_per_second": scalar, "formats": formats}


def cohort(rows: int) -> pl.DataFrame:
    """Random patients with one fact in ten unknown; volumes in tenths of a millilitre."""
    draw = np.random.default_rng(20261122)
    columns = {}
    for name in COLUMNS:
        spec = FACTS[name]
        if spec.kind is Kind.BOOLEAN:
            values: Any = draw.random(rows) < SHARE_UNKNOWN
        elif spec.kind is Kind.CHOICE:
            values = draw.choice(np.array(["mca_m1", "ica_intracranial", "mca_m2_dominant", "basilar", "none"]), rows)
        else:
            highest = _HIGHEST.get(name, int(spec.maximum or 0))
            scale = 10 if spec.unit == "ml" else 1
            values = draw.integers(int(spec.minimum or 0) * scale, highest * scale + 1, rows) / scale
        series = pl.Series(name, values)
        series = series.cast(pl.Int64) if spec.kind is Kind.INTEGER else series
        columns[name] = series.zip_with(
            pl.Series(draw.random(rows) >= SHARE_UNKNOWN), pl.Series([None], dtype=series.dtype)
        )
    return pl.DataFrame(columns)


def scalar_rate(frame: pl.DataFrame) -> float:
    """Patients a second, one by one: derive and ask every guideline and trial; no JSON, no reasons."""
    cases = [Case(evaluated_at=NOW, facts=Facts(**row)) for row in frame.iter_rows(named=True)]
    grid = grid_in_force(rulebook(), NOW.date())
    started = time.monotonic()
    for case in cases:
        judge(grid, assess(case).values)
    return len(cases) / (time.monotonic() - started)


def one_format(frame: pl.DataFrame, folder: Path, suffix: str) -> Figures:
    table = folder / f"cohort{suffix}"
    frame.write_parquet(table) if suffix == ".parquet" else frame.write_csv(table)
    started = time.monotonic()
    scan = pl.scan_parquet(table) if suffix == ".parquet" else pl.scan_csv(table)
    scan.select(pl.all().null_count()).collect()
    bare = time.monotonic() - started
    command = [sys.executable, "-c", RUN, str(table), str(folder / f"answers{suffix}")]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "seconds": told["seconds"],
        "rows_per_second": told["rows"] / told["seconds"],
        "failed": told["failed"],
        "bare_scan_seconds": bare,
        "peak_rss_mb": told["peak_rss"] * unit / 1e6,
    }


def table(figures: Figures) -> str:
    single = figures["single_patient_per_second"]
    lines = [
        f"Judging a table of {figures['rows']:,} rows; one patient at a time: {single:,.0f}/s",
        f"  {'':<10}{'rows/s':>12}{'seconds':>10}{'x single':>10}{'bare scan s':>13}{'peak MB':>9}",
    ]
    for name, one in figures["formats"].items():
        lines.append(
            f"  {name:<10}{one['rows_per_second']:>12,.0f}{one['seconds']:>10.1f}{one['times_single_patient']:>10.0f}"
            f"{one['bare_scan_seconds']:>13.2f}{one['peak_rss_mb']:>9.0f}"
        )
    return "\n".join([*lines, ""])

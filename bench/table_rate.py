"""How fast a table is judged: rows a second beside the single-patient evaluator and beside a bare scan of the file."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq

from app.triage import rulebook
from scoring.case import Case
from scoring.derived import assess
from scoring.eligibility import grid_in_force, judge
from scoring.facts import FACTS, Facts, Kind

SCALAR_ROWS = 2_000
SHARE_UNKNOWN = 0.1
_PART_ROWS = 1_000_000
NOW = datetime(2026, 11, 22, tzinfo=UTC)
COLUMNS = (
    "age_years", "prestroke_mrs", "nihss_total", "minutes_since_last_known_well", "occlusion_site", "aspects_total",
    "haemorrhage_on_imaging", "mass_effect", "core_volume_ml", "tmax6_volume_ml", "salvageable_tissue",
)  # fmt: skip
"""What a cohort table usually holds."""
_HIGHEST = {"minutes_since_last_known_well": 1800, "core_volume_ml": 200, "tmax6_volume_ml": 300, "age_years": 100}

RUN = """
import json, resource, sys, time
def peak_rss_mb():  # the usage of a process begins with that of the process that started it, the status does not
    try:
        lines = dict(line.split(":", 1) for line in open("/proc/self/status"))
        return int(lines["VmHWM"].split()[0]) * 1024 / 1e6
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
from datetime import UTC, datetime
from pathlib import Path
from app.batch.tables.column_map import ColumnMap
from app.batch.tables.run import Options, run_table
table, out = Path(sys.argv[1]), Path(sys.argv[2])
started, spent = time.monotonic(), time.process_time()
options = Options(datetime(2026, 11, 22, tzinfo=UTC), ColumnMap())
summary = run_table(table, out, out.with_suffix(".errors.csv"), options)
seconds = time.monotonic() - started
print(json.dumps({"rows": summary.rows, "failed": summary.failed, "seconds": seconds,
                  "cpu_seconds": time.process_time() - spent,
                  "peak_rss_mb": peak_rss_mb()}))
"""

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scoring.grid import Grid

Figures = dict[str, Any]


def measure(rows: Sequence[int], suffixes: Sequence[str] = (".parquet", ".csv")) -> Figures:
    """Judge made-up cohorts of so many rows, the first of them in each format, the others in the first format.

    Each run is a process of its own, so that its peak memory is seen. One patient at a time is measured before and
    after each of them, and the mean of both is what it is held against.
    """
    found = []
    with tempfile.TemporaryDirectory() as folder:
        sample = cohort(SCALAR_ROWS, 0)
        single = [scalar_rate(sample)]
        for number, count in enumerate(rows):
            for suffix in suffixes if number == 0 else suffixes[:1]:
                figures = one_run(count, Path(folder), suffix)
                single.append(scalar_rate(sample))
                figures["single_patient_per_second"] = (single[-2] + single[-1]) / 2
                figures["times_single_patient"] = figures["rows_per_second"] / figures["single_patient_per_second"]
                figures["times_bare_scan"] = figures["seconds"] / figures["bare_scan_seconds"]
                found.append(figures)
    return {"runs": found}


def write_cohort(rows: int, path: Path) -> None:
    """Write a cohort part by part: no machine has to hold it."""
    parts = (cohort(min(_PART_ROWS, rows - at), at) for at in range(0, rows, _PART_ROWS))
    with path.open("wb") as stream:
        if path.suffix == ".csv":
            for number, part in enumerate(parts):
                part.write_csv(stream, include_header=number == 0)
            return
        writer = None
        for part in parts:
            table = part.to_arrow()
            writer = writer or pq.ParquetWriter(stream, table.schema)
            writer.write_table(table)
        if writer is not None:
            writer.close()


def cohort(rows: int, seed: int) -> pl.DataFrame:
    """Random patients with one fact in ten unknown; volumes in tenths of a millilitre."""
    draw = np.random.default_rng((20261122, seed))
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
    """Patients a second, one by one, from the row to the answers of all rule sets; no JSON, no reasons."""
    rows = list(frame.iter_rows(named=True))
    grid = grid_in_force(rulebook(), NOW.date())
    one_by_one(rows[:100], grid)
    started = time.monotonic()
    one_by_one(rows, grid)
    return len(rows) / (time.monotonic() - started)


def one_by_one(rows: Sequence[dict[str, Any]], grid: Grid) -> list[list[tuple[str, str | None, str]]]:
    """Outcome, clause and missing facts by every guideline and trial."""
    found = []
    for row in rows:
        answers = judge(grid, assess(Case(evaluated_at=NOW, facts=Facts(**row))).values)
        found.append(
            [(a.outcome.value, a.clause.clause if a.clause is not None else None, ";".join(a.missing)) for a in answers]
        )
    return found


def one_run(rows: int, folder: Path, suffix: str) -> Figures:
    table = folder / f"cohort{suffix}"
    write_cohort(rows, table)
    started = time.monotonic()
    scan = pl.scan_parquet(table) if suffix == ".parquet" else pl.scan_csv(table)
    scan.select(pl.all().null_count()).collect(engine="streaming")
    bare = time.monotonic() - started
    answers = folder / f"answers{suffix}"
    command = [sys.executable, "-c", RUN, str(table), str(answers)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    answers.unlink()
    table.unlink()
    return {
        "rows": told["rows"],
        "format": suffix[1:],
        "seconds": told["seconds"],
        "cpu_seconds": told["cpu_seconds"],
        "rows_per_second": told["rows"] / told["seconds"],
        "failed": told["failed"],
        "bare_scan_seconds": bare,
        "peak_rss_mb": told["peak_rss_mb"],
    }


def table(figures: Figures) -> str:
    lines = [
        "Judging tables by all rule sets, reading and writing included; beside one patient at a time, and a bare scan",
        (
            f"  {'rows':>10}  {'format':<8}{'seconds':>9}{'CPU s':>8}{'rows/s':>11}{'single/s':>10}{'x single':>10}"
            f"{'scan s':>8}{'x scan':>8}{'peak MB':>9}"
        ),
    ]
    lines += [
        f"  {one['rows']:>10,}  {one['format']:<8}{one['seconds']:>9.1f}{one['cpu_seconds']:>8.1f}"
        f"{one['rows_per_second']:>11,.0f}{one['single_patient_per_second']:>10,.0f}"
        f"{one['times_single_patient']:>10.0f}{one['bare_scan_seconds']:>8.2f}{one['times_bare_scan']:>8.0f}"
        f"{one['peak_rss_mb']:>9.0f}"
        for one in figures["runs"]
    ]
    return "\n".join([*lines, ""])

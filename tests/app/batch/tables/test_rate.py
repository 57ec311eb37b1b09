"""The benchmark of tables judges what it makes up, and counts all of it. No speed is asserted."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).parents[4]


def test_benchmark_judges_every_row() -> None:
    spec = importlib.util.spec_from_file_location("table_rate", ROOT / "bench" / "table_rate.py")
    assert spec
    assert spec.loader
    table_rate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(table_rate)
    table_rate.SCALAR_ROWS = 50
    figures = table_rate.measure([500, 200], (".parquet",))
    one, other = figures["runs"]
    assert (one["rows"], other["rows"]) == (500, 200)
    assert one["failed"] == 0
    assert round(one["rows_per_second"] * one["seconds"]) == 500
    assert one["peak_rss_mb"] > 20
    assert one["times_single_patient"] == one["rows_per_second"] / one["single_patient_per_second"]
    assert "500  parquet" in table_rate.table(figures)

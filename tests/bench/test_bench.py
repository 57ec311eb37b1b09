"""The benchmarks measure what they say and refuse to count failed requests. No speed is asserted."""

import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

needs_wrk = pytest.mark.skipif(not shutil.which("wrk"), reason="the load generator wrk is not installed")


def load_module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, ROOT / "bench" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.peers
@needs_wrk
def test_request_rates_come_as_table_and_json() -> None:
    told = subprocess.run(
        [sys.executable, str(ROOT / "bench" / "run.py"), "--only", "requests", "--rounds", "2", "--seconds", "1"],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert told.returncode == 0, told.stderr
    table, _, figures = told.stdout.partition("\n{")
    assert "triage / empty endpoint" in table
    requests = json.loads("{" + figures)["requests"]
    assert len(requests["rounds"]) == 2
    assert requests["ratio"]["min"] <= requests["ratio"]["median"] <= requests["ratio"]["max"]
    for side in ("empty", "triage"):
        assert requests[side]["per_second"] > 0
        assert requests[side]["p50_ms"] <= requests[side]["p99_ms"]


@pytest.mark.peers
@needs_wrk
def test_failed_requests_end_the_measurement(tmp_path: Path) -> None:
    request_rate = load_module("request_rate")
    body = tmp_path / "case.json"
    body.write_text("{}")
    with pytest.raises(request_rate.CannotMeasure):
        request_rate.load("http://127.0.0.1:9/v1/triage", body, 1)


def test_missing_load_generator_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    request_rate = load_module("request_rate")
    monkeypatch.setattr(request_rate.shutil, "which", lambda _name: None)
    with pytest.raises(request_rate.CannotMeasure, match="wrk"):
        request_rate.measure(ROOT, 1, 1)


def test_scan_cost_is_that_of_the_whole_process() -> None:
    scan_cost = load_module("scan_cost")
    held = bytearray(b"x") * 1_500_000_000  # the memory of the process that measures is not the reading's
    run = scan_cost.one_run(ROOT / "sample_data" / "head_ct_left_mca.nii.gz")
    assert run["status"] == "scored"
    assert run["seconds"] > sum(run["steps_seconds"].values()) > 0
    assert 20 < run["peak_rss_mb"] < len(held) / 1e6


def test_reader_that_fails_ends_the_measurement(tmp_path: Path) -> None:
    scan_cost = load_module("scan_cost")
    with pytest.raises(scan_cost.CannotMeasure, match=r"nothing-here\.nii"):
        scan_cost.one_run(tmp_path / "nothing-here.nii")


def test_what_judging_costs_is_told_part_by_part(monkeypatch: pytest.MonkeyPatch) -> None:
    judging_cost = load_module("judging_cost")
    monkeypatch.setattr(judging_cost, "ROUNDS", 1)
    monkeypatch.setattr(judging_cost, "CALLS", 2)
    monkeypatch.setattr(judging_cost, "NEW_PATIENTS", 3)
    figures = judging_cost.measure()
    assert figures["known_us"].keys() == figures["new_us"].keys()
    assert all(us > 0 for part in ("known_us", "new_us") for us in figures[part].values())
    assert figures["parts_us"].keys() == {"reading the case", *judging_cost.PARTS}
    table = judging_cost.table(figures)
    assert all(name in table for name in (*figures["known_us"], *figures["parts_us"]))

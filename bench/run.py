"""Measure the service, the scan reader and the table engine on this machine: a table for people, then the same as JSON.

Speeds drift on shared machines, so ratios come first: both sides of a ratio are measured in turn, in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from pathlib import Path
from typing import Any

import folder_rate
import judging_cost
import record_rate
import request_rate
import scan_cost
import table_rate

ROOT = Path(__file__).resolve().parent.parent
OTHER_SCANS = ROOT.parent / "shared" / "scans"
"""Real scans that the project holds no copy of; measured where they are, left out where they are not."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 x.py bench", description=__doc__)
    parser.add_argument(
        "--only", choices=["judging", "requests", "records", "scans", "folders", "tables"], help="measure one part"
    )
    parser.add_argument("--rounds", type=int, default=4, help="rounds of the request rate (default %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="length of one load (default %(default)s)")
    parser.add_argument("--runs", type=int, default=3, help="counted runs for each scan (default %(default)s)")
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[1_000_000], help="rows of the tables (default %(default)s)"
    )
    parser.add_argument("--copies", type=int, default=12, help="scans of the folder (default %(default)s)")
    options = parser.parse_args()
    figures: dict[str, Any] = {"machine": machine()}
    if options.only in {None, "judging"}:
        figures["judging"] = judging_cost.measure()
        print(judging_cost.table(figures["judging"]), flush=True)
    if options.only in {None, "requests"}:
        figures["requests"] = request_rate.measure(ROOT, options.rounds, options.seconds)
        print(request_rate.table(figures["requests"]), flush=True)
    if options.only in {None, "records"}:
        figures["records"] = record_rate.measure(options.rounds, options.seconds)
        print(record_rate.table(figures["records"]), flush=True)
    if options.only in {None, "scans"}:
        figures["scans"] = [scan_cost.measure(path, options.runs) for path in scans()]
        print(scan_cost.table(figures["scans"]), flush=True)
    if options.only in {None, "folders"}:
        scan = ROOT / "sample_data" / "head_ct_left_mca.nii.gz"
        figures["folders"] = folder_rate.measure(scan, options.copies, options.runs)
        print(folder_rate.table(figures["folders"]), flush=True)
    if options.only in {None, "tables"}:
        figures["tables"] = table_rate.measure(options.rows)
        print(table_rate.table(figures["tables"]), flush=True)
    print(json.dumps(figures, indent=2))
    return 0


def scans() -> list[Path]:
    """The sample scan, and every head CT that lies beside the checkout."""
    beside = ["ge-tilt-uneven", "siemens-thick-tilt", "head-thin-nifti/Cranium.nii.gz"]
    return [ROOT / "sample_data" / "head_ct_left_mca.nii.gz"] + [
        OTHER_SCANS / name for name in beside if (OTHER_SCANS / name).exists()
    ]


def machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (request_rate.CannotMeasure, scan_cost.CannotMeasure) as reason:
        sys.exit(str(reason))

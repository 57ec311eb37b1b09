"""What reading one scan costs as a whole process: seconds from start to end, processor seconds, and peak memory."""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ASPECTS = Path(sys.executable).parent / "aspects"
RSS_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024
"""Linux counts peak memory in KiB, macOS in bytes."""

Figures = dict[str, Any]


LAUNCHER = """
import json, os, sys, time
started = time.monotonic()
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, usage = os.wait4(process, 0)
account = [time.monotonic() - started, usage.ru_utime + usage.ru_stime, usage.ru_maxrss]
print("", json.dumps(account), sep="\\n", file=sys.stderr)
sys.exit(os.waitstatus_to_exitcode(status))
"""
"""A small process that starts the reading and accounts for it as the last line of standard error. A child's peak memory
counts that of the process which started it, and the trial itself is larger than any reading."""


class CannotMeasure(Exception):
    """The reader failed on a scan; the text names it."""


def measure(scan: Path, runs: int) -> Figures:
    """Run ``aspects read-ct`` once to warm the disk's cache, then ``runs`` times; medians and extremes."""
    one_run(scan)
    counted = [one_run(scan) for _ in range(runs)]
    seconds = [run["seconds"] for run in counted]
    return {
        "scan": scan.name,
        "status": counted[0]["status"],
        "seconds": {"median": statistics.median(seconds), "min": min(seconds), "max": max(seconds)},
        "cpu_seconds": statistics.median(run["cpu_seconds"] for run in counted),
        "peak_rss_mb": max(run["peak_rss_mb"] for run in counted),
        "steps_seconds": counted[0]["steps_seconds"],
    }


def one_run(scan: Path) -> Figures:
    """Time one process by the operating system's own account of it when it has ended."""
    command = [sys.executable, "-I", "-S", "-c", LAUNCHER, str(ASPECTS), "read-ct", str(scan), "--json"]
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(command, stdout=output, stderr=subprocess.PIPE, check=False)
        said, _, account = done.stderr.decode("utf-8", "replace").rstrip().rpartition("\n")
        if done.returncode:
            raise CannotMeasure(f"Reading {scan.name} ended with exit code {done.returncode}:\n{said}")
        seconds, cpu_seconds, peak_rss = json.loads(account)
        output.seek(0)
        reading = json.load(output)
    return {
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "peak_rss_mb": peak_rss * RSS_UNIT_BYTES / 1e6,
        "status": reading["status"] if reading["status"] == "scored" else reading["refusal"]["code"],
        "steps_seconds": reading["timing_seconds"],
    }


def table(figures: list[Figures]) -> str:
    lines = [
        "Reading a scan, whole process",
        f"  {'':<32}{'seconds':>9}{'from':>7}{'to':>7}{'CPU s':>8}{'peak MB':>9}  outcome",
    ]
    for one in figures:
        spent = one["seconds"]
        lines.append(
            f"  {one['scan']:<32}{spent['median']:>9.2f}{spent['min']:>7.2f}{spent['max']:>7.2f}"
            f"{one['cpu_seconds']:>8.2f}{one['peak_rss_mb']:>9.0f}  {one['status']}"
        )
    return "\n".join([*lines, ""])

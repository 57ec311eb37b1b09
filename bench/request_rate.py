"""How many triage requests a second the service answers, beside an empty endpoint of the same server."""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "sample_data"))
import demo  # noqa: E402 -- it knows how to start and stop the service

WORKERS = 2
CONNECTIONS = 8
WARM_UP_SECONDS = 2
Figures = dict[str, Any]


class CannotMeasure(Exception):
    """Something that the measurement needs is not there; the text names it."""


def measure(root: Path, rounds: int, seconds: int) -> Figures:
    """Load ``/livez`` and ``/v1/triage`` in turn, A B A B, and compare them round by round.

    Returns
    -------
    ``ratio``: median over rounds of triage rate by empty rate, with its extremes; ``empty`` and ``triage``: medians
    of requests per second and of p50 and p99 in milliseconds; ``rounds``: what each was made from.
    """
    if not shutil.which("wrk"):
        raise CannotMeasure("The load generator wrk is not installed (Debian and Ubuntu: apt-get install wrk).")
    port = demo.free_port(0)
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory() as folder, Path(folder, "service.log").open("w+b") as log:
        body = Path(folder, "case.json")
        body.write_text(json.dumps(full_case(root)))
        service = demo.start(port, log, "--workers", str(WORKERS))
        try:
            demo.wait_until_ready(service, address)
            load(f"{address}/livez", None, WARM_UP_SECONDS)
            load(f"{address}/v1/triage", body, WARM_UP_SECONDS)
            pairs = [
                {
                    "empty": load(f"{address}/livez", None, seconds),
                    "triage": load(f"{address}/v1/triage", body, seconds),
                }
                for _ in range(rounds)
            ]
        except demo.DemoFailed as failure:
            raise CannotMeasure(f"{failure}\n{demo.last_lines(log)}") from failure
        finally:
            demo.stop(service)
    return summary(pairs)


def full_case(root: Path) -> Figures:
    """The sample case with all ten regions entered, as a reader without a scan would send it."""
    case: Figures = json.loads((root / "sample_data" / "cases" / "spoke_left_m1.json").read_text())
    affected = {"I", "M2", "M5"}
    regions = ["C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6"]
    statuses = {region: "affected" if region in affected else "unaffected" for region in regions}
    return {**case, "findings": {"side": "left", "regions": statuses}}


def load(address: str, body: Path | None, seconds: int, connections: int = CONNECTIONS) -> Figures:
    """One run of wrk. A single failed request makes the figure worthless, so it ends the measurement."""
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(ROOT / "bench" / "load.lua"), address]
    environment = {**os.environ, "BODY": str(body)} if body else dict(os.environ)
    told = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    lines = [line for line in told.stdout.splitlines() if line.startswith("FIGURES ")]
    if told.returncode or not lines:
        raise CannotMeasure(f"wrk failed: {told.stderr or told.stdout}")
    figures: Figures = json.loads(lines[0].removeprefix("FIGURES "))
    if figures["failed"]:
        raise CannotMeasure(f"{figures['failed']} requests to {address} failed or were not answered with success.")
    return figures


def summary(pairs: list[Figures]) -> Figures:
    ratios = [pair["triage"]["per_second"] / pair["empty"]["per_second"] for pair in pairs]
    return {
        "ratio": {"median": statistics.median(ratios), "min": min(ratios), "max": max(ratios)},
        **{
            side: {
                figure: statistics.median(pair[side][figure] for pair in pairs)
                for figure in ("per_second", "p50_ms", "p99_ms")
            }
            for side in ("empty", "triage")
        },
        "workers": WORKERS,
        "connections": CONNECTIONS,
        "rounds": pairs,
    }


def table(figures: Figures) -> str:
    ratio, rounds = figures["ratio"], len(figures["rounds"])
    lines = [
        f"Requests: {figures['workers']} workers, {figures['connections']} connections, {rounds} rounds",
        f"  triage / empty endpoint   {ratio['median']:.2f}   (from {ratio['min']:.2f} to {ratio['max']:.2f})",
        f"  {'':<24}{'per second':>12}{'p50 ms':>10}{'p99 ms':>10}",
    ]
    for name, side in (("POST /v1/triage", figures["triage"]), ("GET /livez (empty)", figures["empty"])):
        lines.append(f"  {name:<24}{side['per_second']:>12.0f}{side['p50_ms']:>10.2f}{side['p99_ms']:>10.2f}")
    return "\n".join([*lines, ""])

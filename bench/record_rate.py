"""How many triage requests a second a service with a record answers, each on the disk first."""

from __future__ import annotations

import json
import os
import secrets
import statistics
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import request_rate  # it makes the next import possible
from request_rate import ROOT, WARM_UP_SECONDS, WORKERS, CannotMeasure, Figures

import demo  # isort: skip

if TYPE_CHECKING:
    from collections.abc import Iterator

ASPECTS = ROOT / ".venv" / "bin" / "aspects"
CONNECTIONS = (4, 8)
"""Callers that never pause: as many as keep two workers busy while a commit waits for the disk, and twice as many, who
wait for each other as well."""


def measure(rounds: int, seconds: int) -> Figures:
    """Load ``POST /v1/triage`` of a service with a record on SQLite, then verify the record.

    Returns
    -------
    ``loads``: for each number of connections the medians over rounds of ``per_second``, ``p50_ms`` and ``p99_ms``;
    ``events``: length of the audit trail after it.
    """
    with tempfile.TemporaryDirectory() as name, service(Path(name)) as (address, key):
        body = Path(name, "case.json")
        body.write_text(json.dumps(request_rate.full_case(ROOT)))
        os.environ["KEY"] = key
        try:
            request_rate.load(f"{address}/v1/triage", body, WARM_UP_SECONDS)
            loads = [_loads(f"{address}/v1/triage", body, seconds, rounds, connections) for connections in CONNECTIONS]
        finally:
            del os.environ["KEY"]
        told = verify(Path(name))
    return {"loads": loads, "workers": WORKERS, "events": told["events"]}


def _loads(address: str, body: Path, seconds: int, rounds: int, connections: int) -> Figures:
    each = [request_rate.load(address, body, seconds, connections) for _ in range(rounds)]
    medians = {name: statistics.median(load[name] for load in each) for name in ("per_second", "p50_ms", "p99_ms")}
    return {"connections": connections, **medians, "rounds": each}


@contextmanager
def service(folder: Path) -> Iterator[tuple[str, str]]:
    """Start a service with its record in ``folder``; gives its address and an API key."""
    environment = environment_of(folder)
    made = subprocess.run(
        [str(ASPECTS), "keys", "make", f"bench-{secrets.token_hex(4)}", "--scope", "triage"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise CannotMeasure(f"No key could be made: {made.stderr}")
    port = demo.free_port(0)
    address = f"http://127.0.0.1:{port}"
    with Path(folder, "service.log").open("w+b") as log:
        process = _start(port, log, environment)
        try:
            demo.wait_until_ready(process, address)
            yield address, made.stdout.strip()
        except demo.DemoFailed as failure:
            raise CannotMeasure(f"{failure}\n{demo.last_lines(log)}") from failure
        finally:
            demo.stop(process)


def environment_of(folder: Path) -> dict[str, str]:
    return {**os.environ, "ASPECTS_DATA_DIR": str(folder / "data"), "ASPECTS_REQUEST_LIMIT_PER_MINUTE": "100000000"}


def _start(port: int, log: IO[bytes], environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [str(ASPECTS), "serve", "--port", str(port), "--workers", str(WORKERS)]
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment, start_new_session=True)


def verify(folder: Path) -> dict[str, Any]:
    command = [str(ASPECTS), "record", "verify", "--json"]
    told = subprocess.run(command, env=environment_of(folder), capture_output=True, text=True, check=False)
    if told.returncode:
        raise CannotMeasure(f"The record is not whole: {told.stdout}{told.stderr}")
    found: dict[str, Any] = json.loads(told.stdout)
    return found


def table(figures: Figures) -> str:
    lines = [f"With a record on SQLite: {figures['workers']} workers"]
    for one in figures["loads"]:
        name = f"{one['connections']} connections"
        lines.append(f"  {name:<24}{one['per_second']:>12.0f}{one['p50_ms']:>10.2f}{one['p99_ms']:>10.2f}")
    return "\n".join([*lines, ""])

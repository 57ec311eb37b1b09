"""Numbers for Prometheus: requests, triages, scans, and how much waits; labels are ours and never a caller's words."""

import os
from collections.abc import Mapping
from typing import Any

from prometheus_client import REGISTRY as OWN_REGISTRY
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    start_http_server,
)

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
"""Where several processes of one server gather their numbers; it must be set before this module is imported."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 120.0)

REQUESTS = Counter("aspects_requests", "Requests answered.", ["method", "route", "status"])
REQUEST_SECONDS = Histogram("aspects_request_seconds", "Time to answer a request.", ["route"], buckets=_SECONDS)
TRIAGES = Counter("aspects_triages", "Cases judged, by what is to be done.", ["action"])
SCANS = Counter("aspects_scans", "Scans read: scored, or the code of the refusal.", ["result"])
WAITING = Gauge("aspects_waiting", "How much waits, by what it is.", ["what"], multiprocess_mode="mostrecent")
READY = Gauge("aspects_ready", "1: all checks of /readyz pass.", multiprocess_mode="mostrecent")

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


def count_request(method: str, route: str, status: int, seconds: float) -> None:
    """Count a request under its route's template."""
    REQUESTS.labels(method if method in METHODS else "other", route, str(status)).inc()
    REQUEST_SECONDS.labels(route).observe(seconds)


def count_triage(answer: Mapping[str, Any]) -> None:
    """Count an answer by its transfer action, the one word of ours that says what is to be done."""
    TRIAGES.labels(str((answer.get("transfer") or {}).get("action") or "none")).inc()


def count_reading(reading: Mapping[str, Any]) -> None:
    """Count a reading of a scan: scored, or why it was refused."""
    refusal = reading.get("refusal") or {}
    SCANS.labels(str(refusal.get("code") or reading.get("status") or "none")).inc()


def show_waiting(numbers: Mapping[str, float]) -> None:
    """Show how much waits."""
    for what, number in numbers.items():
        WAITING.labels(what).set(number)


def text() -> bytes:
    """All numbers of all processes of this server, as Prometheus reads them."""
    return generate_latest(_registry())


def serve(address: str) -> None:
    """Serve the numbers at an address of their own, in a thread.

    Raises
    ------
    OSError
        The address is taken or not ours.
    ValueError
        It is no address with a port.
    """
    host, _, port = address.rpartition(":")
    start_http_server(int(port), host.strip("[]") or "127.0.0.1", registry=_registry())


def _registry() -> CollectorRegistry:
    if FOLDER_VARIABLE not in os.environ:
        return OWN_REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry

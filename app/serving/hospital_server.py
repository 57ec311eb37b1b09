"""Runs the web server of a service with a record: where it may listen, the one-time sign-in, TLS, logs and numbers."""

import asyncio
import contextlib
import os
import shutil
import ssl
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import uvicorn
from fastapi import FastAPI
from uvicorn.supervisors import Multiprocess

from app.access.binding import BindingRefused, asks_who_calls, check_binding, check_files, is_loopback, one_time_code
from app.hospital import HospitalUnusable, open_hospital
from app.serving.server import SILENT_SECONDS
from app.settings.settings import Settings

_METRICS_FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_STOP_SECONDS = 30
"""Time that answers under way have once the server no longer listens."""


def serve_hospital(settings: Settings, host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    """Serve until a signal says stop.

    Raises
    ------
    BindingRefused
        The service may not listen there, or its TLS or metrics settings cannot be used.
    HospitalUnusable
        The record cannot be opened.
    """
    code = _checked(settings, host)
    os.environ[_METRICS_FOLDER] = tempfile.mkdtemp(prefix="aspects-metrics-")
    try:
        _serve_metrics(settings)
        config = _config(settings, host, port, workers)
        listener = config.bind_socket()
        if code is not None:
            scheme = "https" if config.is_ssl else "http"
            name = f"[{host}]" if ":" in host else host
            say(f"Sign in once, within 15 minutes: {scheme}://{name}:{listener.getsockname()[1]}/sign-in#{code}")
        if workers > 1:
            Multiprocess(config, sockets=[listener]).run()
        else:
            _run_one(config, listener)
    finally:
        shutil.rmtree(os.environ.pop(_METRICS_FOLDER), ignore_errors=True)


def make_app() -> FastAPI:
    """The application as each server process makes it: with logs that hold nothing about a patient."""
    from app.operations.logs import set_up_logs  # noqa: PLC0415 -- before anything of the application is imported

    set_up_logs()
    from app.serving import server_process  # noqa: PLC0415

    return server_process.make_app()


def _checked(settings: Settings, host: str) -> str | None:
    """Open the record once, bring it up to date, and see whether it may be served there; the sign-in code, if any."""
    check_files(settings)
    hospital = open_hospital(settings)
    if hospital is None:
        raise HospitalUnusable("ASPECTS_DATA_DIR is not set.")
    try:
        check_binding(hospital, host)
        return one_time_code(hospital) if is_loopback(host) and not asks_who_calls(hospital) else None
    finally:
        asyncio.run(hospital.close())


def _config(settings: Settings, host: str, port: int, workers: int) -> uvicorn.Config:
    config = uvicorn.Config(
        "app.serving.hospital_server:make_app", factory=True, host=host, port=port, workers=workers,
        access_log=False, server_header=False, log_config=None, timeout_graceful_shutdown=_STOP_SECONDS,
        timeout_worker_healthcheck=SILENT_SECONDS,
        proxy_headers=settings.trusted_proxies is not None, forwarded_allow_ips=settings.trusted_proxies or "",
        **_tls(settings),
    )  # fmt: skip
    from app.operations.logs import set_up_logs  # noqa: PLC0415

    set_up_logs()
    return config


def _tls(settings: Settings) -> dict[str, Any]:
    if settings.tls_certificate_file is None or settings.tls_key_file is None:
        return {}
    files = {"ssl_certfile": str(settings.tls_certificate_file), "ssl_keyfile": str(settings.tls_key_file)}
    try:
        ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(*files.values())
    except (OSError, ssl.SSLError):
        raise BindingRefused(
            "ASPECTS_TLS_CERTIFICATE_FILE and ASPECTS_TLS_KEY_FILE are no certificate with its key."
        ) from None
    return files


def _serve_metrics(settings: Settings) -> None:
    if settings.metrics_address is None:
        return
    from app.operations import metrics  # noqa: PLC0415 -- it looks at the environment when it is imported

    try:
        metrics.serve(settings.metrics_address)
    except (OSError, ValueError, OverflowError):
        raise BindingRefused("ASPECTS_METRICS_ADDRESS is no free address with a port of this machine.") from None


def _run_one(config: uvicorn.Config, listener: Any) -> None:
    server = uvicorn.Server(config)
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[listener])
    if not server.started:
        sys.exit(3)

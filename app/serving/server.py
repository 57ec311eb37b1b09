"""Runs the web server: checks the settings first, so that a wrong one is a sentence and not a traceback."""

import os
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable
from types import FrameType
from typing import NoReturn

import uvicorn
from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.hospital import HospitalUnusable
from app.intake.site_network import SiteFileError, load_sites
from app.interop.cds_hooks.ehr_file import load_ehrs
from app.settings.settings import Settings
from app.settings.sources import SettingsFileError
from app.web.times.reading import TimeProblem, read_zone
from scoring.errors import RuleFileError
from scoring.local_policy import with_local_policy
from scoring.rule_files import read_rulebook

_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SCAN_DIR = "ASPECTS_SCAN_DIR"
_STOP_SECONDS = 10
"""Time that answers under way have when the server is told to stop."""
SILENT_SECONDS = 60
"""How long a server process may be silent before another takes its place. At uvicorn's 5 s, processes of a busy machine
are killed while they start, one after the other, and the service never comes up."""


class SettingsUnusable(ValueError):
    """A setting cannot be used; the message names it."""


def serve_until_stopped(host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    """Serve until a signal says stop.

    Raises
    ------
    SettingsUnusable
        An environment variable holds a value that does not fit, or the network file cannot be read.
    """
    settings = checked_settings()
    own_folder = tempfile.mkdtemp(prefix="aspects-") if settings.scan_dir is None else None
    if own_folder:
        os.environ[_SCAN_DIR] = own_folder  # all processes of the server answer for each other's jobs
    # The server raises the signal again once it has stopped in order; only as an exit does the folder go as well.
    signal.signal(signal.SIGTERM, _end_in_order)
    try:
        if settings.data_dir is not None:
            _serve_record(settings, host, port, workers, say)
            return
        if host not in _LOOPBACK:
            say(
                f"Listening on {host}: whoever reaches this address can use the service, there are no accounts."
                " Put it behind a proxy that knows its users."
            )
        uvicorn.run(
            "app.serving.server_process:make_app", factory=True, host=host, port=port, workers=workers,
            access_log=False, server_header=False, timeout_graceful_shutdown=_STOP_SECONDS,
            timeout_worker_healthcheck=SILENT_SECONDS,
        )  # fmt: skip
    finally:
        if own_folder:
            shutil.rmtree(own_folder, ignore_errors=True)


def _serve_record(settings: Settings, host: str, port: int, workers: int, say: Callable[[str], None]) -> None:
    try:
        from app.access.binding import BindingRefused  # noqa: PLC0415 -- it needs what a service without a record lacks
        from app.serving.hospital_server import serve_hospital  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise SettingsUnusable(f"{error.name} is not installed; install the extra 'hospital'.") from None
    try:
        serve_hospital(settings, host, port, workers, say)
    except (BindingRefused, HospitalUnusable) as error:
        raise SettingsUnusable(str(error)) from None


def _end_in_order(_number: int, _frame: FrameType | None) -> NoReturn:
    sys.exit(0)


def checked_settings() -> Settings:
    """The settings of the environment. Raises SettingsUnusable, whose message names the setting."""
    try:
        settings = Settings()
        read_zone(settings.site_time_zone)
        sites = load_sites(settings.site_network_file, settings.site_time_zone)
        if settings.fhir_site_id is not None and settings.fhir_site_id not in sites:
            raise SettingsUnusable("ASPECTS_FHIR_SITE_ID: the network file has no such site.")
        if settings.cds_hooks_file is not None:
            load_ehrs(settings.cds_hooks_file)
        with_local_policy(read_rulebook(), settings.local_policy_file)
    except ValidationError as error:
        faults = [f"{_variable(fault['loc'])}{fault['msg']}" for fault in error.errors()]
        raise SettingsUnusable("; ".join(faults)) from None
    except TimeProblem as error:
        raise SettingsUnusable(f"ASPECTS_SITE_TIME_ZONE: {error}") from None
    except (RuleFileError, SettingsError, SettingsFileError, SiteFileError) as error:
        raise SettingsUnusable(str(error)) from None
    return settings


def _variable(place: tuple[int | str, ...]) -> str:
    return f"ASPECTS_{str(place[0]).upper()}: " if place else ""

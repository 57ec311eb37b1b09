"""What the routes share while the server runs; made once by `app.main`."""

from dataclasses import dataclass

from fastapi import Request

from app.hospital import Hospital
from app.intake.site_network import Sites
from app.problems import Problem
from app.scans.desk import ScanDesk
from app.settings.settings import Settings


@dataclass(frozen=True, slots=True)
class Service:
    """Settings, the hospitals of the network, the means to read scans, and the record if one is kept."""

    settings: Settings
    sites: Sites
    desk: ScanDesk
    hospital: Hospital | None = None
    """``None``: this service keeps nothing."""


def hospital_of(request: Request) -> Hospital:
    """The record of the application that got the request. Raises the 404 `Problem` where none is kept."""
    hospital = service_of(request).hospital
    if hospital is None:
        raise Problem(404, "This service keeps no record.")
    return hospital


def service_of(request: Request) -> Service:
    """The service of the application that got the request."""
    service: Service = request.app.state.service
    return service

"""Makes the web application: the only place where its parts are wired together."""

import shutil
import tempfile
import weakref
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI

from app import problems
from app.access.actor import Actor
from app.api import after_treatment, health, prehospital, reference_page, rules, scans, triage
from app.api.body_limit import BodyLimit
from app.api.openapi import DESCRIPTION, document
from app.api.security_headers import SecurityHeaders
from app.api.service import Service
from app.hospital import open_hospital
from app.intake.site_network import load_sites
from app.interop.cds_hooks.cross_origin import CrossOrigin
from app.interop.cds_hooks.ehr_file import EhrFile
from app.interop.cds_hooks.routes import SERVICE_PATHS, cds_router, ehrs_of
from app.interop.fhir.fhir_errors import FhirErrors
from app.interop.fhir.routes import TRIAGE_PATH
from app.interop.fhir.routes import router as fhir_router
from app.scans.desk import ScanDesk
from app.scans.jobs import JobTable
from app.scans.pool import ScanPool
from app.settings.settings import Settings
from app.version import __version__
from app.web.pages.faults import install as show_errors_as_pages
from app.web.routes import mount as mount_pages
from app.web.times.reading import read_zone

_UPLOADS = ("/v1/scans", "/scan", "/dicom-web/studies", "/dicom-web/studies/")
"""Addresses that take scans, and with them far larger bodies than the others."""


def create_app(settings: Settings | None = None, everyone: Actor | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings
        ``None``: from the environment.
    everyone
        Who every caller of a service with a record is taken for, without asking: for tests, and for programs that
        embed the service and know their user. ``None``: each has to show a key, a token or a session.

    Raises
    ------
    SiteFileError
        The network file of the settings cannot be used.
    EhrFileError
        The file of EHRs cannot be used.
    TimeProblem
        The settings name a time zone that does not exist.
    """
    settings = settings or Settings()
    app = FastAPI(
        title="ASPECTS triage",
        version=__version__,
        description=DESCRIPTION,
        lifespan=_lifespan,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    read_zone(settings.site_time_zone)
    ehrs = ehrs_of(settings)
    app.state.service = Service(
        settings,
        load_sites(settings.site_network_file, settings.site_time_zone),
        _desk(app, settings),
        open_hospital(settings),
    )
    triage.mount(app)
    for router in (
        after_treatment.router,
        prehospital.router,
        scans.router,
        rules.router,
        health.router,
        reference_page.router,
        fhir_router,
        cds_router(ehrs),
    ):
        app.include_router(router)
    if app.state.service.hospital is not None:
        _mount_hospital(app)
    mount_pages(app, settings.site_time_zone)
    problems.install(app)
    show_errors_as_pages(app)
    document(app)
    _add_middleware(app, settings, everyone, ehrs)
    return app


def _add_middleware(app: FastAPI, settings: Settings, everyone: Actor | None, ehrs: EhrFile | None) -> None:
    """Each is wrapped round those before it: what is added last sees a request first."""
    limits = dict.fromkeys(_UPLOADS, settings.upload_limit_bytes)
    limits |= dict.fromkeys((TRIAGE_PATH, *SERVICE_PATHS), settings.fhir_body_limit_bytes)
    app.add_middleware(BodyLimit, settings.json_body_limit_bytes, limits)
    hospital = app.state.service.hospital
    if hospital is not None:
        from app.access.gate import AsOne, Gate  # noqa: PLC0415 -- it needs what a service without a record lacks

        if everyone is None:
            app.add_middleware(Gate, hospital.access)
        else:
            app.add_middleware(AsOne, everyone)
    app.add_middleware(SecurityHeaders)
    if ehrs is not None:
        app.add_middleware(CrossOrigin, ehrs)
    app.add_middleware(FhirErrors)  # below /fhir, errors of every other part are told in FHIR's words
    if hospital is not None:
        from app.operations.request_log import RequestLog  # noqa: PLC0415

        app.add_middleware(RequestLog, hospital.watch)


def _mount_hospital(app: FastAPI) -> None:
    """Routes of a service with a record; each must say who may call it."""
    # They need what a service without a record lacks.
    from app.access import sign_in  # noqa: PLC0415
    from app.api import cases, metrics, queue_routes  # noqa: PLC0415
    from app.interop.dicom_in import routes as dicom_in  # noqa: PLC0415
    from app.interop.dicomweb import stow  # noqa: PLC0415
    from app.interop.fhir import kept_routes as kept_fhir  # noqa: PLC0415

    app.include_router(sign_in.router)
    app.include_router(metrics.router)
    app.include_router(cases.router)
    app.include_router(dicom_in.router)
    app.include_router(stow.router)
    app.include_router(kept_fhir.router)
    app.include_router(queue_routes.router)


def _desk(app: FastAPI, settings: Settings) -> ScanDesk:
    folder = settings.scan_dir
    if folder is None:
        folder = Path(tempfile.mkdtemp(prefix="aspects-"))
        weakref.finalize(app, shutil.rmtree, folder, ignore_errors=True)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    most = settings.scan_processes + settings.scan_queue_limit
    longest_seconds = settings.upload_seconds_limit + settings.scan_seconds_limit * most
    return ScanDesk(ScanPool(settings), JobTable(folder, settings.job_keep_seconds, longest_seconds), most)


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    service: Service = app.state.service
    service.desk.pool.prepare()
    try:
        if service.hospital is None:
            yield
        else:
            from app.serving.hospital_life import running  # noqa: PLC0415 -- it needs what a service without a record lacks

            async with running(service.hospital):
                yield
    finally:
        await service.desk.close()
        if service.hospital is not None:
            await service.hospital.close()
        if service.settings.scan_dir is None:  # a signal that ends the process would skip the finalizer
            shutil.rmtree(service.desk.jobs.folder, ignore_errors=True)

"""A hospital's whole service as schemathesis calls it.

That is its OpenAPI, and what standards describe elsewhere (FHIR, CDS Hooks) or nobody does (pages). Some of the drawn
requests name what is there.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import hypothesis
import schemathesis
from fastapi import FastAPI
from hypothesis import strategies as st
from pydantic_core import to_json
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as ASGIScope

from app.access.actor import Actor, ActorKind, Scope
from app.interop.cds_hooks.discovery import SERVICES
from app.interop.dicom_in.parts import assembler_of, spool_of
from app.main import create_app
from app.outbox import delivery_rows
from app.outbox.delivery import Delivery
from app.queue import job_rows
from app.settings.settings import Settings
from app.store.tables_cases import cases
from app.store.tables_queue import scan_jobs
from scoring.facts import FACTS
from tests.app.interop.cds_hooks.ehr import call, chart
from tests.app.interop.dicom_in.conftest import encoded
from tests.app.interop.fhir.test_hostile_bundles import JUNK, WHOLE, damaged, places
from tests.app.queue.studies import UID, WORKER, record, recorder_of
from tests.app.scans.fake_worker import scored
from tests.imaging.dicom_files import series

EVERYBODY = Actor(ActorKind.KEY, "fuzzer", frozenset(Scope))
DESCRIBED = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance,
    negative_data_rejection,
]  # fmt: skip
"""For addresses of the OpenAPI document."""
_TEXT = {"type": "string"}
_OK = {"200": {"description": "An answer."}}
_RELATED = 'multipart/related; type="application/dicom"; boundary=x'


@dataclass
class HospitalApi:
    """The application, its addresses as schemathesis knows them, and names of what it holds."""

    app: FastAPI
    operations: Mapping[str, schemathesis.APIOperation]
    known: Mapping[str, list[str]]
    bodies: Mapping[str, st.SearchStrategy[Any]]
    """By address, bodies that are nearly right, where the OpenAPI document does not describe them."""
    described: frozenset[str]
    """Those of the OpenAPI document."""

    def drawn(self, name: str) -> st.SearchStrategy[schemathesis.Case]:
        """Requests to an address: right ones, wrong ones, and ones about what is there."""
        operation = self.operations[name]
        right, wrong = schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE
        parts = {one.name for one in operation.path_parameters}
        plain = [operation.as_strategy(right)]
        if parts or operation.query or operation.body:
            plain.append(operation.as_strategy(wrong))
        known = parts if parts <= self.known.keys() else set()
        names = st.fixed_dictionaries({part: st.sampled_from(self.known[part]) for part in sorted(known)})
        if (body := self.bodies.get(name)) is not None:
            (media_type,) = (one.media_type for one in operation.body)
            plain.append(
                st.tuples(names, body).flatmap(
                    lambda drawn: operation.as_strategy(
                        right, path_parameters=drawn[0], body=drawn[1], media_type=media_type
                    )
                )
            )
        elif known:
            plain.append(names.flatmap(lambda those: operation.as_strategy(right, path_parameters=those)))
        return st.one_of(*plain)

    def ask(self, name: str, requests: int) -> Counter[int]:
        """Draw so many requests to an address; returns how often each status came. Raises what schemathesis found."""
        statuses: Counter[int] = Counter()
        checks = DESCRIBED if name in self.described else [not_a_server_error]

        @hypothesis.settings(max_examples=requests, deadline=None, suppress_health_check=list(hypothesis.HealthCheck))
        @hypothesis.given(case=self.drawn(name))
        def answers(case: schemathesis.Case) -> None:
            statuses[int(case.call_and_validate(checks=checks).status_code)] += 1

        answers()
        return statuses


def hospital_api(folder: Path) -> HospitalApi:
    """Make a service with a record in ``folder``, in which there is one of everything; nobody reads its scans."""
    settings = Settings(
        data_dir=folder, memory_free_limit_mib=0, disk_free_limit_mib=0, scan_wait_seconds=0, drain_seconds=0,
        queue_waiting_limit=10**6, site_time_zone="Europe/London",
    )  # fmt: skip
    app = create_app(settings, everyone=EVERYBODY)
    app.add_middleware(_MultipartType)
    known = _filled(app)
    document = app.openapi()
    described = set(document["paths"])
    document["paths"] |= {**_fhir(), **_cds_hooks(), **_pages()}
    for path in ("/dicom-web/studies", "/dicom-web/studies/{study_uid}"):
        document["paths"][path]["post"]["requestBody"]["content"] = {
            _RELATED: {"schema": {"format": "binary", **_TEXT}}
        }
    schema = schemathesis.openapi.from_asgi("/openapi.json", app)
    operations = {one.ok().label: one.ok() for one in schema.get_all_operations()}
    ours = frozenset(name for name, one in operations.items() if one.path in described)
    return HospitalApi(app, operations, known, _bodies(), ours)


def _filled(app: FastAPI) -> dict[str, list[str]]:
    """Put a study in, have it read, and a result on its way; returns the names of all of it."""
    hospital = app.state.service.hospital
    spool, assembler = spool_of(hospital.settings, hospital.settings.data_dir), assembler_of(hospital)
    with spool.delivery("scanner", "c-store") as delivery:
        for one in series():
            incoming = spool.open(delivery)
            incoming.write(encoded(one))
            incoming.finish()
    assembler.take_in()
    assembler.process(UID)
    with hospital.engine.connect() as connection:
        (job_id,) = connection.execute(select(scan_jobs.c.job_id)).scalars()
        kept = job_rows.kept_job(connection, job_id)
    assert kept is not None
    record(recorder_of(hospital.records), kept, scored())
    told = Delivery("hl7", "ris", "result.final", f"case/{UID}", "key")
    delivery_id = hospital.writer.write_blocking(lambda connection: delivery_rows.enqueue(connection, told, WORKER))
    with hospital.engine.connect() as connection:
        number = connection.execute(select(cases.c.number)).scalar_one()
    resources = ("report", "bundle", "aspects", "guidance", "software", "evt.aha-asa-2026")
    return {
        "case_id": [UID], "revision": ["1"], "study_uid": [UID], "job_id": [job_id], "delivery_id": [delivery_id],
        "rule_id": ["aha-asa-2026.4.7.2-3"],
        "identifier": ["facts", "triage", *(f"{number}.{one}" for one in resources)],
        "service_id": list(SERVICES),
    }  # fmt: skip


def _bodies() -> dict[str, st.SearchStrategy[Any]]:
    whole = call(chart())
    told = {"card": whole["hookInstance"], "outcome": "accepted", "outcomeTimestamp": "2026-03-14T09:00:00Z"}
    feedback = {"feedback": [told | {"acceptedSuggestions": [{"id": whole["hookInstance"]}]}]}
    objects = _spoilt_bytes(encoded(series()[0]))
    return {
        "POST /fhir/$triage": _spoilt(WHOLE),
        "POST /cds-services/{service_id}": _spoilt(whole),
        "POST /cds-services/{service_id}/feedback": _spoilt(feedback),
        "POST /dicom-web/studies": objects,
        "POST /dicom-web/studies/{study_uid}": objects,
    }


def _spoilt(body: Any) -> st.SearchStrategy[Any]:
    """A body with junk in one place."""
    return st.builds(partial(damaged, body), st.sampled_from(places(body)), st.sampled_from(JUNK))


def _spoilt_bytes(whole: bytes) -> st.SearchStrategy[bytes]:
    """A file with some of its header overwritten, or cut off."""
    at = st.integers(0, min(len(whole), 2000))
    overwritten = st.builds(
        lambda start, junk: whole[:start] + junk + whole[start + len(junk) :], at, st.binary(max_size=8)
    )
    return st.one_of(overwritten, at.map(lambda end: whole[:end]), st.just(whole))


class _MultipartType:
    """ASGI middleware: schemathesis sends no content type with a multipart body."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: ASGIScope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/dicom-web"):
            others = [header for header in scope["headers"] if header[0] != b"content-type"]
            scope["headers"] = [*others, (b"content-type", _RELATED.encode())]
        await self.app(scope, receive, send)


def _fhir() -> dict[str, Any]:
    body = {"application/fhir+json": {"schema": {"type": "object"}}}
    names = ("identifier", "patient.identifier", "status", "_lastUpdated", "_count", "_include", "_id", "before", "x")
    query = [{"name": name, "in": "query", "schema": _TEXT} for name in names]
    kinds = ("CodeSystem", "ValueSet", "OperationDefinition", "DiagnosticReport", "Bundle", "Observation", "Device")
    return {
        "/fhir/$triage": {"post": {"requestBody": {"required": True, "content": body}, "responses": _OK}},
        "/fhir/DiagnosticReport": {"get": {"parameters": query, "responses": _OK}},
        "/fhir/CodeSystem": {
            "get": {"parameters": [{"name": "url", "in": "query", "schema": _TEXT}], "responses": _OK}
        },
        "/fhir/metadata": {"get": {"responses": _OK}},
        **{
            f"/fhir/{kind}/{{identifier}}": {"get": {"parameters": [_part("identifier")], "responses": _OK}}
            for kind in kinds
        },
    }


def _cds_hooks() -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    posted = {"parameters": [_part("service_id")], "requestBody": {"required": True, "content": content}}
    called = {"post": posted | {"responses": _OK}}
    return {
        "/cds-services": {"get": {"responses": _OK}},
        "/cds-services/{service_id}": called,
        "/cds-services/{service_id}/feedback": called,
    }


def _pages() -> dict[str, Any]:
    fields = dict.fromkeys([*FACTS, "case_id", "side", "keep", "lang", "region.C", "region.M1", "revision"], _TEXT)
    form = {"application/x-www-form-urlencoded": {"schema": {"type": "object", "properties": fields}}}
    posted = {"requestBody": {"content": form}, "responses": _OK}
    return {
        "/": {"get": {"responses": _OK}, "post": posted},
        "/field": {"post": posted},
        "/cases": {"get": {"responses": _OK}, "post": posted},
        "/cases/{case_id}": {"get": {"parameters": [_part("case_id")], "responses": _OK}},
        "/cases/{case_id}/sign-off": {"post": {"parameters": [_part("case_id")], **posted}},
    }


def _part(name: str) -> dict[str, Any]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


@schemathesis.serializer(_RELATED)
def _related(_context: schemathesis.SerializationContext, value: Any) -> bytes:
    """A body of one part with whatever was drawn."""
    content = value if isinstance(value, bytes) else to_json(value, fallback=str)
    return b"--x\r\nContent-Type: application/dicom\r\n\r\n" + content + b"\r\n--x--\r\n"

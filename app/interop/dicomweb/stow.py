"""STOW-RS: ``POST /dicom-web/studies[/{study}]`` takes DICOM objects into the same spool as the storage service."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Request, Response
from pydantic_core import to_json
from python_multipart.exceptions import FormParserError

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.api.service import service_of
from app.interop.dicom_in.part10 import is_uid
from app.interop.dicom_in.parts import spool_of
from app.interop.dicomweb.receiving import Desk
from app.interop.dicomweb.related_parts import RelatedParts, parser_of
from app.interop.dicomweb.store_answer import MEDIA_TYPE, StoreAnswer
from app.problems import Problem

STUDIES_PATH = "/dicom-web/studies"

router = APIRouter(prefix="/dicom-web", tags=["dicom"])

_BLOCK_BYTES = 1 << 20
_RETRY_AFTER = {"retry-after": "30"}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {'multipart/related; type="application/dicom"': {"schema": {"type": "string", "format": "binary"}}},
    }
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All objects were stored.", "content": {MEDIA_TYPE: {}}},
    202: {"description": "Some objects were stored.", "content": {MEDIA_TYPE: {}}},
    409: {"description": "No object was stored.", "content": {MEDIA_TYPE: {}}},
}

Ingest = Annotated[Actor, Depends(requires(Scope.INGEST))]


@router.post("/studies", summary="Store DICOM objects (STOW-RS)", openapi_extra=_BODY, responses=_ANSWERS)
async def store(request: Request, actor: Ingest) -> Response:
    """Multipart/related with one DICOM file a part. An object is stored once it is on the disk.

    Objects that are not needed, such as reports, count as stored and are put aside; `GET /v1/studies` says why.
    """
    return await _store(request, actor, None)


@router.post(
    "/studies/{study_uid}", summary="Store DICOM objects of one study", openapi_extra=_BODY, responses=_ANSWERS
)
async def store_in_study(study_uid: str, request: Request, actor: Ingest) -> Response:
    """As above; objects of another study are not stored."""
    if not is_uid(study_uid):
        raise Problem(404, "The address names no study.")
    return await _store(request, actor, study_uid)


async def _store(request: Request, actor: Actor, study_uid: str | None) -> Response:
    settings = service_of(request).settings
    if settings.data_dir is None:
        raise Problem(404, "This service keeps nothing.")
    spool = spool_of(settings, settings.data_dir)
    answer = StoreAnswer()
    delivery = await anyio.to_thread.run_sync(spool.begin, actor.name, "stow-rs")
    try:
        async with asyncio.timeout(settings.upload_seconds_limit):
            desk = Desk(spool, delivery, answer, study_uid, settings.dicom_object_limit_bytes)
            await _receive(request, desk, settings.upload_files_limit)
    except TimeoutError:
        raise Problem(408, "The upload took too long.", headers={"connection": "close"}) from None
    finally:
        await anyio.to_thread.run_sync(spool.end, delivery)
    headers = _RETRY_AFTER if answer.status == 503 else None  # noqa: PLR2004 -- the status itself
    return Response(to_json(answer.to_json()), answer.status, headers=headers, media_type=MEDIA_TYPE)


async def _receive(request: Request, desk: Desk, most: int) -> None:
    parts = RelatedParts(desk.open, most)
    parser = parser_of(request.headers.get("content-type"), parts)
    try:
        async for block in _blocks(request):
            await anyio.to_thread.run_sync(parser.write, block)
    except FormParserError:
        raise Problem(400, "The multipart body is malformed.") from None
    finally:
        parts.close()
    if not parts.ended:
        raise Problem(400, "The multipart body ends before its last boundary.")
    if parts.count == 0:
        raise Problem(400, "The request brings no object.")


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _BLOCK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)

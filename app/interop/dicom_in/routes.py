"""What was received, over HTTP: studies with the account of every series, and the call to read one now."""

import json
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Any

import anyio.to_thread
from fastapi import APIRouter, Depends, Query, Request
from sqlalchemy import Connection

from app.access.actor import Actor, Scope
from app.access.guard import requires
from app.api.service import hospital_of
from app.api.strict_route import StrictJsonRoute
from app.interop.dicom_in import catalogue
from app.interop.dicom_in.part10 import is_uid
from app.interop.dicom_in.pull import pull_study
from app.interop.dicom_in.pull_faults import NodeUnusable, PullFailed
from app.interop.dicom_in.study_schemas import (
    AcceptedStudy,
    PulledStudy,
    PullRequest,
    StudyAnswer,
    StudyList,
)
from app.interop.dicom_nodes import NodesFileError, load_nodes
from app.problems import Problem
from app.store import audit
from app.store.database import read

router = APIRouter(prefix="/v1/studies", tags=["dicom"], route_class=StrictJsonRoute)

_MOST = 500

Reader = Annotated[Actor, Depends(requires(Scope.READ))]
Sender = Annotated[Actor, Depends(requires(Scope.INGEST))]


@router.get("", summary="Received studies", response_model=StudyList)
async def list_studies(
    request: Request, _actor: Reader, limit: Annotated[int, Query(ge=1, le=_MOST)] = 100
) -> dict[str, Any]:
    """The latest first, each with its state, its series (which was taken, why the others were left), and its job.

    `strays` are objects that could not be read and therefore belong to no study; they are kept aside for a while.
    """

    def listed(connection: Connection) -> dict[str, Any]:
        return {
            "studies": catalogue.list_studies(connection, limit),
            "strays": catalogue.list_strays(connection, limit),
        }

    return await read(hospital_of(request).engine, listed)


@router.get("/{study_uid}", summary="One received study", response_model=StudyAnswer)
async def show_study(study_uid: str, request: Request, _actor: Reader) -> dict[str, Any]:
    """As in the list, with the answer once its scan was read."""
    hospital = hospital_of(request)
    found = (
        await read(hospital.engine, lambda connection: catalogue.list_studies(connection, 1, study_uid))
        if is_uid(study_uid)
        else []
    )
    if not found:
        raise Problem(404, "No such study was received.")
    (study,) = found
    job_id = study["job_id"]
    result = None
    if job_id is not None:
        result = await hospital.queue.scans.result(job_id)
    return study | {"answer": None if result is None else json.loads(result.body)}


@router.post("/{study_uid}/process", status_code=202, summary="Read a study now", response_model=AcceptedStudy)
async def process_study(study_uid: str, request: Request, actor: Sender) -> dict[str, Any]:
    """Take the study to be complete as it is, without waiting for the quiet time.

    Slices that come later have it read again; a study whose objects are those of its last reading is not read twice.
    """
    hospital = hospital_of(request)

    def ask(connection: Any) -> bool:
        if not catalogue.ask(connection, study_uid, datetime.now(UTC)):
            return False
        audit.append(connection, audit.Event(actor, "study.asked", f"study/{study_uid}"))
        return True

    if not is_uid(study_uid) or not await hospital.writer.write(ask):
        raise Problem(404, "No such study was received.")
    return {"study_uid": study_uid, "state": catalogue.RECEIVING}


@router.post("/{study_uid}/pull", summary="Fetch a study from an archive", response_model=PulledStudy)
async def fetch_study(study_uid: str, request: Request, actor: Sender, wanted: PullRequest) -> dict[str, Any]:
    """Fetch a study from a node of the nodes file, by WADO-RS or C-GET, and have its head CT read."""
    hospital = hospital_of(request)
    settings = hospital.settings
    if settings.data_dir is None or not is_uid(study_uid):
        raise Problem(404, "The address names no study.")
    try:
        node = load_nodes(settings.dicom_nodes_file).get(wanted.node)
    except NodesFileError:
        raise Problem(503, "The nodes file of this service cannot be used.") from None
    if node is None:
        raise Problem(422, "No node of this name is known.", [_NO_NODE])
    pull = partial(pull_study, settings, settings.data_dir, wanted.node, node, study_uid)
    try:
        pulled = await anyio.to_thread.run_sync(pull)
    except ModuleNotFoundError:
        raise Problem(503, "This installation lacks the extra for DICOM.") from None
    except NodeUnusable as error:
        raise Problem(503, str(error)) from None
    except PullFailed as error:
        raise Problem(502, str(error)) from None
    detail = {"objects": pulled.stored, "node": wanted.node}
    event = audit.Event(actor, "study.pulled", f"study/{study_uid}", detail=detail)
    await hospital.writer.write(lambda connection: audit.append(connection, event))
    return {"study_uid": study_uid, "stored": pulled.stored, "failed": pulled.failed, "way": pulled.way}


_NO_NODE = {"loc": ["body", "node"], "msg": "No node of this name is known.", "type": "unknown_node"}

"""The process ``aspects worker``: reads the scans that wait, records what it read and sends what is to be delivered."""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from app.access.actor import Actor, ActorKind
from app.hospital import Hospital, HospitalUnusable, open_hospital
from app.intake import strict_json
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.intake.site_network import Sites, load_sites
from app.outbox.announcer import NEEDS_STUDY
from app.outbox.postman import Postman
from app.outbox.targets import DeliveriesUnusable, Means, read_targets, sender_of
from app.queue import heartbeat
from app.queue.executor import Executor
from app.queue.locks import ProcessLock, lock_of
from app.queue.pipeline import Pipeline
from app.queue.recording import Recorder
from app.scans.pool import WORKER_COMMAND, ScanPool
from app.settings.settings import Settings
from scoring.case import Case

log = logging.getLogger("aspects.worker")

_WAIT_SECONDS = 0.2


class WorkerUnusable(Exception):
    """The worker cannot start; the message says why."""


@dataclass(frozen=True, slots=True)
class _CaseReader:
    """Reads the case of a job anew, with the hospitals of the network as they are now."""

    sites: Sites

    def __call__(self, request: bytes) -> Case:
        return case_of(TriageRequest.model_validate(strict_json.parse(request)), self.sites)


def work_until_stopped(settings: Settings, command: Sequence[str] = WORKER_COMMAND) -> None:
    """Work until a signal says stop; ends the process.

    Raises
    ------
    WorkerUnusable
        Nothing is kept here, the record cannot be opened, or a worker of this name runs already.
    """
    try:
        hospital = open_hospital(settings)
    except HospitalUnusable as error:
        raise WorkerUnusable(str(error)) from None
    if hospital is None or settings.data_dir is None:
        raise WorkerUnusable("ASPECTS_DATA_DIR is not set: without a record there is no queue.")
    lock = lock_of(hospital.engine, settings.data_dir, f"worker-{settings.worker_name}")
    if not lock.take():
        raise WorkerUnusable(
            f"A worker named {settings.worker_name} runs already; give each its own ASPECTS_WORKER_NAME."
        )
    try:
        asyncio.run(_work(settings, hospital, settings.data_dir, command, lock))
    except DeliveriesUnusable as error:
        raise WorkerUnusable(f"ASPECTS_DELIVERIES_FILE: {error}") from None


async def _work(
    settings: Settings, hospital: Hospital, data_dir: Path, command: Sequence[str], lock: ProcessLock
) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    pipeline = _pipeline(settings, hospital, data_dir, ScanPool(settings, command))
    postman = _postman(settings, hospital, data_dir, pipeline)
    await pipeline.pool.prepare()
    await hospital.writer.write(lambda connection: heartbeat.appear(connection, settings.worker_name))
    executor = Executor(pipeline, hospital.engine, data_dir, settings.scan_processes)
    await asyncio.to_thread(executor.launch)
    postman.start()
    print(f"aspects: worker {settings.worker_name} reads scans.", file=sys.stderr, flush=True)  # noqa: T201 -- for whoever started it
    while not stop.is_set():
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), heartbeat.BEAT_SECONDS)
        await _beat(hospital, settings.worker_name)
        await asyncio.to_thread(lock.take)  # a database that was away has forgotten it
    await _stop(settings, hospital, pipeline, postman)


async def _beat(hospital: Hospital, worker: str) -> None:
    try:
        await hospital.writer.write(lambda connection: heartbeat.beat(connection, worker))
    except Exception as error:  # noqa: BLE001 -- a database that is away for a while must not end the worker
        log.warning("the record does not take a heartbeat (%s)", type(error).__name__)


async def _stop(settings: Settings, hospital: Hospital, pipeline: Pipeline, postman: Postman) -> None:
    """Let readings under way end, within limits, put back the others, and leave.

    Threads of the queue may still wait for their turn; nothing of theirs is lost, so they are not waited for.
    """
    pipeline.stopping.set()
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(settings.worker_stop_seconds):
            while pipeline.under_way:  # noqa: ASYNC110 -- threads empty it, not this loop
                await asyncio.sleep(_WAIT_SECONDS)
    await asyncio.to_thread(pipeline.put_back_unread)
    await asyncio.to_thread(postman.stop)
    await hospital.writer.write(lambda connection: heartbeat.stop(connection, settings.worker_name))
    await hospital.close()
    shutil.rmtree(pipeline.folder, ignore_errors=True)
    logging.shutdown()
    os._exit(0)


def _pipeline(settings: Settings, hospital: Hospital, data_dir: Path, pool: ScanPool) -> Pipeline:
    folder = data_dir / "work" / settings.worker_name
    shutil.rmtree(folder, ignore_errors=True)  # what a process of this name left that was killed
    folder.mkdir(parents=True, mode=0o700)
    actor = Actor(ActorKind.SYSTEM, f"worker {settings.worker_name}", frozenset())
    sites = load_sites(settings.site_network_file, settings.site_time_zone)
    return Pipeline(
        engine=hospital.engine,
        writer=hospital.writer,
        files=hospital.queue.files,
        pool=pool,
        loop=asyncio.get_running_loop(),
        folder=folder,
        worker=settings.worker_name,
        actor=actor,
        recorder=Recorder(hospital.records, hospital.queue.announcer, _CaseReader(sites), actor),
        slots=threading.Semaphore(settings.scan_processes),
        draws=any(target.kind in NEEDS_STUDY for target in read_targets(settings.deliveries_file)),
    )


def _postman(settings: Settings, hospital: Hospital, data_dir: Path, pipeline: Pipeline) -> Postman:
    means = Means(settings, hospital.engine, hospital.writer, hospital.queue.files, pipeline.slots)
    return Postman(
        engine=hospital.engine,
        writer=hospital.writer,
        senders={target.name: sender_of(target, means) for target in read_targets(settings.deliveries_file)},
        lock=lock_of(hospital.engine, data_dir, "outbox"),
        actor=pipeline.actor,
        attempts_limit=settings.delivery_attempts_limit,
        first_pause_seconds=settings.delivery_pause_seconds,
    )

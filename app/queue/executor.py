"""Runs jobs on DBOS: what was begun by a process that was killed is carried on by the next one of its name.

DBOS remembers which steps of which job are done and who works on it, in a store of its own. That store may be lost:
it is filled again from the jobs of the record, which alone say what was accepted.
"""

import json
import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from sqlalchemy import URL, Engine

from app.queue import job_rows
from app.queue.pipeline import Json, Pipeline
from app.store.database import make_private_file

QUEUE_FILE = "queue.db"
_QUEUE = "scans"
_WORKFLOW = "read_scan"
_APPLICATION = "aspects"
_VERSION = "1"
"""Of the steps and what passes between them. DBOS would take a checksum of the code, and a new release would then leave
the jobs of the old one lying; raise this only when the steps no longer understand what earlier ones left."""
log = logging.getLogger("aspects.worker")

_POLL_SECONDS = 0.1
_DISPATCH_SECONDS = 0.2
_TIDY_SECONDS = 10.0
_MOST_AT_ONCE = 200
_ENDED = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]


class JsonSerializer(Serializer):
    """Plain JSON: the default is pickle, by which whoever can write to the store could run code here."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=lambda value: type(value).__name__)

    def deserialize(cls, serialized_data: str) -> Any:  # noqa: N805 -- as its base names it
        return json.loads(serialized_data)

    def name(self) -> str:
        return "aspects_json"


class Executor:
    """One per process: DBOS keeps its state in the module."""

    def __init__(self, pipeline: Pipeline, engine: Engine, folder: Path, scans_at_once: int) -> None:
        self._pipeline = pipeline
        self._engine = engine
        self._folder = folder
        self._at_once = scans_at_once
        self._last_number = 0
        self._executor_id = f"aspects-worker@{pipeline.worker}"
        self._running: set[str] = set()
        self._left: set[str] = set()
        """Workflows that are said to run here and did not, when that was last looked at."""
        self._run_job = _workflow_of(pipeline, self._running)

    def launch(self) -> None:
        """Carry on with what this worker left, then take new jobs."""
        config: DBOSConfig = {
            "name": _APPLICATION,
            "system_database_url": _store_url(self._engine, self._folder),
            "application_version": _VERSION,
            "executor_id": self._executor_id,
            "log_level": "WARNING",
            "serializer": JsonSerializer(),
        }
        DBOS(config=config)
        DBOS.launch()
        # One more than are read at once: its files are fetched meanwhile.
        DBOS.register_queue(
            _QUEUE, worker_concurrency=self._at_once + 1, polling_interval_sec=_POLL_SECONDS,
            on_conflict="always_update",
        )  # fmt: skip
        threading.Thread(target=self._dispatch, name="dispatch", daemon=True).start()

    def _dispatch(self) -> None:
        """Hand over what was accepted, in order, and remove what has ended; for as long as the process lives."""
        next_tidy_s = 0.0
        while True:
            try:
                if time.monotonic() >= next_tidy_s:
                    self._tidy()
                    self._take_up_what_was_left()
                    next_tidy_s = time.monotonic() + _TIDY_SECONDS
                found = self._hand_over()
            except Exception as error:  # noqa: BLE001 -- a database that is away for a while must not end the thread
                log.warning("jobs could not be handed over (%s)", type(error).__name__)
                found = 0
            if found < _MOST_AT_ONCE:
                time.sleep(_DISPATCH_SECONDS)

    def _hand_over(self) -> int:
        """Every job has one workflow of the same name, so that handing it over twice, or by two workers, is once."""
        with self._engine.connect() as connection:
            unfinished = job_rows.unfinished_after(connection, self._last_number, _MOST_AT_ONCE)
        for number, job_id in unfinished:
            with SetWorkflowID(job_id):
                DBOS.enqueue_workflow(_QUEUE, self._run_job, job_id)
            self._last_number = number
        return len(unfinished)

    def _tidy(self) -> None:
        """Forget workflows that ended.

        A job whose workflow failed, or ended before the record was restored from an older copy, has no answer yet: it
        is handed over anew.
        """
        while ended := [
            workflow.workflow_id
            for workflow in DBOS.list_workflows(
                status=_ENDED, name=_WORKFLOW, limit=_MOST_AT_ONCE, load_input=False, load_output=False
            )
        ]:
            DBOS.delete_workflows(ended)
            with self._engine.connect() as connection:
                first = job_rows.first_unfinished(connection, ended)
            if first is not None:
                self._last_number = min(self._last_number, first - 1)

    def _take_up_what_was_left(self) -> None:
        """Run on what DBOS takes to be running here and gave up: where its store is away as a step ends, it forgets it.

        A workflow counts as given up when it was twice not found running, for it may just be about to start.
        """
        said = DBOS.list_workflows(
            status="PENDING", name=_WORKFLOW, executor_id=self._executor_id, limit=_MOST_AT_ONCE, load_input=False,
            load_output=False,
        )  # fmt: skip
        idle = {workflow.workflow_id for workflow in said} - self._running
        if given_up := sorted(idle & self._left):
            log.warning("%d jobs that were given up are taken up again", len(given_up))
            DBOS.resume_workflows(given_up, queue_name=_QUEUE)
        self._left = idle - set(given_up)


def _workflow_of(pipeline: Pipeline, running: set[str]) -> Callable[[str], None]:
    """The two steps of a job, as DBOS runs and remembers them; ``running`` holds the jobs that this process is at."""

    @DBOS.step(name="read")
    def read(job_id: str) -> Json:
        return pipeline.read(job_id)

    @DBOS.step(name="record")
    def record(job_id: str, told: Json) -> None:
        pipeline.record(job_id, told)

    @DBOS.workflow(name=_WORKFLOW, max_recovery_attempts=None)
    def read_scan(job_id: str) -> None:
        if job_id in running:
            return  # taken up twice: the first goes on
        running.add(job_id)
        try:
            record(job_id, read(job_id))
        finally:
            running.discard(job_id)

    return read_scan


def _store_url(engine: Engine, folder: Path) -> str:
    """DBOS's own store: a file of its own, or a schema of its own in our PostgreSQL."""
    if engine.dialect.name != "sqlite":
        return engine.url.render_as_string(hide_password=False)
    file = folder / QUEUE_FILE
    make_private_file(file)
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=WAL")  # stays with the file; one wait for the disk a commit, not three
    return URL.create("sqlite", database=str(file)).render_as_string()

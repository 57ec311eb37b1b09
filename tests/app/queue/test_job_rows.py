"""Jobs in the database: accepted once, begun at most twice, ended for good."""

import pytest
from sqlalchemy import Engine, select

from app.access.actor import Actor, ActorKind
from app.queue import job_rows
from app.queue.queue import Identity, JobResult, JobState, QueueFull, ScanJob
from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.tables_audit import audit_events
from app.store.writer import Writer

ACTOR = Actor(ActorKind.KEY, "ris", frozenset())
JOB = ScanJob(("a" * 64,))
SCORED = JobResult(200, b'{"reading":{"status":"scored"}}')
FAILED = JobResult(200, b'{"reading":{"status":"refused","refusal":{"code":"READING_FAILED"}}}')


@pytest.fixture
def queue(settings: Settings, engine: Engine, writer: Writer) -> StoredQueue:
    return StoredQueue(settings, engine, writer)


def begin(writer: Writer, job_id: str) -> int | None:
    return writer.write_blocking(lambda connection: job_rows.begin(connection, job_id, "worker-1", ACTOR))


def finish(writer: Writer, job_id: str, result: JobResult = SCORED) -> bool:
    return writer.write_blocking(lambda connection: job_rows.finish(connection, job_id, result, ACTOR, {}))


def test_the_same_scan_is_one_job_whatever_the_order_of_its_files(queue: StoredQueue) -> None:
    first = queue.submit_blocking(ScanJob(("a" * 64, "b" * 64)), ACTOR)
    assert queue.submit_blocking(ScanJob(("b" * 64, "a" * 64)), ACTOR) == first


@pytest.mark.parametrize(
    "other",
    [
        ScanJob(("b" * 64,)),
        ScanJob(("a" * 64,), request=b"{}"),
        ScanJob(("a" * 64,), overlay=True),
        ScanJob(("a" * 64,), identity=Identity("4711")),
    ],
    ids=["scan", "case", "picture", "patient"],
)
def test_what_differs_in_one_thing_is_another_job(queue: StoredQueue, other: ScanJob) -> None:
    assert queue.submit_blocking(JOB, ACTOR) != queue.submit_blocking(other, ACTOR)


def test_a_scan_without_a_case_is_answered_by_its_earlier_reading(queue: StoredQueue, writer: Writer) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    finish(writer, job_id)
    assert queue.submit_blocking(JOB, ACTOR) == job_id


def test_an_answer_that_depends_on_the_clock_is_given_anew_when_it_is_old(
    settings: Settings, engine: Engine, writer: Writer
) -> None:
    with_case = ScanJob(("a" * 64,), request=b"{}")
    fresh = StoredQueue(settings.model_copy(update={"job_keep_seconds": 1000}), engine, writer)
    aged = StoredQueue(settings.model_copy(update={"job_keep_seconds": -1}), engine, writer)
    job_id = fresh.submit_blocking(with_case, ACTOR)
    finish(writer, job_id)
    assert fresh.submit_blocking(with_case, ACTOR) == job_id
    assert aged.submit_blocking(with_case, ACTOR) != job_id


def test_a_scan_refused_for_the_sake_of_the_service_may_be_sent_again(queue: StoredQueue, writer: Writer) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    finish(writer, job_id, FAILED)
    again = queue.submit_blocking(JOB, ACTOR)
    assert again != job_id
    assert queue.submit_blocking(JOB, ACTOR) == again


def test_no_scan_is_begun_a_third_time(queue: StoredQueue, writer: Writer) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    assert [begin(writer, job_id) for _ in range(3)] == [1, 2, None]


def test_a_worker_that_stops_in_order_costs_the_scan_no_attempt(queue: StoredQueue, writer: Writer) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    begin(writer, job_id)
    writer.write_blocking(lambda connection: job_rows.put_back(connection, job_id, ACTOR))
    assert [begin(writer, job_id) for _ in range(3)] == [1, 2, None]


def test_an_answer_is_kept_once(queue: StoredQueue, writer: Writer, engine: Engine) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    assert [finish(writer, job_id), finish(writer, job_id, FAILED)] == [True, False]
    with engine.connect() as connection:
        assert job_rows.result_of(connection, job_id) == SCORED


def test_a_job_is_taken_back_only_while_it_waits(queue: StoredQueue, writer: Writer, engine: Engine) -> None:
    waits = queue.submit_blocking(JOB, ACTOR)
    runs = queue.submit_blocking(ScanJob(("b" * 64,)), ACTOR)
    begin(writer, runs)
    taken = [
        writer.write_blocking(lambda connection, job_id=job_id: job_rows.cancel(connection, job_id, ACTOR))
        for job_id in (waits, runs, waits)
    ]
    assert taken == [True, False, False]
    with engine.connect() as connection:
        assert job_rows.kept_job(connection, waits) is None
    assert queue.submit_blocking(JOB, ACTOR) != waits


def test_more_than_may_wait_are_turned_away_and_leave_nothing(
    settings: Settings, engine: Engine, writer: Writer
) -> None:
    queue = StoredQueue(settings.model_copy(update={"queue_waiting_limit": 1}), engine, writer)
    kept = queue.submit_blocking(JOB, ACTOR)
    with pytest.raises(QueueFull):
        queue.submit_blocking(ScanJob(("b" * 64,)), ACTOR)
    assert queue.submit_blocking(JOB, ACTOR) == kept, "the same job again needs no further room"
    with engine.connect() as connection:
        assert [view.job_id for view in job_rows.views(connection)] == [kept]


@pytest.mark.parametrize("limit", [{"disk_free_limit_mib": 2**40}, {"memory_free_limit_mib": 2**40}])
def test_no_scan_is_taken_in_where_disk_or_memory_run_short(
    settings: Settings, engine: Engine, writer: Writer, limit: dict[str, int]
) -> None:
    queue = StoredQueue(settings.model_copy(update=limit), engine, writer)
    with pytest.raises(QueueFull):
        queue.submit_blocking(JOB, ACTOR)


def test_the_trail_tells_what_was_done_and_not_whose_scan_it_is(
    queue: StoredQueue, writer: Writer, engine: Engine
) -> None:
    job = ScanJob(("a" * 64,), b'{"case_id": "Miller"}', Identity("PATIENT-4711", "HOSPITAL", "ACC-1", "1.2.3"))
    job_id = queue.submit_blocking(job, ACTOR)
    begin(writer, job_id)
    finish(writer, job_id)
    with engine.connect() as connection:
        rows = connection.execute(select(audit_events).order_by(audit_events.c.sequence)).all()
        kept = job_rows.kept_job(connection, job_id)
    assert [(row.action, row.subject) for row in rows] == [
        (action, f"job/{job_id}") for action in ("scan.accepted", "scan.begun", "scan.read")
    ]
    assert kept is None
    assert not {"Miller", "PATIENT-4711", "ACC-1"} & {word for row in rows for word in str(row).split('"')}


def test_a_job_comes_back_as_it_was_accepted(queue: StoredQueue, engine: Engine) -> None:
    job = ScanJob(("a" * 64, "b" * 64), b"{}", Identity("1", "2", "3", "4"), overlay=True, origin="dicom")
    job_id = queue.submit_blocking(job, ACTOR)
    with engine.connect() as connection:
        assert job_rows.kept_job(connection, job_id) == job_rows.KeptJob(job_id, job, "key", "ris")


def test_a_running_job_whose_worker_is_not_seen_is_called_stalled(
    queue: StoredQueue, writer: Writer, engine: Engine
) -> None:
    job_id = queue.submit_blocking(JOB, ACTOR)
    begin(writer, job_id)
    with engine.connect() as connection:
        (view,) = job_rows.views(connection)
        assert (view.state, view.stalled, job_rows.stalled(connection)) == (JobState.RUNNING, True, 1)

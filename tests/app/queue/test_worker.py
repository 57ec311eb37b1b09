"""Workers in processes of their own: what was accepted ends, whatever becomes of the worker."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.app.queue.desk import Desk, Worker, until

MakeWorker = Callable[..., Worker]
"""The others start workers on both databases; what these look at is the same on each."""
CASE = Path(__file__).parents[3] / "sample_data" / "cases" / "spoke_left_m1.json"


def test_a_scan_with_its_case_becomes_an_answer_and_a_revision_of_the_case(desk: Desk, worker: MakeWorker) -> None:
    worker()
    job_id = desk.submit(b"scan", request=CASE.read_bytes())
    until(desk.all_done)
    answer = json.loads(desk.result(job_id))
    assert answer["reading"]["total"] == 8
    assert answer["triage"]["record"]["case_id"] == "spoke_left_m1"
    assert answer["triage"]["record"]["revision"] == 1
    open_files = [file for file in (desk.folder / "data").iterdir() if file.is_file() and file.stat().st_mode & 0o077]
    assert open_files == [], "nobody else reads what was read"


@pytest.mark.parametrize("behaviour", ["refuses", "segmentation fault"])
def test_every_scan_that_cannot_be_read_ends_in_a_named_refusal(desk: Desk, worker: MakeWorker, behaviour: str) -> None:
    worker(behaviour)
    job_id = desk.submit(b"scan")
    until(desk.all_done)
    assert json.loads(desk.result(job_id))["reading"]["refusal"]["code"] in {"NOT_A_HEAD", "CORRUPT_FILE"}


def test_a_scan_that_is_no_longer_kept_is_refused_by_name(desk: Desk, worker: MakeWorker) -> None:
    job_id = desk.submit(b"scan")
    desk.objects.delete(desk.keys[-1], "test", desk.actor)
    worker()
    until(desk.all_done)
    assert json.loads(desk.result(job_id))["reading"]["refusal"]["code"] == "READING_FAILED"


def test_a_scan_whose_worker_is_killed_each_time_is_refused_and_does_not_go_round(
    desk: Desk, worker: MakeWorker
) -> None:
    job_id = desk.submit(b"poison")
    running = worker("never ends")
    for begun in (1, 2):
        until(lambda begun=begun: len(desk.events("scan.begun")) == begun)
        running.kill()
        running.start()
    until(desk.all_done)
    assert json.loads(desk.result(job_id))["reading"]["refusal"]["code"] == "READING_FAILED"


def test_a_worker_that_is_told_to_stop_ends_what_it_reads_and_leaves_the_rest(desk: Desk, worker: MakeWorker) -> None:
    jobs = [desk.submit(b"scan %d" % number) for number in range(3)]
    running = worker("slow")
    until(lambda: len(desk.events("scan.begun")) == 1)
    assert running.stop() == 0
    assert Counter(desk.states().values()) == {"done": 1, "waiting": 2}
    running.start()
    until(desk.all_done)
    assert max(Counter(desk.events("scan.begun")).values()) == 1
    assert len(desk.events("scan.read")) == len(jobs)


def test_a_worker_that_may_not_wait_puts_back_what_it_reads(desk: Desk, worker: MakeWorker) -> None:
    desk.submit(b"scan")
    running = worker("never ends", worker_stop_seconds=0.1)
    until(lambda: len(desk.events("scan.begun")) == 1)
    assert running.stop() == 0
    assert set(desk.states().values()) == {"waiting"}
    running.behaviour = "scores"
    running.start()
    until(desk.all_done)


def test_two_workers_share_the_queue_and_read_no_scan_twice(desk: Desk, worker: MakeWorker) -> None:
    worker("slow", worker_name="one")
    worker("slow", worker_name="two")
    jobs = [desk.submit(b"scan %d" % number) for number in range(6)]
    until(desk.all_done)
    assert sorted(desk.events("scan.begun")) == sorted(f"job/{job_id}" for job_id in jobs)
    assert {view.worker for view in desk.views()} == {"one", "two"}


def test_a_second_worker_of_the_same_name_does_not_start(desk: Desk, worker: MakeWorker) -> None:
    worker()
    second = worker()
    assert second.process is not None
    assert second.process.wait(timeout=20) != 0
    assert "A worker named worker-1 runs already" in second.log.read_text()


def test_jobs_go_on_where_the_executors_own_store_was_lost(desk: Desk, worker: MakeWorker, tmp_path: Path) -> None:
    desk.submit(b"scan")
    running = worker("never ends")
    until(lambda: len(desk.events("scan.begun")) == 1)
    running.kill()
    for file in (tmp_path / "data").glob("queue.db*"):
        file.unlink()
    running.behaviour = "scores"
    running.start()
    until(desk.all_done)


def test_many_small_scans_drain_without_growth_of_memory(desk: Desk, worker: MakeWorker) -> None:
    running = worker(queue_waiting_limit=1000)
    for number in range(20):
        desk.submit(b"first %d" % number)
    until(desk.all_done)
    before = running.memory_mib()
    for number in range(60):
        desk.submit(b"scan %d" % number)
    until(desk.all_done)
    assert running.memory_mib() < before + 20

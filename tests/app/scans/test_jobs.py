"""The table of jobs: names that cannot be guessed or used as paths, answers that expire, nothing left behind."""

import os
import time
from pathlib import Path

import pytest

from app.scans.jobs import Answer, JobTable


@pytest.fixture
def jobs(tmp_path: Path) -> JobTable:
    return JobTable(tmp_path, keep_seconds=100, longest_seconds=50)


def age(path: Path, seconds: float) -> None:
    os.utime(path, (time.time() - seconds,) * 2)


def test_a_job_runs_and_is_answered(jobs: JobTable) -> None:
    job = jobs.open()
    (jobs.upload_folder(job) / "scan").write_bytes(b"scan")
    assert jobs.is_known(job)
    assert jobs.answer(job) is None
    jobs.finish(job, Answer(422, b'{"a":\n1}'))
    assert jobs.answer(job) == Answer(422, b'{"a":\n1}')
    assert not jobs.upload_folder(job).exists()


def test_only_the_owner_may_look(jobs: JobTable) -> None:
    job = jobs.open()
    assert (jobs.upload_folder(job).stat().st_mode & 0o077) == 0


@pytest.mark.parametrize("name", ["", ".", "..", "../x", "a/b", "x" * 22 + "\n", "x" * 22, "ü" * 22])
def test_a_name_that_is_no_job_is_not_known(jobs: JobTable, name: str) -> None:
    jobs.open()
    assert not jobs.is_known(name)


def test_an_answer_that_nobody_fetched_goes(jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.open()
    jobs.finish(job, Answer(200, b"{}"))
    age(tmp_path / job / "answer", 99)
    assert jobs.is_known(job)
    age(tmp_path / job / "answer", 101)
    assert not jobs.is_known(job)
    assert list(tmp_path.iterdir()) == []


def test_what_a_dead_process_left_goes(jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.open()
    age(tmp_path / job, 51)
    assert not jobs.is_known(job)


def test_another_process_can_answer(jobs: JobTable, tmp_path: Path) -> None:
    job = jobs.open()
    jobs.finish(job, Answer(200, b"{}"))
    assert JobTable(tmp_path, 100, 50).answer(job) == Answer(200, b"{}")

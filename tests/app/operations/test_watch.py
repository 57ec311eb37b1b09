"""/readyz says what is not well: database, schema, rule files, disk, queue; and no check takes the others down."""

import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from app.access.actor import Actor, ActorKind
from app.hospital import Hospital, open_hospital
from app.operations import record_checks, watch
from app.operations.record_checks import watch_record
from app.operations.watch import Watch, disk_check
from app.queue.queue import ScanJob
from app.settings.settings import Settings
from app.store.writer import Writer

pytestmark = pytest.mark.anyio
RIS = Actor(ActorKind.KEY, "ris", frozenset())


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def hospital_settings(hospital_settings: Settings) -> Settings:
    """With its folder, which a record on PostgreSQL alone does not make."""
    assert hospital_settings.data_dir is not None
    hospital_settings.data_dir.mkdir(parents=True, exist_ok=True)
    return hospital_settings


@pytest.fixture(autouse=True)
def asked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers are kept for a moment; here each question is a new one."""
    monkeypatch.setattr(watch, "_KEEP_SECONDS", 0.0)


async def test_a_sound_record_has_no_fault(hospital_settings: Settings, engine: Engine, writer: Writer) -> None:
    assert await watch_record(hospital_settings, engine, writer).faults() == {}


async def test_a_schema_of_another_release_is_told(hospital_settings: Settings, engine: Engine, writer: Writer) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    found = await watch_record(hospital_settings, engine, writer).faults()
    assert set(found) == {"migrations"}
    assert found["migrations"].startswith("The schema is 0001; this release needs ")


async def test_rules_that_changed_under_the_process_are_told(
    hospital_settings: Settings, engine: Engine, writer: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = watch_record(hospital_settings, engine, writer)
    monkeypatch.setattr(record_checks, "rules_version", lambda: "another")
    assert set(await watched.faults()) == {"rules"}


async def test_a_full_disk_is_told(tmp_path: Path) -> None:
    assert disk_check(tmp_path, 0)() is None
    told = disk_check(tmp_path, 10**9)()
    assert told is not None
    assert told.endswith("MiB free; 1000000000 are needed.")


async def test_a_full_queue_is_told(hospital_settings: Settings) -> None:
    room = {"queue_waiting_limit": 1, "disk_free_limit_mib": 0, "memory_free_limit_mib": 0}
    hospital = open_hospital(hospital_settings.model_copy(update=room))
    assert isinstance(hospital, Hospital)
    assert "queue" not in await hospital.watch.faults()
    await hospital.queue.scans.submit(ScanJob(("a",)), RIS)
    assert await hospital.watch.faults() == {"queue": "The queue of scans is full."}
    assert hospital.watch.read_numbers()["scan_jobs_waiting"] == 1
    await hospital.close()


async def test_a_check_that_fails_or_hangs_is_a_fault_and_hides_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_CHECK_SECONDS", 0.2)
    watched = Watch()
    watched.add_check("broken", lambda: str(1 / 0))
    watched.add_check("slow", lambda: time.sleep(1))  # type: ignore[func-returns-value]
    watched.add_check("unwell", lambda: "It is unwell.")
    watched.add_check("well", lambda: None)
    assert await watched.faults() == {
        "broken": "The check failed (ZeroDivisionError).",
        "slow": "The check took too long.",
        "unwell": "It is unwell.",
    }


async def test_a_process_that_was_told_to_stop_is_not_ready_whatever_else_is_well() -> None:
    watched = Watch()
    watched.draining = True
    assert await watched.faults() == {"process": "It was told to stop."}


async def test_whoever_asks_often_does_not_have_the_checks_run_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "_KEEP_SECONDS", 60.0)
    runs, watched = [], Watch()
    watched.add_check("counted", lambda: runs.append(1))  # type: ignore[func-returns-value]
    for _ in range(5):
        await watched.faults()
    assert len(runs) == 1


async def test_a_number_that_cannot_be_had_hides_no_other() -> None:
    watched = Watch()
    watched.add_number("broken", lambda: 1 / 0)
    watched.add_number("sound", lambda: 3.0)
    assert watched.read_numbers() == {"sound": 3.0}

"""The writer: whole or not at all, on disk before it is told, one caller's fault is nobody else's."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, func, select
from sqlalchemy.exc import DatabaseError

from app.access.actor import ANYONE_HERE
from app.settings.settings import Settings
from app.store import audit, schema
from app.store.database import DatabaseUnusable, open_database
from app.store.faults import RecordBusy, RecordUnavailable
from app.store.tables_audit import audit_events
from app.store.writer import Writer


def note(connection: Connection, action: str = "test.done") -> int:
    return audit.append(connection, audit.Event(ANYONE_HERE, action, "test"))


def count(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(audit_events)).scalar_one()


def test_what_was_told_can_be_read(writer: Writer, engine: Engine) -> None:
    assert writer.write_blocking(note) == 1
    assert count(engine) == 1


def test_a_failing_write_is_undone_and_fails_only_its_caller(writer: Writer, engine: Engine) -> None:
    def half_done(connection: Connection) -> int:
        note(connection)
        raise LookupError("changed my mind")

    waiting, together = held_back(writer)
    futures = [writer.submit(function) for function in (note, half_done, note)]
    together.set()
    waiting.result()
    assert isinstance(futures[1].exception(), LookupError)
    assert [futures[0].result(), futures[2].result()] == [2, 3]
    assert count(engine) == 3


def test_a_broken_statement_fails_only_its_caller(writer: Writer, engine: Engine) -> None:
    waiting, together = held_back(writer)
    broken = writer.submit(lambda connection: connection.exec_driver_sql("SELECT * FROM no_such_table"))
    fine = writer.submit(note)
    together.set()
    waiting.result()
    assert isinstance(broken.exception(), DatabaseError)
    assert fine.result() == 2


def held_back(writer: Writer) -> tuple[Future[int], threading.Event]:
    """Keep the writer's thread busy with a first write until the event is set, so that later ones share a batch."""
    started, go_on = threading.Event(), threading.Event()

    def first(connection: Connection) -> int:
        started.set()
        go_on.wait(10)
        return note(connection)

    future = writer.submit(first)
    assert started.wait(10)
    return future, go_on


def test_too_many_waiting_writes_are_refused_and_none_of_them_is_half_done(engine: Engine) -> None:
    writer = Writer(engine, most_waiting=3)
    waiting, together = held_back(writer)
    accepted = [writer.submit(note) for _ in range(3)]
    with pytest.raises(RecordBusy):
        writer.submit(note)
    together.set()
    assert sorted(future.result() for future in [waiting, *accepted]) == [1, 2, 3, 4]
    writer.close()
    assert count(engine) == 4


def test_closing_writes_what_waits_and_refuses_what_comes_later(engine: Engine) -> None:
    writer = Writer(engine)
    _waiting, together = held_back(writer)
    last = writer.submit(note)
    closing = threading.Thread(target=writer.close)
    closing.start()
    together.set()
    closing.join(10)
    assert last.result() == 2
    with pytest.raises(RecordUnavailable):
        writer.submit(note)


def test_async_callers_get_their_own_results(writer: Writer, engine: Engine) -> None:
    async def many() -> list[int]:
        return await asyncio.gather(*(writer.write(note) for _ in range(200)))

    assert sorted(asyncio.run(many())) == list(range(1, 201))
    assert count(engine) == 200


def test_two_writers_of_one_database_take_turns(engine: Engine, hospital_settings: Settings) -> None:
    other_engine = open_database(hospital_settings)
    writers = [Writer(engine), Writer(other_engine)]
    futures = [writers[number % 2].submit(note) for number in range(300)]
    assert sorted(future.result() for future in futures) == list(range(1, 301))
    for writer in writers:
        writer.close()
    other_engine.dispose()


def test_a_lost_connection_fails_the_write_and_the_next_one_works(writer: Writer, engine: Engine) -> None:
    def lose(connection: Connection) -> None:
        connection.connection.driver_connection.close()
        note(connection)

    with pytest.raises(RecordUnavailable):
        writer.write_blocking(lose)
    assert writer.write_blocking(note) == 1


@pytest.mark.parametrize(("pragma", "value"), [("journal_mode", "wal"), ("synchronous", 2), ("foreign_keys", 1)])
def test_sqlite_is_set_to_lose_nothing(tmp_path: Path, pragma: str, value: object) -> None:
    engine = open_database(Settings(data_dir=tmp_path))
    with engine.connect() as connection:
        assert connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one() == value
    engine.dispose()


def test_the_folder_of_the_record_is_closed_to_other_users(tmp_path: Path) -> None:
    open_database(Settings(data_dir=tmp_path / "data")).dispose()
    assert (tmp_path / "data").stat().st_mode & 0o077 == 0


def test_the_database_is_closed_to_other_users_in_a_folder_that_was_open(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir(mode=0o755)
    engine = open_database(Settings(data_dir=tmp_path / "data"))
    schema.migrate(engine)
    with engine.connect():
        files = {file.name: file.stat().st_mode & 0o077 for file in (tmp_path / "data").iterdir()}
    engine.dispose()
    assert files.keys() >= {"aspects.db", "aspects.db-wal", "aspects.db-shm"}
    assert set(files.values()) == {0}


@pytest.mark.parametrize("url", ["no address", "mysql://u:secret@host/x", "sqlite://", "oracle://x"])
def test_an_address_that_cannot_be_used_is_refused_without_repeating_it(tmp_path: Path, url: str) -> None:
    with pytest.raises(DatabaseUnusable) as refused:
        open_database(Settings(data_dir=tmp_path, database_url=url))
    assert "secret" not in str(refused.value)


def test_a_database_of_a_later_release_is_refused(engine: Engine, writer: Writer) -> None:
    writer.write_blocking(
        lambda connection: connection.exec_driver_sql("UPDATE alembic_version SET version_num='9999'")
    )
    with pytest.raises(DatabaseUnusable, match="later release"):
        schema.migrate(engine)

"""Opens the database of the record: SQLite beside the data by default, PostgreSQL by address."""

import asyncio
import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from app.settings.settings import Settings
from app.store.faults import RecordUnavailable

DATABASE_FILE = "aspects.db"
BUSY_SECONDS = 10
WRITES = "aspects_writes"
"""Execution option of a connection whose transactions are to take SQLite's write lock when they begin."""

_LOG_PAGES = 8000
"""Pages that SQLite's log holds before it is copied into the database: 32 MiB. A commit that copies waits for the disk
several times, and at SQLite's 1000 pages more than one of a hundred did."""

T = TypeVar("T")


class DatabaseUnusable(Exception):
    """The database cannot be opened or is of another release; the message says why and holds no password."""


def open_database(settings: Settings) -> Engine:
    """Make the engine; the database itself is opened with the first statement.

    SQLite: write-ahead log, every commit on disk before it returns, foreign keys held. PostgreSQL: psycopg.

    Raises
    ------
    DatabaseUnusable
        No data folder is set, or the address names a database that is not supported.
    """
    url = database_url(settings)
    if url.get_backend_name() == "sqlite":
        if url.database:
            make_private_folder(Path(url.database).parent)
        engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False})
        event.listen(engine, "do_connect", _before_sqlite)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    engine = create_engine(url, pool_pre_ping=True, connect_args={"connect_timeout": BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_postgresql)
    return engine


def database_url(settings: Settings) -> URL:
    """The address from the settings, with the driver that is used here. Raises DatabaseUnusable."""
    if settings.database_url is None:
        if settings.data_dir is None:
            raise DatabaseUnusable("ASPECTS_DATA_DIR is not set: there is no record.")
        return URL.create("sqlite", database=str(settings.data_dir / DATABASE_FILE))
    try:
        url = make_url(settings.database_url)
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        raise DatabaseUnusable("ASPECTS_DATABASE_URL is not an address of a database.") from None
    if backend in {"postgresql", "postgres"}:
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite" or not url.database:
        raise DatabaseUnusable("ASPECTS_DATABASE_URL names neither a SQLite file nor a PostgreSQL database.")
    return url.set(drivername="sqlite")


def make_private_folder(folder: Path) -> None:
    """Make the folder of the record, which nobody but the service's own user may enter."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def make_private_file(file: Path) -> None:
    """Make a file before SQLite does, whose log takes its mode: the folder may have been there, open to all."""
    with contextlib.suppress(OSError):  # SQLite tells what is wrong
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


async def read(engine: Engine, function: Callable[[Connection], T]) -> T:
    """Run ``function(connection)`` away from the event loop, on one unchanging state of the database.

    Raises
    ------
    RecordUnavailable
        The database does not answer.
    """
    return await asyncio.to_thread(read_blocking, engine, function)


def read_blocking(engine: Engine, function: Callable[[Connection], T]) -> T:
    """The same for callers without an event loop."""
    try:
        with engine.connect() as connection:
            if engine.dialect.name == "postgresql":
                connection.execution_options(isolation_level="REPEATABLE READ")
            return function(connection)
    except SQLAlchemyError as error:
        raise RecordUnavailable("The database does not answer.") from error


def _before_sqlite(_dialect: object, _record: object, words: list[Any], _options: object) -> None:
    make_private_file(Path(words[0]))


def _set_up_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # transactions begin where SQLAlchemy says, not where the driver guesses
    pragmas = (
        "journal_mode=WAL", "synchronous=FULL", f"wal_autocheckpoint={_LOG_PAGES}", "foreign_keys=ON",
        "recursive_triggers=ON",
    )  # fmt: skip
    for pragma in pragmas:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get(WRITES, False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _set_up_postgresql(connection: Any, _record: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET synchronous_commit TO on")
        cursor.execute("SET TIME ZONE 'UTC'")
    connection.commit()

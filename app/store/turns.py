"""Who writes next, when several processes keep one record."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from sqlalchemy import Connection, Engine, text

from app.store.database import WRITES

_ADVISORY_KEY = 0x41535045435453
"""The word ASPECTS in bytes: the name of our lock among all locks of a PostgreSQL server."""


class Turns(Protocol):
    """The way in which writers of one database take turns."""

    def take(self) -> AbstractContextManager[Connection]:
        """A connection whose transaction may write."""

    def lock(self, connection: Connection) -> None:
        """Wait, in the transaction, until no other process writes."""


class SqliteTurns:
    """A queue at a lock file: waiting for SQLite's own lock means asking again and again, and the slow never get in."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(**{WRITES: True})
        self._file: int | None = None
        self._path = f"{engine.url.database}-turn"

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """Wait for the lock file; it is let go when the transaction is over, or the process."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        fcntl.flock(self._file, fcntl.LOCK_EX)
        try:
            with self._engine.connect() as connection:
                yield connection
        finally:
            fcntl.flock(self._file, fcntl.LOCK_UN)

    def lock(self, connection: Connection) -> None:
        """BEGIN IMMEDIATE has taken SQLite's lock already."""


class PostgresqlTurns:
    """An advisory lock that ends with the transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @contextmanager
    def take(self) -> Iterator[Connection]:
        """A connection of the pool."""
        with self._engine.connect() as connection:
            yield connection

    def lock(self, connection: Connection) -> None:
        """Wait for the other writers."""
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_KEY})


def turns_of(engine: Engine) -> Turns:
    """The way that fits the database."""
    return SqliteTurns(engine) if engine.dialect.name == "sqlite" else PostgresqlTurns(engine)

"""Locks that end with the process that holds them: a worker's name, the right to send deliveries."""

import fcntl
import hashlib
import os
from pathlib import Path
from typing import Protocol

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import SQLAlchemyError


class ProcessLock(Protocol):
    """Held by at most one process of all that share the record."""

    def take(self) -> bool:
        """Take it, or find that it is held still; false while another process has it. Does not wait."""

    def let_go(self) -> None:
        """Give it up."""


def lock_of(engine: Engine, folder: Path, name: str) -> ProcessLock:
    """The lock that fits the database: a file beside SQLite, an advisory lock in PostgreSQL."""
    if engine.dialect.name == "sqlite":
        return FileLock(folder / f"{name}.lock")
    return AdvisoryLock(engine, name)


class FileLock:
    """A lock of the operating system on a file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def take(self) -> bool:
        """Take it; see `ProcessLock`."""
        if self._file is not None:
            return True
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            return False
        self._file = file
        return True

    def let_go(self) -> None:
        """Give it up."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class AdvisoryLock:
    """A lock of a PostgreSQL session; when the connection is lost, so is the lock, and `take` notices."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._key = int.from_bytes(hashlib.sha256(f"aspects {name}".encode()).digest()[:8], "big", signed=True)
        self._connection: Connection | None = None

    def take(self) -> bool:
        """Take it; see `ProcessLock`."""
        try:
            if self._connection is not None:
                self._connection.execute(text("SELECT 1"))
                return True
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if connection.execute(text("SELECT pg_try_advisory_lock(:key)"), {"key": self._key}).scalar_one():
                self._connection = connection
                return True
            connection.close()
        except SQLAlchemyError:
            self.let_go()
        return False

    def let_go(self) -> None:
        """Give it up by closing the session: only that is sure to end the lock."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()

"""The one thread of a process that writes: many callers share a transaction and its single wait for the disk.

Processes take turns by a lock of the operating system on SQLite, and by an advisory lock on PostgreSQL.
"""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from app.store.faults import RecordBusy, RecordUnavailable
from app.store.turns import Turns, turns_of

__all__ = ["RecordBusy", "RecordUnavailable", "Write", "Writer"]

MOST_WAITING = 2000
"""Writes that may wait; more would only tell their callers later that the disk cannot keep up."""
MOST_TOGETHER = 64
"""Writes that share a transaction: few enough that other processes get their turn."""

_SWITCH_SECONDS = 0.0005

T = TypeVar("T")
Write = Callable[[Connection], T]


class Writer:
    """Runs functions that write, in order, each whole or not at all, on disk before its caller hears of it."""

    def __init__(self, engine: Engine, most_waiting: int = MOST_WAITING) -> None:
        self._engine = engine
        self._turns: Turns = turns_of(engine)
        self._most_waiting = most_waiting
        self._waiting: deque[tuple[Write[Any], Future[Any]]] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._closed = False

    async def write(self, function: Write[T]) -> T:
        """Run ``function(connection)`` in a transaction; returns its result once that is on disk.

        An exception of the function undoes what it wrote and reaches its caller; nobody else notices.

        Raises
        ------
        RecordBusy
            Too many writes wait.
        RecordUnavailable
            The database did not take it.
        """
        return await asyncio.wrap_future(self.submit(function))

    def write_blocking(self, function: Write[T]) -> T:
        """The same for callers without an event loop; not from within a write, which would wait for itself."""
        if threading.current_thread() is self._thread:
            raise RuntimeError("A write cannot wait for another: use its connection.")
        return self.submit(function).result()

    def submit(self, function: Write[T]) -> Future[T]:
        """Put a write in line. Raises as ``write``."""
        future: Future[T] = Future()
        with self._changed:
            if self._closed:
                raise RecordUnavailable("The record is closed.")
            if len(self._waiting) >= self._most_waiting:
                raise RecordBusy("Too many writes wait.")
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="record-writer", daemon=True)
                self._thread.start()
            self._waiting.append((function, future))
            self._changed.notify()
        return future

    @property
    def waiting(self) -> int:
        """How many writes wait, for metrics."""
        return len(self._waiting)

    def close(self) -> None:
        """Write what waits, then end the thread. Later writes are refused."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        # At the default, after each statement this thread waits 5 ms until the thread of the requests lets it go on.
        sys.setswitchinterval(_SWITCH_SECONDS)
        while batch := self._next_batch():
            try:
                told = self._write_together(batch)
            except SQLAlchemyError as error:
                self._fail(batch, error)
            except BaseException as error:
                self._fail(batch, error)
                if not isinstance(error, Exception):
                    raise
            else:
                for (_, future), (result, fault) in zip(batch, told, strict=True):
                    if fault is None:
                        future.set_result(result)
                    else:
                        future.set_exception(fault)

    def _next_batch(self) -> list[tuple[Write[Any], Future[Any]]]:
        """What waits, as soon as anything does; empty once the writer is closed and nothing is left."""
        with self._changed:
            while True:
                while not self._waiting:
                    if self._closed:
                        return []
                    self._changed.wait()
                batch = [self._waiting.popleft() for _ in range(min(MOST_TOGETHER, len(self._waiting)))]
                wanted = [(function, future) for function, future in batch if future.set_running_or_notify_cancel()]
                if wanted:
                    return wanted

    def _write_together(self, batch: list[tuple[Write[Any], Future[Any]]]) -> list[tuple[Any, Exception | None]]:
        """Run all functions in one transaction, each behind a savepoint of its own; returns after the commit."""
        told: list[tuple[Any, Exception | None]] = []
        with self._turns.take() as connection, connection.begin():
            self._turns.lock(connection)
            for function, _ in batch:
                told.append(_run_alone(connection, function))
        return told

    @staticmethod
    def _fail(batch: list[tuple[Write[Any], Future[Any]]], error: BaseException) -> None:
        for _, future in batch:
            fault = RecordUnavailable("The database did not take the write.")
            fault.__cause__ = error
            future.set_exception(fault)


def _run_alone(connection: Connection, function: Write[Any]) -> tuple[Any, Exception | None]:
    """Run one function; if it fails, undo it alone. A savepoint that is gone ends the whole transaction.

    The driver is asked directly: SQLAlchemy's own savepoints cost a quarter of a small write.
    """
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT alone")
    try:
        result = function(connection)
    except Exception as fault:  # noqa: BLE001 -- whatever went wrong belongs to the one who asked
        driver.execute("ROLLBACK TO SAVEPOINT alone")
        driver.execute("RELEASE SAVEPOINT alone")
        return None, fault
    driver.execute("RELEASE SAVEPOINT alone")
    return result, None

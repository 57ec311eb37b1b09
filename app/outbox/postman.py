"""Sends what waits in the outbox: one delivery a target at a time, again with growing pauses, until it is given up.

Every worker has one; the one that holds the lock sends, so that nothing is sent by two.
"""

import logging
import random
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from sqlalchemy import Engine

from app.access.actor import Actor
from app.outbox import delivery_rows
from app.outbox.delivery import Parcel, Sender, Undelivered
from app.queue.faults import told_without_message
from app.queue.locks import ProcessLock
from app.store.writer import Writer

log = logging.getLogger("aspects.outbox")

LONGEST_PAUSE_SECONDS = 3600.0
_JITTER = 0.2
"""Pauses vary by a fifth, so that targets that failed together are not asked again together."""
_LOOK_SECONDS = 0.5
_MOST_TARGETS_AT_ONCE = 16


@dataclass(slots=True)
class Postman:
    """Sends from threads of its own until told to stop."""

    engine: Engine
    writer: Writer
    senders: Mapping[str, Sender]
    """By name of the target. Deliveries to other targets wait: they may be configured again."""
    lock: ProcessLock
    actor: Actor
    attempts_limit: int
    first_pause_seconds: float
    _busy: set[str] = field(default_factory=set)
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(_MOST_TARGETS_AT_ONCE, "send"))

    def start(self) -> None:
        """Begin to send."""
        self._thread = threading.Thread(target=self._run, name="outbox", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Send nothing new, let what is on its way arrive (senders have time limits of their own), let go the lock."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._pool.shutdown(wait=True, cancel_futures=True)
        self.lock.let_go()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                if self.senders and self.lock.take():
                    self.look()
            except Exception as error:  # noqa: BLE001 -- a database that is away for a while must not end the thread
                log.warning("the outbox cannot be read (%s)", type(error).__name__)
            self._stop.wait(_LOOK_SECONDS)

    def look(self) -> None:
        """Send what is due, each target in a thread of its own."""
        free = self.senders.keys() - self._busy
        if not free:
            return
        with self.engine.connect() as connection:
            parcels = delivery_rows.due(connection, free)
        for parcel in parcels:
            self._busy.add(parcel.target)
            self._pool.submit(self._send, parcel)

    def _send(self, parcel: Parcel) -> None:
        try:
            self._send_and_note(parcel)
        except Exception as error:  # noqa: BLE001 -- not noted: the delivery waits still and is sent again
            log.warning("delivery %s: its attempt could not be noted (%s)", parcel.id, type(error).__name__)
        finally:
            self._busy.discard(parcel.target)

    def _send_and_note(self, parcel: Parcel) -> None:
        try:
            self.senders[parcel.target].send(parcel)
        except Undelivered as error:
            self._note_failure(parcel, error)
        except Exception as error:  # noqa: BLE001 -- whatever a sender does wrong must not stop the others
            log.error("delivery %s: fault of the sender: %s", parcel.id, told_without_message(error))  # noqa: TRY400 -- as above
            self._note_failure(parcel, Undelivered(f"Fault of the sender ({type(error).__name__})."))
        else:
            self.writer.write_blocking(lambda connection: delivery_rows.sent(connection, parcel, self.actor))

    def _note_failure(self, parcel: Parcel, error: Undelivered) -> None:
        if not error.again or parcel.attempt >= self.attempts_limit:
            log.error("delivery %s to %s is given up: %s", parcel.id, parcel.target, error.reason)
            self.writer.write_blocking(
                lambda connection: delivery_rows.give_up(connection, parcel, self.actor, error.reason)
            )
            return
        pause_seconds = error.after_seconds or self._pause_seconds(parcel.attempt)
        self.writer.write_blocking(
            lambda connection: delivery_rows.failed(connection, parcel, self.actor, error.reason, pause_seconds)
        )

    def _pause_seconds(self, attempt: int) -> float:
        doubled = min(self.first_pause_seconds * 2.0 ** min(attempt - 1, 30), LONGEST_PAUSE_SECONDS)
        return doubled * random.uniform(1 - _JITTER, 1 + _JITTER)  # noqa: S311 -- spreads load, keeps no secret

"""Bounds what strangers cost before an association stands: who may connect, how many wait, and for how long.

The library counts every open connection against the limit of associations, so fifteen silent ones would keep an archive
out. Here silent ones are ended after a short time, and when many wait the oldest of them goes, never the newcomer.
"""

import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

MOST_WAITING = 32
"""Connections that may wait to become associations, of all addresses together."""


@dataclass(slots=True)
class _Waiting:
    socket: socket.socket
    since: float
    wake: Callable[[], object] | None


class Doorkeeper:
    """Knows the connections that are no associations yet; used by the accepting thread and those of connections."""

    def __init__(self, may_connect: Callable[[str], bool], seconds: float, most: int = MOST_WAITING) -> None:
        """``may_connect``: whether an address may connect at all; ``seconds``: how long one may wait."""
        self._may_connect = may_connect
        self._seconds = seconds
        self._most = most
        self._waiting: dict[int, _Waiting] = {}
        self._lock = threading.Lock()

    def admits(self, address: str) -> bool:
        """Whether the address may connect."""
        return self._may_connect(address)

    def watch(self, key: int, connection: socket.socket, wake: Callable[[], object] | None = None) -> None:
        """Begin to watch a connection; a second call replaces its socket (after TLS) and keeps its time.

        ``wake`` is called when the connection is ended, for whoever waits for its request.
        """
        with self._lock:
            known = self._waiting.get(key)
            self._waiting[key] = _Waiting(connection, known.since if known else time.monotonic(), wake)
            surplus = sorted(self._waiting.values(), key=lambda one: one.since)[: -self._most]
        for one in surplus:
            _end(one)

    def leave(self, key: int) -> None:
        """Stop watching: the connection has become an association, or is gone."""
        with self._lock:
            self._waiting.pop(key, None)

    def sweep(self) -> None:
        """End connections that waited too long."""
        now = time.monotonic()
        with self._lock:
            late = [one for one in self._waiting.values() if now - one.since > self._seconds]
        for one in late:
            _end(one)


def _end(one: _Waiting) -> None:
    with suppress(OSError):
        one.socket.shutdown(socket.SHUT_RDWR)
    if one.wake is not None:
        one.wake()
        one.wake = None

"""Stops a server process without losing what it has accepted: no new callers, then no listening, then the end.

On the signal to stop, ``/readyz`` turns to 503 and every answer closes its connection, while all requests are answered
as before. A balancer has ``drain_seconds`` to send its callers elsewhere; then the server stops in its own order.
"""

import asyncio
import logging
import signal
import threading
from types import FrameType

from app.operations.watch import Watch

log = logging.getLogger("aspects.server")


def drain_on_stop(watch: Watch, seconds: float) -> None:
    """Put the drain before what the server does on SIGTERM; call it in the running loop of a server's main thread.

    A second signal, or a keyboard's interrupt, skips the drain.
    """
    if seconds <= 0 or threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    servers_own = signal.getsignal(signal.SIGTERM)
    if not callable(servers_own):
        return  # not run by a server: nothing would stop in order

    def stop(number: int, frame: FrameType | None) -> None:
        if watch.draining:
            servers_own(number, frame)
            return
        watch.draining = True
        loop.call_soon_threadsafe(begin, number)

    def begin(number: int) -> None:
        log.info("Told to stop; draining for %.1f s.", seconds)
        loop.call_later(seconds, servers_own, number, None)

    signal.signal(signal.SIGTERM, stop)

"""Counters that begin anew with each window, for the limits on callers; one process, no threads of its own.

The memory storage that comes with the library starts a timer thread for every second request, which costs as much as
judging a case.
"""

import time
from dataclasses import dataclass

from limits.storage import Storage

MOST_COUNTERS = 10_000
"""Callers that are told apart before those whose window is over are forgotten."""


@dataclass(slots=True)
class _Window:
    ends: float
    """Seconds since 1970, as the library tells it."""
    count: int


class WindowStorage(Storage):
    """What the library's fixed-window strategy needs; to be used from the thread of the event loop alone."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._windows: dict[str, _Window] = {}
        self._sweep_at = MOST_COUNTERS

    @property
    def base_exceptions(self) -> type[Exception]:
        """Nothing here fails of itself."""
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count; the first of a window begins one of ``expiry`` seconds."""
        now = time.time()
        window = self._windows.get(key)
        if window is None or window.ends <= now:
            self._forget_ended(now)
            window = self._windows[key] = _Window(now + expiry, 0)
        window.count += amount
        return window.count

    def get(self, key: str) -> int:
        """The count of a window that is not over, else 0."""
        window = self._windows.get(key)
        return 0 if window is None or window.ends <= time.time() else window.count

    def get_expiry(self, key: str) -> float:
        """When the window ends; now, for a caller who was not counted."""
        window = self._windows.get(key)
        return time.time() if window is None else window.ends

    def check(self) -> bool:
        """Memory is always there."""
        return True

    def reset(self) -> int:
        """Forget all; returns how many there were."""
        known = len(self._windows)
        self._windows.clear()
        return known

    def clear(self, key: str) -> None:
        """Forget one."""
        self._windows.pop(key, None)

    def _forget_ended(self, now: float) -> None:
        """Sweep when many have come since the last time, so that each caller's share of it is constant."""
        if len(self._windows) >= self._sweep_at:
            self._windows = {key: window for key, window in self._windows.items() if window.ends > now}
            self._sweep_at = max(MOST_COUNTERS, 2 * len(self._windows))

"""Remembers for a moment whom a key or a session stands for, so that the database is not asked for every request."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")

KNOWN_SECONDS = 2.0
"""How long an answer of the database counts: an ended key works at most this much longer in another process."""
_MOST_KNOWN = 10_000
_MOST_LOOK_UPS = 4


class KnownSecrets(Generic[T]):
    """Answers by the hash of a secret, wrong secrets among them, each for a short time."""

    def __init__(self, look_up: Callable[[str], T | None], seconds: float = KNOWN_SECONDS) -> None:
        """``look_up`` asks the database; it runs in a thread."""
        self._look_up = look_up
        self._seconds = seconds
        self._known: OrderedDict[str, tuple[float, T | None]] = OrderedDict()
        self._turns = asyncio.Semaphore(_MOST_LOOK_UPS)

    async def find(self, secret_hash: str) -> T | None:
        """What the secret stands for now, or did a moment ago; ``None``: nothing."""
        if (known := self._fresh(secret_hash)) is not None:
            return known[0]
        async with self._turns:  # a flood of wrong keys takes few threads and not all
            if (known := self._fresh(secret_hash)) is not None:
                return known[0]
            found = await asyncio.to_thread(self._look_up, secret_hash)
        self._known[secret_hash] = (time.monotonic() + self._seconds, found)
        self._known.move_to_end(secret_hash)
        while len(self._known) > _MOST_KNOWN:
            self._known.popitem(last=False)
        return found

    def forget(self, secret_hash: str) -> None:
        """Ask the database again the next time."""
        self._known.pop(secret_hash, None)

    def _fresh(self, secret_hash: str) -> tuple[T | None] | None:
        entry = self._known.get(secret_hash)
        return None if entry is None or entry[0] < time.monotonic() else (entry[1],)

"""How often one caller may ask; counted in each server process for itself."""

import math
import time

from limits import RateLimitItemPerMinute
from limits.strategies import FixedWindowRateLimiter

from app.access.rate_windows import WindowStorage
from app.problems import Problem


class Rates:
    """Counts requests by caller and wrong credentials by address."""

    def __init__(self, requests_per_minute: int, failures_per_minute: int) -> None:
        self._counter = FixedWindowRateLimiter(WindowStorage())
        self._requests = RateLimitItemPerMinute(requests_per_minute)
        self._failures = RateLimitItemPerMinute(failures_per_minute)

    def count_request(self, caller: str) -> None:
        """Count a request; raises the 429 `Problem` beyond the limit."""
        if not self._counter.hit(self._requests, "request", caller):
            raise self._too_many(self._requests, "request", caller, "Too many requests.")

    def check_failures(self, address: str) -> None:
        """Raise the 429 `Problem` where an address has sent too many wrong credentials."""
        if not self._counter.test(self._failures, "failure", address):
            raise self._too_many(self._failures, "failure", address, "Too many wrong keys, tokens or codes.")

    def count_failure(self, address: str) -> None:
        """Count a wrong key, token, session or code."""
        self._counter.hit(self._failures, "failure", address)

    def _too_many(self, limit: RateLimitItemPerMinute, *caller: str) -> Problem:
        *key, detail = caller
        ends = self._counter.get_window_stats(limit, *key).reset_time
        seconds = max(1, math.ceil(ends - time.time()))
        return Problem(429, detail, headers={"retry-after": str(seconds), "connection": "close"})

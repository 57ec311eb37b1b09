"""Limits on callers: counted in windows that end, apart for each caller, without threads, and forgotten in the end."""

import threading
import time

import pytest

from app.access import rate_windows
from app.access.rate_windows import WindowStorage
from app.access.rates import Rates
from app.problems import Problem


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1_700_000_000.0]
    monkeypatch.setattr(time, "time", lambda: now[0])
    return now


def refused(rates: Rates, caller: str) -> Problem | None:
    try:
        rates.count_request(caller)
    except Problem as problem:
        return problem
    return None


def test_the_limit_holds_for_each_caller_and_ends_with_the_minute(clock: list[float]) -> None:
    rates = Rates(requests_per_minute=3, failures_per_minute=1)
    assert [refused(rates, "a") for _ in range(3)] == [None] * 3
    clock[0] += 20
    problem = refused(rates, "a")
    assert problem is not None
    assert problem.status_code == 429
    assert problem.headers == {"retry-after": "40", "connection": "close"}
    assert refused(rates, "b") is None
    clock[0] += 40
    assert refused(rates, "a") is None


def test_wrong_credentials_are_counted_apart(clock: list[float]) -> None:
    rates = Rates(requests_per_minute=100, failures_per_minute=2)
    for _ in range(2):
        rates.check_failures("a")
        rates.count_failure("a")
    with pytest.raises(Problem):
        rates.check_failures("a")
    rates.check_failures("b")
    clock[0] += 61
    rates.check_failures("a")


def test_counting_starts_no_thread() -> None:
    before = threading.active_count()
    rates = Rates(requests_per_minute=1000, failures_per_minute=1000)
    for number in range(100):
        rates.count_request(f"caller-{number}")
        assert threading.active_count() == before


def test_callers_of_the_past_are_forgotten(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_windows, "MOST_COUNTERS", 50)
    storage = WindowStorage()
    for number in range(5000):
        clock[0] += 10
        storage.incr(f"caller-{number}", 60)
    assert storage.reset() <= 60


def test_callers_of_this_minute_are_not_forgotten(clock: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rate_windows, "MOST_COUNTERS", 10)
    storage = WindowStorage()
    for number in range(500):
        assert storage.incr(f"caller-{number}", 60) == 1
    assert all(storage.get(f"caller-{number}") == 1 for number in range(500))
    assert clock

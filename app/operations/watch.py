"""What is watched while a hospital's service runs: checks for /readyz and numbers for /metrics, told by each part."""

import asyncio
import contextlib
import logging
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

log = logging.getLogger("aspects.watch")

Check = Callable[[], str | None]
"""``None``: all is well; else why not, in a sentence without names, addresses or secrets. Runs in a thread."""
Number = Callable[[], float]

_CHECK_SECONDS = 5.0
_KEEP_SECONDS = 1.0
"""Anybody may ask /readyz: the checks run at most this often."""


@dataclass
class Watch:
    """Checks and numbers by name; a part adds its own where it is opened."""

    checks: dict[str, Check] = field(default_factory=dict)
    numbers: dict[str, Number] = field(default_factory=dict)
    draining: bool = False
    """The process was told to stop: it still answers, and wants no new callers."""
    _last: tuple[float, dict[str, str]] = (-_KEEP_SECONDS, {})

    def add_check(self, name: str, check: Check) -> None:
        """Add a check; it should take well under a second."""
        self.checks[name] = check

    def add_number(self, name: str, number: Number) -> None:
        """Add a number, such as how many messages wait, under the name of its metric."""
        self.numbers[name] = number

    async def faults(self) -> dict[str, str]:
        """The checks that fail, each with its sentence."""
        if self.draining:
            return {"process": "It was told to stop."}
        at, last = self._last
        if time.monotonic() - at < _KEEP_SECONDS:
            return last
        results = await asyncio.gather(*(_result(name, check) for name, check in self.checks.items()))
        found = {name: fault for name, fault in results if fault is not None}
        self._last = (time.monotonic(), found)
        return found

    def read_numbers(self) -> dict[str, float]:
        """All numbers that can be had now."""
        found: dict[str, float] = {}
        for name, number in self.numbers.items():
            try:
                found[name] = number()
            except Exception as error:  # noqa: BLE001 -- one part's fault must not hide the others' numbers
                log.warning("The number %s cannot be had (%s).", name, type(error).__name__)
        return found


def disk_check(folder: Path, least_mib: int) -> Check:
    """A check that fails where the disk is nearly full: accepted scans could not be kept."""

    def check() -> str | None:
        free_mib = shutil.disk_usage(folder).free // (1024 * 1024)
        return None if free_mib >= least_mib else f"The disk has {free_mib} MiB free; {least_mib} are needed."

    return check


async def _result(name: str, check: Check) -> tuple[str, str | None]:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            return name, await asyncio.to_thread(check)
    except TimeoutError:
        return name, "The check took too long."
    except Exception as error:  # noqa: BLE001 -- a check that fails is an answer
        log.warning("The check %s failed (%s).", name, type(error).__name__)
        return name, f"The check failed ({type(error).__name__})."


async def keep_reading(watch: Watch, show: Callable[[dict[str, float]], None], seconds: float = 5.0) -> None:
    """Show the numbers again and again, until cancelled."""
    with contextlib.suppress(asyncio.CancelledError):
        while True:
            show(await asyncio.to_thread(watch.read_numbers))
            await asyncio.sleep(seconds)

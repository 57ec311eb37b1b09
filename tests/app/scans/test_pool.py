"""What becomes of a scan whose process crashes, hangs or never starts: a refusal, and a server that goes on."""

import asyncio
import sys
import time
from pathlib import Path

import pytest

from app.answers.scan_schemas import RefusedReading
from app.scans.pool import ScanPool, WorkerUnavailable
from app.settings.settings import Settings

FAKE = Path(__file__).with_name("fake_worker.py")

pytestmark = pytest.mark.anyio


def pool(behaviour: str, **settings: float) -> ScanPool:
    return ScanPool(Settings(**settings), (sys.executable, str(FAKE), behaviour))


@pytest.mark.parametrize(
    ("behaviour", "code"),
    [
        ("segmentation fault", "CORRUPT_FILE"),
        ("ends silently", "CORRUPT_FILE"),
        ("fault", "CORRUPT_FILE"),
        ("memory error", "TOO_LARGE"),
        ("out of memory", "TOO_LARGE"),
        ("never ends", "TOO_LARGE"),
    ],
)
async def test_a_lost_process_refuses_the_scan(behaviour: str, code: str, tmp_path: Path) -> None:
    processes = pool(behaviour, scan_seconds_limit=0.5)
    started = time.monotonic()
    reading = await processes.read(tmp_path / "scan")
    assert RefusedReading.model_validate(reading).refusal.code == code
    assert time.monotonic() - started < 5
    await processes.close()


async def test_a_process_that_never_starts_is_told_apart_from_a_bad_scan(tmp_path: Path) -> None:
    processes = pool("never starts")
    with pytest.raises(WorkerUnavailable):
        await processes.read(tmp_path / "scan")
    with pytest.raises(WorkerUnavailable):
        await processes.check()
    await processes.close()


async def test_each_scan_gets_a_process_of_its_own(tmp_path: Path) -> None:
    processes = pool("scores")
    for _ in range(3):
        assert (await processes.read(tmp_path / "scan"))["total"] == 8
    await processes.check()
    await processes.close()


async def test_a_process_that_died_while_waiting_is_replaced(tmp_path: Path) -> None:
    processes = pool("dies waiting")
    waiting = await processes.prepare()
    await waiting.wait()
    reading = await processes.read(tmp_path / "scan")
    assert reading["status"] == "refused"  # the replacement dies as well, but it was tried
    await processes.close()


async def test_no_more_scans_are_read_at_once_than_allowed(tmp_path: Path) -> None:
    processes = pool("slow", scan_processes=1)
    first = asyncio.create_task(processes.read(tmp_path / "a"))
    await asyncio.sleep(0.1)
    assert processes.is_busy
    started = time.monotonic()
    await processes.read(tmp_path / "b")
    assert time.monotonic() - started > 0.7
    await first
    assert not processes.is_busy
    await processes.close()


async def test_closing_ends_the_process_that_waits() -> None:
    processes = pool("scores")
    waiting = await processes.prepare()
    assert waiting.returncode is None
    await processes.close()
    assert waiting.returncode is not None


async def test_a_cancelled_reading_leaves_no_process_behind(tmp_path: Path) -> None:
    processes = pool("never ends")
    waiting = await processes.prepare()
    reading = asyncio.create_task(processes.read(tmp_path / "scan"))
    await asyncio.sleep(0.2)
    reading.cancel()
    with pytest.raises(asyncio.CancelledError):
        await reading
    assert waiting.returncode is not None
    await processes.close()

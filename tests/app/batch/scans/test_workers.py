"""A worker forks a process for each scan: what happens to that process happens to no other scan."""

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from app.batch.scans.run import Limits
from app.batch.scans.workers import ScanWorkers

STAND_IN = """
import json, os, signal, time
import app.scans.forking_worker as worker

def answer(line):
    job = json.loads(line)
    wanted = open(job["scan"]).read()
    print("a library that prints")
    if wanted == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    if wanted == "hangs":
        open(job["scan"] + ".pid", "w").write(str(os.getpid()))
        time.sleep(600)
    if wanted == "eats":
        bytearray(2_000_000_000)
    reading = {"status": "scored", "worker": os.getppid(), "reader": os.getpid()}
    open(job["answer"], "w").write(json.dumps({"reading": reading}))

worker.load_readers = lambda: None
worker.answer_job = answer
worker.main()
"""


def read(folder: Path, *scans: str, seconds: float = 20, workers: int = 1) -> list[dict[str, Any]]:
    """Readings of scans that hold these words, one after the other, or side by side with several workers."""
    limits = Limits(workers, seconds, 1024, (sys.executable, "-c", STAND_IN))

    async def run() -> list[dict[str, Any]]:
        pool = ScanWorkers(limits.settings(), limits.command)
        try:
            return await asyncio.gather(*(pool.read_with_thumbnail(path) for path in paths))
        finally:
            await pool.close()

    paths = []
    for number, words in enumerate(scans):
        (folder / f"{number}").mkdir()
        paths.append(folder / f"{number}" / "scan")
        paths[-1].write_text(words)
    return asyncio.run(run())


def test_one_worker_reads_scan_after_scan_each_in_a_process_of_its_own(tmp_path: Path) -> None:
    found = read(tmp_path, "fine", "fine", "fine")
    assert len({one["worker"] for one in found}) == 1
    assert len({one["reader"] for one in found}) == 3


def test_a_reader_that_dies_or_eats_memory_takes_nothing_with_it(tmp_path: Path) -> None:
    fine, died, also_fine, ate, last = read(tmp_path, "fine", "dies", "fine", "eats", "fine")
    assert {died["refusal"]["code"], ate["refusal"]["code"]} <= {"TOO_LARGE", "CORRUPT_FILE"}
    assert fine["worker"] == also_fine["worker"] == last["worker"]


def test_a_reader_that_hangs_is_ended_with_its_worker(tmp_path: Path) -> None:
    fine, hung, after = read(tmp_path, "fine", "hangs", "fine", seconds=1)
    assert hung["refusal"]["code"] == "TOO_LARGE"
    assert after["worker"] != fine["worker"]
    reader = int((tmp_path / "1" / "scan.pid").read_text())
    deadline = time.monotonic() + 10
    while is_running(reader) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_running(reader), "no process is left behind"


def test_workers_read_side_by_side(tmp_path: Path) -> None:
    found = read(tmp_path, *["fine"] * 6, workers=2)
    assert 1 <= len({one["worker"] for one in found}) <= 2
    assert len({one["reader"] for one in found}) == 6


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or json.dumps(state.read_text().rsplit(")", 1)[1].split()[0]) != '"Z"'

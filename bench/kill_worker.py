"""Kills a worker again and again while it reads, and counts what became of the scans.

Run as ``python bench/kill_worker.py KILLS``. A stand-in of the tests reads the scans, so a hundred kills take minutes.
"""

import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.audit_check import check_audit
from app.store.database import open_database
from app.store.objects import Objects
from app.store.rule_snapshot import keep_installed_rules
from app.store.schema import migrate
from app.store.writer import Writer
from tests.app.queue.desk import Desk, Worker, until

_JOBS_A_KILL = 2


def main() -> None:
    """Submit, kill, start again; then let the rest be read, and tell."""
    kills = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    folder = Path(tempfile.mkdtemp(prefix="kill-worker-"))
    settings = Settings(data_dir=folder / "data", disk_free_limit_mib=0, memory_free_limit_mib=0)
    engine = open_database(settings)
    migrate(engine)
    writer = Writer(engine)
    writer.write_blocking(keep_installed_rules)
    desk = Desk(StoredQueue(settings, engine, writer), Objects(settings, engine, writer), engine, folder)
    (folder / "worker.log").touch()
    worker = Worker(settings, "slow", folder / "worker.log").start()
    begun_s = time.monotonic()
    for kill in range(kills):
        for number in range(_JOBS_A_KILL):
            desk.submit(b"%d %d" % (kill, number))
        time.sleep(random.uniform(0.1, 1.5))  # noqa: S311 -- a moment like any other
        worker.kill()
        worker.start()
    until(desk.all_done, 3600)
    begun = Counter(desk.events("scan.begun"))
    ended = [json.loads(desk.result(job_id))["reading"] for job_id in desk.states()]
    refused = sum("refusal" in reading and reading["refusal"] is not None for reading in ended)
    with engine.connect() as connection:
        faults = check_audit(connection).faults
    worker.stop()
    worker.close()
    print(f"{kills} kills, {len(ended)} scans accepted, all ended; {refused} refused as READING_FAILED")
    print(f"readings begun: {sum(begun.values())}, most for one scan: {max(begun.values())}")
    print(f"ended once each: {sorted(desk.events('scan.read')) == sorted(f'job/{name}' for name in desk.states())}")
    print(f"faults of the trail: {len(faults)}; {time.monotonic() - begun_s:.0f} s; {folder}")


main()

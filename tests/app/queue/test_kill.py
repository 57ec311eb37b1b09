"""Workers that are killed at any moment: what was accepted ends, on both databases."""

import json
import random
import time
from collections import Counter
from collections.abc import Callable

from app.store.audit_check import check_audit
from tests.app.queue.desk import Desk, Worker, until


def test_jobs_under_kill_9_all_end_and_none_is_begun_more_than_twice(desk: Desk, worker: Callable[..., Worker]) -> None:
    jobs = [desk.submit(b"scan %d" % number) for number in range(10)]
    running = worker("slow")
    for _ in range(4):
        time.sleep(random.uniform(0.3, 1.5))
        running.kill()
        running.start()
    until(desk.all_done)
    begun = Counter(desk.events("scan.begun"))
    assert set(begun) == {f"job/{job_id}" for job_id in jobs}
    assert max(begun.values()) <= 2
    assert sum(begun.values()) <= len(jobs) + 4, "a kill repeats the one reading in flight and no other"
    assert sorted(desk.events("scan.read")) == sorted(begun), "each ends once"
    for job_id in jobs:
        reading = json.loads(desk.result(job_id))["reading"]
        assert reading["status"] == "scored" or reading["refusal"]["code"] == "READING_FAILED"
    with desk.engine.connect() as connection:
        assert not check_audit(connection).faults

"""A process that writes to a record and tells of each write that was acknowledged, until it is killed."""

import threading
from multiprocessing.connection import Connection

from app.access.actor import ANYONE_HERE
from app.settings.settings import Settings
from app.store.database import open_database
from app.store.revisions import Judgement, Revision
from app.store.writer import Writer

CALLERS = 3


def write_until_killed(settings: Settings, told: Connection, name: str, rules: str) -> None:
    """Each caller adds revisions to a case of its own, and tells of each once it is acknowledged."""
    writer = Writer(open_database(settings))
    one_at_a_time = threading.Lock()

    def call(case_id: str) -> None:
        versions = {"software": "1", "rules": rules, "atlas": "1"}
        judgement = Judgement(b"{}", b"{}", b"x" * 9000, versions, case_id)
        while True:
            kept = writer.write_blocking(Revision(judgement, ANYONE_HERE).keep)
            with one_at_a_time:
                told.send((kept.case_id, kept.revision))

    callers = [threading.Thread(target=call, args=(f"{name}-{number}",)) for number in range(CALLERS)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()

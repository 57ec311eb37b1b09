"""Processes that write are killed at any moment: what they acknowledged is there, and the record is whole."""

import multiprocessing
import random
from multiprocessing.connection import Connection

from sqlalchemy import Engine, select

from app.settings.settings import Settings
from app.store import rule_snapshot
from app.store.record_check import check_record
from app.store.tables_cases import case_revisions
from app.store.writer import Writer
from app.triage import rulebook
from tests.app.store.killed_writer import write_until_killed

KILLS = {"sqlite": 20, "postgresql": 6}


def test_what_was_acknowledged_outlives_a_kill(engine: Engine, writer: Writer, hospital_settings: Settings) -> None:
    """Two processes write; each is killed after a random number of acknowledged writes, the other goes on."""
    writer.write_blocking(rule_snapshot.keep_installed_rules)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.app.store.killed_writer"])
    draw = random.Random(7)
    kills = KILLS[engine.dialect.name]
    acknowledged: set[tuple[str, int]] = set()
    pipes: list[tuple[multiprocessing.process.BaseProcess, Connection]] = []
    for number in range(kills):
        receiver, sender = context.Pipe(duplex=False)
        process = context.Process(
            target=write_until_killed, args=(hospital_settings, sender, f"case-{number}", rulebook().version)
        )
        process.start()
        sender.close()
        pipes.append((process, receiver))
        acknowledged |= {receiver.recv() for _ in range(draw.randrange(1, 12))}
        if len(pipes) > 1:
            acknowledged |= killed(*pipes.pop(0))
    acknowledged |= killed(*pipes.pop())
    with engine.connect() as connection:
        held = {tuple(row) for row in connection.execute(select(case_revisions.c.case_id, case_revisions.c.revision))}
        faults = check_record(connection).faults
    assert len({case_id.rpartition("-")[0] for case_id, _ in acknowledged}) == kills
    assert acknowledged <= held
    assert faults == ()
    assert writer.write_blocking(lambda connection: connection.exec_driver_sql("SELECT 1").scalar_one()) == 1


def killed(process: multiprocessing.process.BaseProcess, receiver: Connection) -> set[tuple[str, int]]:
    """Kill a process; returns what it had acknowledged and nobody had read yet."""
    process.kill()
    process.join()
    left = set()
    try:
        while True:
            left.add(receiver.recv())
    except (EOFError, OSError):
        return left

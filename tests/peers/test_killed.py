"""Web, worker and database are killed at any moment, under load: nothing accepted is lost, and the record is whole.

``python bench/kill_hospital.py`` does it a hundred times on each database.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.database import open_database
from app.store.objects import Objects
from app.store.rule_snapshot import keep_installed_rules
from app.store.schema import migrate
from app.store.writer import Writer
from tests.app.queue.desk import Desk, Worker, until
from tests.peers.killing import Outcome, killed
from tests.peers.postgresql import Postgresql, running_postgresql

pytestmark = pytest.mark.peers
REFUSED_FOR_NOW = 503


@pytest.fixture
def server() -> Iterator[Postgresql]:
    with running_postgresql() as server:
        yield server


def assert_nothing_is_lost(outcome: Outcome) -> None:
    assert outcome.cases > 0
    assert outcome.jobs > 0
    assert outcome.lost == []
    assert outcome.most_begun <= 2
    assert outcome.ended_twice == 0
    assert outcome.faults == ()
    assert set(outcome.statuses) <= {200, 202, REFUSED_FOR_NOW}, "no kill shows itself as a fault of ours"


def test_on_sqlite(tmp_path: Path) -> None:
    outcome = killed(tmp_path, 4)
    assert outcome.kills == {"web": 1, "worker": 2, "server process": 1}
    assert_nothing_is_lost(outcome)


def test_on_postgresql_and_with_it(tmp_path: Path, server: Postgresql) -> None:
    outcome = killed(tmp_path, 6, server)
    assert outcome.kills == {"web": 1, "worker": 2, "database": 2, "server process": 1}
    assert_nothing_is_lost(outcome)


def test_a_scan_is_not_forgotten_whose_reading_ends_while_the_database_is_away(
    tmp_path: Path, server: Postgresql
) -> None:
    settings = Settings(
        data_dir=tmp_path / "data", database_url=server.new_database(), disk_free_limit_mib=0, memory_free_limit_mib=0
    )
    (tmp_path / "data").mkdir()
    engine = open_database(settings)
    migrate(engine)
    writer = Writer(engine)
    writer.write_blocking(keep_installed_rules)
    desk = Desk(StoredQueue(settings, engine, writer), Objects(settings, engine, writer), engine, tmp_path)
    (tmp_path / "worker.log").touch()
    worker = Worker(settings, "slow", tmp_path / "worker.log").start()
    try:
        desk.submit(b"scan")
        until(lambda: len(desk.events("scan.begun")) == 1)
        server.kill()
        time.sleep(2)  # the stand-in needs less than one
        server.start()
        until(desk.all_done, 120)
        assert desk.submit(b"scan") == next(iter(desk.states())), "it was read and not refused"
    finally:
        worker.close()
        writer.close()
        engine.dispose()

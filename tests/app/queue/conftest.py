"""The queue is tested on both databases, with workers in processes of their own."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.queue.stored_queue import StoredQueue
from app.settings.settings import Settings
from app.store.objects import Objects
from app.store.rule_snapshot import keep_installed_rules
from app.store.writer import Writer
from tests.app.queue.desk import Desk, Worker
from tests.app.store.databases import database_url, engine, hospital_settings, postgresql, writer

__all__ = ["database_url", "engine", "hospital_settings", "postgresql", "writer"]


@pytest.fixture
def settings(hospital_settings: Settings) -> Settings:
    assert hospital_settings.data_dir is not None
    hospital_settings.data_dir.mkdir(parents=True, exist_ok=True)
    return hospital_settings.model_copy(update={"disk_free_limit_mib": 0, "memory_free_limit_mib": 0})


@pytest.fixture
def desk(settings: Settings, engine: Engine, writer: Writer, tmp_path: Path) -> Desk:
    writer.write_blocking(keep_installed_rules)
    return Desk(StoredQueue(settings, engine, writer), Objects(settings, engine, writer), engine, tmp_path)


@pytest.fixture
def worker(settings: Settings, tmp_path: Path) -> Iterator[Callable[..., Worker]]:
    workers = []

    def make(behaviour: str = "scores", **changes: object) -> Worker:
        log = tmp_path / f"worker-{len(workers)}.log"
        log.touch()
        workers.append(Worker(settings.model_copy(update=changes), behaviour, log))
        return workers[-1].start()

    yield make
    for made in workers:
        made.close()

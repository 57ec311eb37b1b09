"""Fixtures for tests that hold on both databases; import them into the conftest of a folder."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from app.settings.settings import Settings
from app.store.database import open_database
from app.store.schema import migrate
from app.store.writer import Writer
from tests.peers.postgresql import Postgresql, running_postgresql


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgresql]:
    """A real server, once for all tests of a process."""
    with running_postgresql() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database, once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'aspects.db'}"
    server: Postgresql = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def hospital_settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings of a service that keeps a record."""
    return Settings(data_dir=tmp_path / "data", database_url=database_url)


@pytest.fixture
def engine(hospital_settings: Settings) -> Iterator[Engine]:
    """A database with this release's schema."""
    engine = open_database(hospital_settings)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(engine)
    yield writer
    writer.close()

"""A hospital's service in memory, on both databases, with ways to make keys and sessions."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from app.access import keys, sessions
from app.access.actor import Actor, ActorKind, Scope
from app.access.keys import KeyWanted, NewKey
from app.hospital import Hospital
from app.main import create_app
from app.settings.settings import Settings
from tests.app.store.databases import postgresql

__all__ = ["postgresql"]

SYSTEM = Actor(ActorKind.SYSTEM, "tests", frozenset())
PERSON = Actor(ActorKind.PERSON, "dr.test", frozenset({Scope.READ, Scope.TRIAGE, Scope.INGEST}))
MakeKey = Callable[..., NewKey]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    url = None if request.param == "sqlite" else request.getfixturevalue("postgresql").new_database()
    return Settings(
        data_dir=tmp_path_factory.mktemp("record"), database_url=url, failed_sign_in_limit_per_minute=10_000
    )


@pytest.fixture(scope="module")
def app(settings: Settings) -> FastAPI:
    return create_app(settings)


@pytest.fixture(scope="module")
def hospital(app: FastAPI) -> Hospital:
    found = app.state.service.hospital
    assert isinstance(found, Hospital)
    return found


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        yield client


@pytest.fixture
def make_key(hospital: Hospital, request: pytest.FixtureRequest) -> MakeKey:
    def make(*scopes: Scope, name: str = "", **more: object) -> NewKey:
        name = name or f"key-{abs(hash((request.node.name, scopes)))}"
        wanted = KeyWanted(name, frozenset(scopes), **more)  # type: ignore[arg-type]
        return hospital.writer.write_blocking(partial(keys.make_key, wanted=wanted, by=SYSTEM))

    return make


@pytest.fixture
def session(hospital: Hospital) -> str:
    """The secret of a browser's session."""
    times = sessions.SessionTimes(timedelta(minutes=30), timedelta(hours=1))
    return hospital.writer.write_blocking(partial(sessions.begin, actor=PERSON, times=times))


@pytest.fixture
def code(hospital: Hospital) -> str:
    """A one-use code."""
    lasts = timedelta(minutes=5)
    return hospital.writer.write_blocking(partial(sessions.make_code, actor=PERSON, lasts=lasts, by=SYSTEM))


@pytest.fixture
def records(tmp_path: Path) -> Path:
    return tmp_path / "record"

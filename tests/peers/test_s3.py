"""Scans and documents on an S3 server of another project, as in a folder."""

import hashlib
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path

import obstore
import pytest
from sqlalchemy import Engine

from app.access.actor import Actor, ActorKind
from app.settings.settings import Settings
from app.store.backup import back_up
from app.store.database import open_database
from app.store.objects import ObjectDamaged, ObjectMissing, Objects, ObjectsUnusable, damaged_objects
from app.store.restore import restore
from app.store.rule_snapshot import keep_installed_rules
from app.store.schema import migrate
from app.store.writer import Writer
from tests.peers.s3 import S3Server, running_s3

pytestmark = pytest.mark.peers

KEEPER = Actor(ActorKind.PERSON, "records-office", frozenset())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def settings(server: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    for name, value in server.environment.items():
        monkeypatch.setenv(name, value)
    return Settings(data_dir=tmp_path / "data", object_store_url=f"s3://scans/{tmp_path.name}")


@pytest.fixture
def engine(settings: Settings) -> Iterator[Engine]:
    engine = open_database(settings)
    migrate(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def writer(engine: Engine) -> Iterator[Writer]:
    writer = Writer(engine)
    writer.write_blocking(keep_installed_rules)
    yield writer
    writer.close()


@pytest.fixture
def objects(settings: Settings, engine: Engine, writer: Writer) -> Objects:
    return Objects(settings, engine, writer)


def content_of(objects: Objects, key: str) -> bytes:
    file = io.BytesIO()
    objects.copy_to(key, file)
    return file.getvalue()


@pytest.mark.parametrize("size", [0, 1, 100_000, 17 * 1024 * 1024])
def test_what_is_put_in_comes_out_under_its_hash(objects: Objects, size: int) -> None:
    content = (b"scan" * (size // 4 + 1))[:size]
    key = objects.put_bytes(content)
    assert key == objects.put_bytes(content) == hashlib.sha256(content).hexdigest()
    assert content_of(objects, key) == content
    assert [name for name, _ in objects.bytes.stored()] == [key]


def test_the_slices_of_a_scan_come_back_in_their_order(objects: Objects, tmp_path: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for number in range(12):
        (folder / f"{number:04d}").write_bytes(b"%d" % number)
    fetched = tmp_path / "fetched"
    fetched.mkdir()
    found = objects.fetch(objects.put(folder), fetched)
    assert [path.read_bytes() for path in sorted(found.iterdir())] == [b"%d" % number for number in range(12)]


def test_a_deleted_object_is_gone_and_can_come_in_again(objects: Objects) -> None:
    key = objects.put_bytes(b"scan")
    objects.delete(key, "asked by the patient", KEEPER)
    with pytest.raises(ObjectMissing):
        content_of(objects, key)
    assert objects.put_bytes(b"scan") == key
    assert content_of(objects, key) == b"scan"


def test_changed_and_lost_bytes_are_noticed(objects: Objects, engine: Engine) -> None:
    changed, lost, whole = objects.put_bytes(b"scan"), objects.put_bytes(b"lost"), objects.put_bytes(b"whole")
    obstore.put(objects.bytes._store, f"{changed[:2]}/{changed}", b"another scan")
    objects.bytes.remove(lost)
    with pytest.raises(ObjectDamaged):
        content_of(objects, changed)
    assert damaged_objects(engine, objects.bytes) == sorted([changed, lost])
    assert objects.sweep().missing == [lost]
    assert content_of(objects, whole) == b"whole"


def test_a_backup_from_s3_is_restored_into_a_folder(
    objects: Objects, settings: Settings, engine: Engine, tmp_path: Path
) -> None:
    key = objects.put_bytes(b"scan")
    back_up(settings, engine, tmp_path / "backup.tar", with_objects=True)
    elsewhere = Settings(data_dir=tmp_path / "elsewhere")
    restored = restore(elsewhere, tmp_path / "backup.tar")
    assert (restored.objects, restored.missing_objects, list(restored.check.faults)) == (1, 0, [])
    assert (tmp_path / "elsewhere" / "objects" / key[:2] / key).read_bytes() == b"scan"


def test_a_server_that_is_away_is_told_in_time_and_without_its_secret(
    settings: Settings, engine: Engine, writer: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running_s3(tmp_path) as away:
        monkeypatch.setenv("AWS_ENDPOINT", away.address)
        objects = Objects(settings, engine, writer)
        key = objects.put_bytes(b"scan")
    begun_s = time.monotonic()
    for what in (lambda: objects.put_bytes(b"more"), lambda: content_of(objects, key), lambda: objects.bytes.has(key)):
        with pytest.raises(ObjectsUnusable) as told:
            what()
        assert "a-secret" not in json.dumps([str(told.value), str(told.value.__cause__)])
    assert time.monotonic() - begun_s < 60

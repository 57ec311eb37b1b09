"""The object store: content-addressed, whole or not there, deleted with a trace."""

import hashlib
import io
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from app.access.actor import Actor, ActorKind
from app.settings.settings import Settings
from app.store.object_bytes import ObjectBytes
from app.store.objects import ObjectDamaged, ObjectMissing, Objects, ObjectsUnusable, damaged_objects
from app.store.tables_audit import audit_events
from app.store.tables_objects import stored_objects
from app.store.writer import Writer

KEEPER = Actor(ActorKind.PERSON, "records-office", frozenset())


@pytest.fixture
def objects(hospital_settings: Settings, engine: Engine, writer: Writer) -> Objects:
    return Objects(hospital_settings, engine, writer)


def content_of(objects: Objects, key: str) -> bytes:
    file = io.BytesIO()
    objects.copy_to(key, file)
    return file.getvalue()


def actions(engine: Engine) -> list[str]:
    with engine.connect() as connection:
        return list(connection.execute(select(audit_events.c.action).order_by(audit_events.c.sequence)).scalars())


def file_of(objects: Objects, key: str) -> Path:
    folder = objects.bytes._folder
    assert folder is not None
    return folder / key[:2] / key


@pytest.mark.parametrize("size", [0, 1, 100_000, 17 * 1024 * 1024])
def test_what_is_put_in_comes_out_under_its_hash(objects: Objects, tmp_path: Path, size: int) -> None:
    content = os.urandom(size)
    scan = tmp_path / "scan"
    scan.write_bytes(content)
    key = objects.put_file(scan)
    assert key == hashlib.sha256(content).hexdigest()
    assert content_of(objects, key) == content


def test_the_same_content_is_kept_once(objects: Objects, engine: Engine) -> None:
    assert objects.put_bytes(b"scan") == objects.put_bytes(b"scan")
    assert actions(engine) == ["objects.stored"]


def test_a_folder_comes_back_in_the_order_of_its_names(objects: Objects, tmp_path: Path) -> None:
    series = tmp_path / "series"
    series.mkdir()
    for number in (2, 0, 1):
        (series / f"{number}.dcm").write_bytes(f"slice {number}".encode())
    keys = objects.put(series)
    (tmp_path / "out").mkdir()
    laid = objects.fetch(keys, tmp_path / "out")
    assert [path.read_bytes() for path in sorted(laid.iterdir())] == [b"slice 0", b"slice 1", b"slice 2"]
    (tmp_path / "one").mkdir()
    assert objects.fetch(keys[:1], tmp_path / "one").read_bytes() == b"slice 0"


def test_changed_bytes_are_noticed_when_they_are_read(objects: Objects, engine: Engine) -> None:
    key = objects.put_bytes(b"a scan")
    file_of(objects, key).write_bytes(b"a sham")
    with pytest.raises(ObjectDamaged):
        content_of(objects, key)
    assert damaged_objects(engine, objects.bytes) == [key]


def test_a_deleted_object_is_gone_and_its_deletion_is_on_record(objects: Objects, engine: Engine) -> None:
    key = objects.put_bytes(b"scan")
    objects.delete(key, "asked for by the patient", KEEPER)
    with pytest.raises(ObjectMissing):
        content_of(objects, key)
    with pytest.raises(ObjectMissing):
        objects.delete(key, "again", KEEPER)
    with engine.connect() as connection:
        row = connection.execute(select(stored_objects)).one()
        event = connection.execute(select(audit_events).where(audit_events.c.action == "object.deleted")).one()
    assert (row.sha256, row.deleted_because) == (key, "asked for by the patient")
    assert (event.actor_name, event.subject) == ("records-office", f"object/{key}")
    assert not file_of(objects, key).exists()


def test_a_deleted_object_can_come_in_again(objects: Objects, engine: Engine) -> None:
    key = objects.put_bytes(b"scan")
    objects.delete(key, "by mistake", KEEPER)
    assert objects.put_bytes(b"scan") == key
    assert content_of(objects, key) == b"scan"
    assert actions(engine) == ["objects.stored", "object.deleted", "objects.stored"]


def test_a_sweep_deletes_what_was_kept_long_enough_and_nothing_else(
    hospital_settings: Settings, engine: Engine, writer: Writer
) -> None:
    brief = Objects(hospital_settings.model_copy(update={"object_keep_days": 30}), engine, writer)
    lasting = Objects(hospital_settings, engine, writer)
    old, young, kept = brief.put_bytes(b"old"), brief.put_bytes(b"young"), lasting.put_bytes(b"kept")
    past = (datetime.now(UTC) - timedelta(days=1)).isoformat()
    with engine.begin() as connection:
        connection.execute(stored_objects.update().where(stored_objects.c.sha256 == old).values(keep_until=past))
    assert brief.sweep().deleted == 1
    with pytest.raises(ObjectMissing):
        content_of(brief, old)
    assert content_of(brief, young) + content_of(brief, kept) == b"youngkept"


def test_a_sweep_removes_what_a_stopped_process_left_and_tells_what_is_missing(objects: Objects) -> None:
    lost = objects.put_bytes(b"lost")
    file_of(objects, lost).unlink()
    left, _ = objects.bytes.put_bytes(b"left behind")
    fresh, _ = objects.bytes.put_bytes(b"being registered at this moment")
    two_days_ago = (datetime.now(UTC) - timedelta(days=2)).timestamp()
    os.utime(file_of(objects, left), (two_days_ago, two_days_ago))
    swept = objects.sweep()
    assert swept.missing == [lost]
    assert swept.removed_unregistered == 1
    assert not objects.bytes.has(left)
    assert objects.bytes.has(fresh)


@pytest.mark.parametrize("url", ["no address", "ftp://x/y", "http://x/y", "memory:///"])
def test_an_address_that_cannot_be_used_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(ObjectsUnusable):
        ObjectBytes(Settings(data_dir=tmp_path, object_store_url=url))


def test_a_folder_by_address(tmp_path: Path) -> None:
    store = ObjectBytes(Settings(data_dir=tmp_path, object_store_url=f"file://{tmp_path}/two%20words"))
    key, _ = store.put_bytes(b"x")
    assert (tmp_path / "two words" / key[:2] / key).read_bytes() == b"x"

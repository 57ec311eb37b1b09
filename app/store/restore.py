"""Lays a backup out again where there is no record yet, on either database, and checks it against its own anchor."""

import json
import re
import shutil
import tempfile
import zipfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, func, inspect, select

from app.settings.settings import Settings
from app.store.audit_check import NotAnAnchor, read_anchor
from app.store.backup import FORMAT, MANIFEST, OBJECTS, copy_rows
from app.store.database import DATABASE_FILE, DatabaseUnusable, open_database
from app.store.object_bytes import ObjectBytes
from app.store.record_check import RecordCheck, check_record
from app.store.schema import migrate
from app.store.tables_audit import audit_events
from app.store.turns import turns_of

_SHA256 = re.compile(r"[0-9a-f]{64}\Z")
_LARGEST_MANIFEST_BYTES = 1024 * 1024 * 1024


class BackupUnusable(Exception):
    """The file is not a backup, is damaged, or there is a record already; nothing was changed where it says so."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was restored, held to the anchor that the backup brought."""

    check: RecordCheck
    objects: int
    missing_objects: int
    """Objects that the backup lists and neither holds nor the object store has."""


def restore(settings: Settings, file: Path) -> Restored:
    """Restore a backup into a database without a record.

    Raises
    ------
    BackupUnusable
        See there. A database that holds a record is never touched.
    DatabaseUnusable, ObjectsUnusable
        They cannot be written.
    """
    engine = open_database(settings)
    try:
        _refuse_record(engine)
        with zipfile.ZipFile(file) as archive, tempfile.TemporaryDirectory(prefix="aspects-restore-") as name:
            manifest = _manifest(archive)
            copy = Path(name) / DATABASE_FILE
            with archive.open(DATABASE_FILE) as source, copy.open("wb") as target:
                shutil.copyfileobj(source, target)
            restored, missing = _restore_objects(archive, manifest, ObjectBytes(settings))
            _restore_rows(copy, engine)
        with engine.connect() as connection:
            check = check_record(connection, [read_anchor(manifest["anchor"])])
        return Restored(check, restored, missing)
    except (zipfile.BadZipFile, KeyError, ValueError, NotAnAnchor, EOFError, NotImplementedError) as error:
        raise BackupUnusable(f"{file.name} is not a backup of this software, or is damaged.") from error
    finally:
        engine.dispose()


def _refuse_record(engine: Engine) -> None:
    with engine.connect() as connection:
        if not inspect(connection).has_table(audit_events.name):
            return
        count: int = connection.execute(select(func.count()).select_from(audit_events)).scalar_one()
    if count:
        raise BackupUnusable("There is a record already; a backup is restored where there is none.")


def _manifest(archive: zipfile.ZipFile) -> dict[str, Any]:
    if archive.getinfo(MANIFEST).file_size > _LARGEST_MANIFEST_BYTES:
        raise ValueError("too large")
    manifest: dict[str, Any] = json.loads(archive.read(MANIFEST))
    if manifest["format"] != FORMAT or not all(_SHA256.match(found["sha256"]) for found in manifest["objects"]):
        raise ValueError("another format")
    return manifest


def _restore_objects(archive: zipfile.ZipFile, manifest: dict[str, Any], objects: ObjectBytes) -> tuple[int, int]:
    held, restored, missing = set(archive.namelist()), 0, 0
    for found in manifest["objects"]:
        name = OBJECTS + found["sha256"]
        if name not in held:
            missing += not objects.has(found["sha256"])
            continue
        with tempfile.NamedTemporaryFile() as content:
            with archive.open(name) as member:
                shutil.copyfileobj(member, content)
            content.flush()
            if objects.put_file(Path(content.name))[0] != found["sha256"]:
                raise ValueError("an object is not what its name says")
        restored += 1
    return restored, missing


def _restore_rows(copy: Path, engine: Engine) -> None:
    """Bring the copy to this release's schema, then its rows into the database."""
    source = open_database(Settings(data_dir=copy.parent, database_url=f"sqlite:///{copy}"))
    try:
        migrate(source)
        migrate(engine)
        turns = turns_of(engine)
        with source.connect() as rows, turns.take() as target, target.begin():
            turns.lock(target)
            copy_rows(rows, target)
    except DatabaseUnusable as error:
        raise BackupUnusable(str(error)) from error
    finally:
        source.dispose()
    with closing(engine.raw_connection()) as raw:
        if engine.dialect.name == "sqlite":
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)")

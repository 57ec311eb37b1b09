"""Copies the whole record into one file while the service runs: the database, a manifest, and the objects if wanted."""

import json
import os
import sqlite3
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, select

from app.settings.settings import Settings
from app.store.audit_check import Anchor, check_audit
from app.store.database import DATABASE_FILE, open_database
from app.store.object_bytes import ObjectBytes
from app.store.schema import head_revision, migrate
from app.store.tables import metadata
from app.store.tables_objects import stored_objects
from app.version import __version__

FORMAT = "aspects-backup-1"
MANIFEST = "manifest.json"
OBJECTS = "objects/"
_ROWS_AT_ONCE = 200
_BLOCK_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class BackupTold:
    """What a backup holds."""

    events: int
    objects: int
    anchor: Anchor


def back_up(settings: Settings, engine: Engine, file: Path, *, with_objects: bool) -> BackupTold:
    """Write a backup; it appears under its name when it is complete and on the disk.

    Raises
    ------
    FileExistsError
        There is such a file already.
    ObjectMissing, ObjectDamaged, ObjectsUnusable, OSError
        An object cannot be read, or the file cannot be written. No file is left.
    """
    if file.exists():
        raise FileExistsError(f"{file.name} is there already.")
    unfinished = file.with_name(f"{file.name}.unfinished")
    with tempfile.TemporaryDirectory(dir=file.parent, prefix="aspects-backup-") as name:
        copy = Path(name) / DATABASE_FILE
        _copy_database(engine, copy)
        with _opened(copy) as copied, copied.connect() as connection:
            anchor = check_audit(connection).anchor
            objects = _objects(connection)
        manifest = {
            "format": FORMAT,
            "software": __version__,
            "schema": head_revision(),
            "anchor": str(anchor),
            "with_objects": with_objects,
            "objects": objects,
        }
        try:
            _write(unfinished, copy, manifest, ObjectBytes(settings) if with_objects else None)
            unfinished.replace(file)
        finally:
            unfinished.unlink(missing_ok=True)
    return BackupTold(anchor.count, len(objects), anchor)


def copy_rows(source: Connection, target: Connection) -> None:
    """Copy all tables into a database of the same schema that nobody has written to."""
    tables = metadata.sorted_tables
    for table in reversed(tables):
        target.execute(delete(table))  # what the steps of the schema put in
    for table in tables:
        rows = source.execute(select(table).execution_options(yield_per=_ROWS_AT_ONCE))
        for page in rows.mappings().partitions():
            target.execute(insert(table), [dict(row) for row in page])


@contextmanager
def _opened(file: Path) -> Iterator[Engine]:
    engine = open_database(Settings(data_dir=file.parent, database_url=f"sqlite:///{file}"))
    try:
        yield engine
    finally:
        engine.dispose()


def _copy_database(engine: Engine, copy: Path) -> None:
    """One state of the database as a SQLite file of its own, without log beside it."""
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as source, closing(sqlite3.connect(copy)) as target:
            source.backup(target)
    else:
        with _opened(copy) as target_engine:
            migrate(target_engine)
            with engine.connect() as source_connection, target_engine.begin() as target_connection:
                source_connection.execution_options(isolation_level="REPEATABLE READ")
                copy_rows(source_connection, target_connection)
    with closing(sqlite3.connect(copy)) as single:
        single.execute("PRAGMA journal_mode=DELETE")


def _objects(connection: Connection) -> list[dict[str, Any]]:
    statement = select(stored_objects.c.sha256, stored_objects.c.size_bytes, stored_objects.c.kind).where(
        stored_objects.c.deleted_at.is_(None)
    )
    return [dict(row) for row in connection.execute(statement).mappings()]


def _write(file: Path, database: Path, manifest: dict[str, Any], objects: ObjectBytes | None) -> None:
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as raw:
        with zipfile.ZipFile(raw, "w", zipfile.ZIP_STORED) as archive:
            archive.write(database, DATABASE_FILE, zipfile.ZIP_DEFLATED)
            for found in manifest["objects"] if objects is not None else ():
                with archive.open(OBJECTS + found["sha256"], "w", force_zip64=True) as member:
                    for block in objects.blocks(found["sha256"]) if objects is not None else ():
                        member.write(block)
            archive.writestr(MANIFEST, json.dumps(manifest, indent=1))
        raw.flush()
        os.fsync(raw.fileno())

"""Scans and documents: content-addressed, written once, kept for a set time, deleted with a trace."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Connection, Engine, insert, select, update

from app.access.actor import Actor, ActorKind
from app.settings.settings import Settings
from app.store import audit
from app.store.database import read_blocking
from app.store.object_bytes import ObjectBytes, ObjectDamaged, ObjectMissing, ObjectsUnusable
from app.store.tables_objects import stored_objects
from app.store.writer import Writer

__all__ = ["ObjectDamaged", "ObjectMissing", "Objects", "ObjectsUnusable", "Sweep"]

KEEPER = Actor(ActorKind.SYSTEM, "object-store", frozenset())
_UNREGISTERED_AFTER = timedelta(days=1)
"""Bytes without a row that are older were left by a process that died in between."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What a clean-up found and did."""

    deleted: int
    """Objects whose time was over."""
    removed_unregistered: int
    missing: Sequence[str]
    """Objects that should be there and are not."""


class Objects:
    """The object store of the record. Its calls wait for disks and networks: call them in a thread."""

    def __init__(self, settings: Settings, engine: Engine, writer: Writer) -> None:
        """Raises ObjectsUnusable."""
        self.bytes = ObjectBytes(settings)
        self._engine = engine
        self._writer = writer
        self._keep_days = settings.object_keep_days

    def put_file(self, path: Path, kind: str = "scan", actor: Actor = KEEPER) -> str:
        """Keep a file; returns its SHA-256. It is on the disk and registered on return.

        Raises
        ------
        ObjectsUnusable, RecordBusy, RecordUnavailable
            It is not kept.
        """
        return self._kept([path], kind, actor)[0]

    def put_bytes(self, content: bytes, kind: str = "document", actor: Actor = KEEPER) -> str:
        """Keep bytes; as `put_file`."""
        return self._kept([content], kind, actor)[0]

    def put(self, scan: Path, kind: str = "scan", actor: Actor = KEEPER) -> tuple[str, ...]:
        """Keep a scan, one file or a folder of files; returns the hashes in the order of the names. As `put_file`."""
        files = sorted(scan.iterdir()) if scan.is_dir() else [scan]
        return tuple(self._kept(files, kind, actor))

    def copy_to(self, sha256: str, file: BinaryIO) -> None:
        """Write an object to an open file. Raises ObjectMissing, ObjectDamaged, ObjectsUnusable."""
        self.bytes.copy_to(sha256, file)

    def fetch(self, keys: Sequence[str], folder: Path) -> Path:
        """Lay a scan into an empty folder; returns the file, or the folder where there are several.

        Raises
        ------
        ObjectMissing, ObjectDamaged, OSError
            It cannot be had.
        """
        try:
            for number, key in enumerate(keys):
                with (folder / f"{number:05d}").open("xb") as file:
                    self.copy_to(key, file)
        except ObjectsUnusable as error:
            raise OSError("The object store does not answer.") from error
        return folder / "00000" if len(keys) == 1 else folder

    def delete(self, sha256: str, reason: str, actor: Actor) -> None:
        """Delete an object for good; that it was there, who deleted it and why stays on record.

        Raises
        ------
        ObjectMissing
            There is none, or it was deleted before.
        """

        def write(connection: Connection) -> None:
            _mark_deleted(connection, sha256, reason, actor)
            self.bytes.remove(sha256)  # in the writer's turn: nobody registers the same content in between

        self._writer.write_blocking(write)

    def sweep(self, actor: Actor = KEEPER) -> Sweep:
        """Delete what was kept long enough, finish what a stopped process left, and list what is missing."""
        now = datetime.now(UTC)
        over = [row for row in self._rows() if row[1] is not None and row[1] < audit.utc_text(now)]
        for sha256, _ in over:
            self.delete(sha256, "kept long enough", actor)
        known = {sha256 for sha256, _ in self._rows()}
        stored, removed = set(), 0
        for sha256, since in self.bytes.stored():
            stored.add(sha256)
            if sha256 not in known and now - since > _UNREGISTERED_AFTER:
                self.bytes.remove(sha256)
                removed += 1
        return Sweep(len(over), removed, sorted(known - stored))

    def _rows(self) -> list[tuple[str, str | None]]:
        return _rows(self._engine)

    def _kept(self, contents: Sequence[Path | bytes], kind: str, actor: Actor) -> list[str]:
        """Put and register; once more where somebody deleted the same content in between."""
        for attempt in range(2):
            found = [
                self.bytes.put_bytes(content) if isinstance(content, bytes) else self.bytes.put_file(content)
                for content in contents
            ]
            try:
                self._writer.write_blocking(partial(self._register, found=found, kind=kind, actor=actor))
            except ObjectMissing:
                if attempt:
                    raise
            else:
                break
        return [sha256 for sha256, _ in found]

    def _register(self, connection: Connection, found: Iterable[tuple[str, int]], kind: str, actor: Actor) -> None:
        now = datetime.now(UTC)
        keep_until = None if self._keep_days is None else audit.utc_text(now + timedelta(days=self._keep_days))
        new = 0
        for sha256, size_bytes in dict(found).items():
            new += self._add(connection, sha256, size_bytes, kind, now, keep_until)
        if new:
            detail = {"kind": kind, "objects": new}
            subject = f"object/{next(iter(dict(found)))}"
            audit.append(connection, audit.Event(actor, "objects.stored", subject, detail=detail))

    def _add(
        self, connection: Connection, sha256: str, size_bytes: int, kind: str, now: datetime, keep_until: str | None
    ) -> bool:
        """Register an object, or one that was deleted anew; ``False`` where it is registered already."""
        which = stored_objects.c.sha256 == sha256
        row = connection.execute(select(stored_objects.c.deleted_at).where(which)).first()
        if row is not None and not self.bytes.has(sha256):
            raise ObjectMissing("The content was deleted while it came in again.")
        values = {
            "stored_at": audit.utc_text(now),
            "keep_until": keep_until,
            "deleted_at": None,
            "deleted_because": None,
        }
        if row is None:
            connection.execute(insert(stored_objects).values(sha256=sha256, size_bytes=size_bytes, kind=kind, **values))
            return True
        if row.deleted_at is None:
            connection.execute(update(stored_objects).where(which).values(keep_until=keep_until))
            return False
        connection.execute(update(stored_objects).where(which).values(**values))
        return True


def damaged_objects(engine: Engine, stored: ObjectBytes) -> list[str]:
    """Read every object again; returns those that are missing or not what was put in. Raises ObjectsUnusable."""
    found = []
    for sha256, _ in _rows(engine):
        try:
            for _block in stored.blocks(sha256):
                pass
        except (ObjectMissing, ObjectDamaged):
            found.append(sha256)
    return found


def _rows(engine: Engine) -> list[tuple[str, str | None]]:
    """Every object that is to be there, and until when."""
    statement = select(stored_objects.c.sha256, stored_objects.c.keep_until).where(
        stored_objects.c.deleted_at.is_(None)
    )
    return read_blocking(
        engine, lambda connection: [(row.sha256, row.keep_until) for row in connection.execute(statement)]
    )


def _mark_deleted(connection: Connection, sha256: str, reason: str, actor: Actor) -> None:
    changed = connection.execute(
        update(stored_objects)
        .where(stored_objects.c.sha256 == sha256, stored_objects.c.deleted_at.is_(None))
        .values(deleted_at=audit.utc_text(datetime.now(UTC)), deleted_because=reason)
    )
    if changed.rowcount != 1:
        raise ObjectMissing("The record knows no such object.")
    detail = {"because": reason}
    audit.append(connection, audit.Event(actor, "object.deleted", f"object/{sha256}", detail=detail))

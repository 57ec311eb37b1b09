"""The folder in which received objects wait: whoever hears "success" knows that the object lies here, on the disk.

Files have random names: nothing that a sender says ever becomes a path. Three folders do it: ``incoming`` (being
written), ``arrived`` (complete, not yet sorted) and ``deliveries`` (who brought them, and whether he is still at it).
"""

import errno
import json
import os
import secrets
import shutil
import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_TOKEN_BYTES = 12
_PREAMBLE_BYTES = 128
_OPEN, _ENDED = ".open", ".ended"
_FORGOTTEN_SECONDS = 3600.0
"""Age of a delivery that is still open after which its process is taken to be dead."""


class SpoolFull(Exception):
    """There is no room for the object; the sender may try again later."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One association, one web request or one fetch, with everything it brings."""

    token: str
    source: str
    """Node, AE title or key that brought it."""
    via: str
    """``c-store``, ``stow-rs``, ``wado-rs`` or ``c-get``."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A complete object that waits to be sorted."""

    path: Path
    delivery: Delivery
    arrived_at: datetime


class Spool:
    """Receives objects; any number of threads and processes may share one folder."""

    def __init__(self, folder: Path, free_bytes: int = 0) -> None:
        """``free_bytes``: what must stay free on the disk."""
        self._incoming, self._arrived, self._deliveries = (
            folder / name for name in ("incoming", "arrived", "deliveries")
        )
        self._free_bytes = free_bytes
        for part in (self._incoming, self._arrived, self._deliveries):
            part.mkdir(parents=True, exist_ok=True, mode=0o700)

    def begin(self, source: str, via: str) -> Delivery:
        """Note that somebody begins to deliver."""
        delivery = Delivery(secrets.token_hex(_TOKEN_BYTES), source, via)
        path = self._deliveries / f"{delivery.token}{_OPEN}"
        path.write_text(json.dumps({"source": source, "via": via}), encoding="utf-8")
        return delivery

    def end(self, delivery: Delivery) -> None:
        """Note that nothing more will come with this delivery."""
        path = self._deliveries / f"{delivery.token}{_OPEN}"
        if path.exists():
            path.replace(path.with_suffix(_ENDED))

    @contextmanager
    def delivery(self, source: str, via: str) -> Iterator[Delivery]:
        """A delivery that ends with the block."""
        begun = self.begin(source, via)
        try:
            yield begun
        finally:
            self.end(begun)

    def open(self, delivery: Delivery) -> "Incoming":
        """A new object to write into. Raises SpoolFull where the disk has no room left."""
        self.check_room(0)
        return Incoming(self._incoming, self._arrived, f"{delivery.token}-{secrets.token_hex(_TOKEN_BYTES)}")

    def check_room(self, size_bytes: int) -> None:
        """Raise SpoolFull if an object of this size would leave too little free."""
        if shutil.disk_usage(self._incoming).free - size_bytes < self._free_bytes:
            raise SpoolFull

    def arrivals(self) -> Iterator[Arrival]:
        """Complete objects, in the order in which they came."""
        with os.scandir(self._arrived) as entries:
            found = sorted((entry.stat().st_mtime_ns, entry.name) for entry in entries)
        known: dict[str, Delivery] = {}
        for moment_ns, name in found:
            token = name.partition("-")[0]
            delivery = known.setdefault(token, self._read(token))
            yield Arrival(self._arrived / name, delivery, datetime.fromtimestamp(moment_ns / 1e9, UTC))

    def may_bring_more(self, tokens: Collection[str]) -> bool:
        """Whether one of these deliveries is under way, or something that it brought has not been sorted yet.

        An object lies in ``arrived`` before its delivery ends, so what is looked at in this order cannot be missed.
        """
        if any(map(self._is_open, tokens)):
            return True
        with os.scandir(self._arrived) as entries:
            return any(entry.name.partition("-")[0] in tokens for entry in entries)

    def _is_open(self, token: str) -> bool:
        try:
            age_seconds = time.time() - (self._deliveries / f"{token}{_OPEN}").stat().st_mtime
        except FileNotFoundError:
            return False
        return age_seconds < _FORGOTTEN_SECONDS

    def sweep(self) -> None:
        """Remove ended deliveries of which nothing waits, and what processes that died left half written."""
        waiting = {path.name.partition("-")[0] for path in self._arrived.iterdir()}
        now = time.time()
        for path in [*self._deliveries.iterdir(), *self._incoming.iterdir()]:
            try:
                is_old = now - path.stat().st_mtime > _FORGOTTEN_SECONDS
            except FileNotFoundError:
                continue
            if is_old or (path.suffix == _ENDED and path.stem not in waiting):
                path.unlink(missing_ok=True)

    def _read(self, token: str) -> Delivery:
        for suffix in (_OPEN, _ENDED):
            try:
                told = json.loads((self._deliveries / f"{token}{suffix}").read_text(encoding="utf-8"))
            except (OSError, ValueError):
                continue
            return Delivery(token, told["source"], told["via"])
        return Delivery(token, "unknown", "unknown")


class Incoming:
    """An object that is being received. It counts from `finish` on; until then it can be dropped without a trace."""

    def __init__(self, incoming: Path, arrived: Path, name: str) -> None:
        self.path = incoming / name
        """Where it is written until `finish`."""
        self._target = arrived / name
        self._stream: BinaryIO = self.path.open("xb")
        self.size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        """Append bytes. Raises SpoolFull; the object is then gone."""
        with self._dropped_if_full():
            self._stream.write(data)
        self.size_bytes += len(data)

    def finish(self) -> Path:
        """Put the object on the disk for good; return where it lies. Raises SpoolFull."""
        with self._dropped_if_full():
            self._stream.flush()
            os.fsync(self._stream.fileno())
            self._stream.close()
            self.path.rename(self._target)
            _sync_folder(self._target.parent)
        return self._target

    def clean_preamble(self) -> None:
        """Put zeros into the preamble that a sender wrote, and let `path` show everything that was written.

        The 128 bytes mean nothing in DICOM, and may make the file a program or a web page as well. Raises SpoolFull.
        """
        with self._dropped_if_full():
            self._stream.seek(0)
            self._stream.write(bytes(min(_PREAMBLE_BYTES, self.size_bytes)))
            self._stream.seek(0, os.SEEK_END)
            self._stream.flush()

    def drop(self) -> None:
        """Forget the object."""
        try:
            self._stream.close()
        except OSError:
            pass  # the disk is full; the file goes now
        finally:
            self.path.unlink(missing_ok=True)

    @contextmanager
    def _dropped_if_full(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            self.drop()
            if error.errno in _NO_SPACE:
                raise SpoolFull from error
            raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

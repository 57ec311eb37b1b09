"""The bytes of scans and documents on obstore: each under the hash of its content, written once and whole."""

import hashlib
import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import unquote, urlsplit

import obstore
from obstore.exceptions import AlreadyExistsError, BaseError, NotFoundError
from obstore.store import LocalStore, ObjectStore, from_url

from app.settings.settings import Settings
from app.store.database import make_private_folder
from app.store.faults import RecordUnavailable

if TYPE_CHECKING:
    from obstore.store import ClientConfig, RetryConfig

_BLOCK_BYTES = 4 * 1024 * 1024
_IN_ONE_GO_BYTES = 16 * 1024 * 1024
"""Up to this size an object is put on condition that it is not there; larger ones go in parts, seen when complete."""

_RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=60)}
"""A caller waits behind this: an object service that is away is told soon, not after the library's three minutes."""


class ObjectsUnusable(RecordUnavailable):
    """The object store cannot be opened or reached; the message says why and holds no secret."""


class ObjectMissing(LookupError):
    """The store does not hold such an object, or no longer."""


class ObjectDamaged(OSError):
    """What the store gave is not what was put in."""


class ObjectBytes:
    """Puts, gets and removes bytes; knows nothing of who, when and why."""

    def __init__(self, settings: Settings) -> None:
        """Raises ObjectsUnusable."""
        self._folder = _folder_of(settings)
        if self._folder is not None:
            make_private_folder(self._folder)
            self._store: ObjectStore = LocalStore(self._folder)
            return
        try:
            self._store = from_url(settings.object_store_url or "", client_options=_client(), retry_config=_RETRIES)
        except (BaseError, ValueError):
            raise ObjectsUnusable("ASPECTS_OBJECT_STORE_URL is not an address of an object store.") from None

    def put_file(self, path: Path) -> tuple[str, int]:
        """Keep a file; it is on the disk on return.

        Returns
        -------
        The SHA-256 of the content in hexadecimal digits, and its size in bytes.

        Raises
        ------
        ObjectsUnusable
            The store does not take it.
        """
        with path.open("rb") as content:
            sha256 = hashlib.file_digest(content, "sha256").hexdigest()
        size_bytes = path.stat().st_size
        self._put(sha256, path, size_bytes)
        return sha256, size_bytes

    def put_bytes(self, content: bytes) -> tuple[str, int]:
        """Keep bytes; as `put_file`."""
        sha256 = hashlib.sha256(content).hexdigest()
        self._put(sha256, content, len(content))
        return sha256, len(content)

    def blocks(self, sha256: str) -> Iterator[bytes]:
        """The content, block by block, checked against its name.

        Raises
        ------
        ObjectMissing, ObjectDamaged, ObjectsUnusable
            The last block is not a sign that all is well: only the end without an error is.
        """
        digest = hashlib.sha256()
        try:
            for block in obstore.get(self._store, _key(sha256)).stream(min_chunk_size=_BLOCK_BYTES):
                digest.update(block)
                yield bytes(block)
        except (FileNotFoundError, NotFoundError):
            raise ObjectMissing("The object store does not hold this.") from None
        except BaseError as error:
            raise ObjectsUnusable("The object store does not answer.") from error
        if digest.hexdigest() != sha256:
            raise ObjectDamaged("An object is not what was put into the store.")

    def copy_to(self, sha256: str, file: BinaryIO) -> None:
        """Write the content to an open file. Raises as `blocks`."""
        file.writelines(self.blocks(sha256))

    def has(self, sha256: str) -> bool:
        """Whether the content is there. Raises ObjectsUnusable."""
        try:
            obstore.head(self._store, _key(sha256))
        except (FileNotFoundError, NotFoundError):
            return False
        except BaseError as error:
            raise ObjectsUnusable("The object store does not answer.") from error
        return True

    def remove(self, sha256: str) -> None:
        """Remove the content if it is there. Raises ObjectsUnusable."""
        try:
            obstore.delete(self._store, _key(sha256))
        except (FileNotFoundError, NotFoundError):
            pass
        except BaseError as error:
            raise ObjectsUnusable("The object store does not answer.") from error

    def stored(self) -> Iterator[tuple[str, datetime]]:
        """Everything that is in the store, and since when. Raises ObjectsUnusable."""
        try:
            for page in obstore.list(self._store):
                for meta in page:
                    yield meta["path"].rpartition("/")[2], meta["last_modified"]
        except BaseError as error:
            raise ObjectsUnusable("The object store does not answer.") from error

    def _put(self, sha256: str, content: Path | bytes, size_bytes: int) -> None:
        if self.has(sha256):
            return
        try:
            if size_bytes <= _IN_ONE_GO_BYTES:
                obstore.put(self._store, _key(sha256), content, mode="create")
            else:
                obstore.put(self._store, _key(sha256), content, chunk_size=_BLOCK_BYTES * 2, max_concurrency=2)
        except (AlreadyExistsError, FileExistsError):
            return  # another process was faster, with the same content
        except BaseError as error:
            raise ObjectsUnusable("The object store does not take the content.") from error
        if self._folder is not None:
            _to_disk(self._folder / _key(sha256))


def _client() -> "ClientConfig":
    """How the object service is asked. Options of a client hide ``AWS_ALLOW_HTTP``, so it is among them."""
    allow_http = os.environ.get("AWS_ALLOW_HTTP", "").lower() == "true"
    return {"connect_timeout": "5s", "timeout": "60s", "allow_http": allow_http}


def _key(sha256: str) -> str:
    return f"{sha256[:2]}/{sha256}"


def _folder_of(settings: Settings) -> Path | None:
    """The folder of the objects; ``None``: they go to an object service."""
    if settings.object_store_url is None:
        if settings.data_dir is None:
            raise ObjectsUnusable("ASPECTS_DATA_DIR is not set: there is no object store.")
        return settings.data_dir / "objects"
    parts = urlsplit(settings.object_store_url)
    if parts.scheme == "file":
        return Path(unquote(parts.path))
    if parts.scheme not in {"s3", "s3a"}:
        raise ObjectsUnusable("ASPECTS_OBJECT_STORE_URL starts with neither file:// nor s3://.")
    return None


def _to_disk(path: Path) -> None:
    """Wait until a file and its place in the folder would outlive a power cut; the library does not."""
    for waits in (path, path.parent, path.parent.parent):
        descriptor = os.open(waits, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

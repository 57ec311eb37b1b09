"""Files that appear whole or not at all."""

import os
import tempfile
from pathlib import Path
from types import TracebackType
from typing import Self

from app.batch.faults import TableUnusable


class Unfinished:
    """A file beside its place: moved there at the end, removed if anything goes wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        except OSError as error:
            raise TableUnusable(f"{path}: {error.strerror}.") from None
        self._unfinished = Path(name)
        self.stream = os.fdopen(handle, "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stream.close()
        self._unfinished.unlink(missing_ok=True)

    def finish(self) -> None:
        """Make the file appear, whole."""
        self.stream.flush()
        os.fsync(self.stream.fileno())
        self._unfinished.chmod(0o644)
        self._unfinished.replace(self._path)

"""The files of a run, each whole or not there."""

from collections.abc import Mapping
from pathlib import Path

from app.batch.faults import TableUnusable
from app.batch.whole_file import Unfinished


def write_files(folder: Path, files: Mapping[str, str | bytes], old: frozenset[str] = frozenset()) -> None:
    """Write files by name; ``old``: names that such a run may write, removed where this one does not.

    Raises
    ------
    TableUnusable
        Nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            with Unfinished(folder / name) as unfinished:
                unfinished.stream.write(content.encode() if isinstance(content, str) else content)
                unfinished.finish()
        for name in old - files.keys():
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise TableUnusable(f"{folder}: {error.strerror}.") from None

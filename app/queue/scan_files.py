"""Scans in the object store: laid in as they were received, fetched back into a folder to be read."""

import hashlib
import shutil
from pathlib import Path


class FolderFiles:
    """A folder of files under the hash of their content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, scan: Path) -> tuple[str, ...]:
        """Keep a scan, one file or a folder of files; returns the keys in the order of the names."""
        files = sorted(scan.iterdir()) if scan.is_dir() else [scan]
        return tuple(self._put_file(file) for file in files)

    def fetch(self, keys: tuple[str, ...], folder: Path) -> Path:
        """Lay a scan into an empty folder; returns the file, or the folder where there are several."""
        for number, key in enumerate(keys):
            shutil.copyfile(self._folder / key, folder / f"{number:05d}")
        return folder / "00000" if len(keys) == 1 else folder

    def _put_file(self, file: Path) -> str:
        with file.open("rb") as content:
            key = hashlib.file_digest(content, "sha256").hexdigest()
        target = self._folder / key
        if not target.exists():
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            unfinished = target.with_suffix(".unfinished")
            shutil.copyfile(file, unfinished)
            unfinished.replace(target)
        return key

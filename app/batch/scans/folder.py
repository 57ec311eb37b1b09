"""Finds the scans below a folder: NIfTI files, zips, and folders that hold DICOM files, each known by its content."""

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from imaging.file_kind import looks_like_dicom

_HEAD_BYTES = 132
_BLOCK_BYTES = 1 << 20
_SINGLE_FILES = (".nii", ".nii.gz", ".zip")


@dataclass(frozen=True, slots=True)
class ScanEntry:
    """One scan of the folder."""

    name: str
    """Path below the folder, with forward slashes; ``.`` is the folder itself."""
    files: tuple[Path, ...]
    """The file, or the files directly inside the DICOM folder, in the order of their names."""
    is_folder: bool

    def digest(self) -> str:
        """SHA-256 of the content; of a DICOM folder over the sorted digests of its files, whatever their names.

        Raises
        ------
        OSError
            A file cannot be read.
        """
        digests = sorted(_sha256(path) for path in self.files)
        return digests[0] if not self.is_folder else hashlib.sha256("\n".join(digests).encode()).hexdigest()

    def described(self) -> dict[str, str | int]:
        """The entry as a line of the manifest: path, kind, number of files and of bytes (0: they cannot be counted)."""
        try:
            size = sum(path.stat().st_size for path in self.files)
        except OSError:
            size = 0
        kind = "folder" if self.is_folder else "file"
        return {"case_id": self.name, "kind": kind, "files": len(self.files), "bytes": size}


def find_scans(folder: Path, leave_out: Path) -> list[ScanEntry]:
    """List the scans below ``folder`` in the order of their paths.

    Hidden files and folders, linked folders and everything below ``leave_out`` are passed over. Of a folder with DICOM
    files the files directly inside are one scan; folders inside it are looked at for themselves.
    """
    entries: list[ScanEntry] = []
    for parent, folders, names in os.walk(folder):
        here = Path(parent)
        folders[:] = sorted(f for f in folders if not f.startswith(".") and (here / f).resolve() != leave_out.resolve())
        files = [here / name for name in sorted(names) if not name.startswith(".") and (here / name).is_file()]
        single = [path for path in files if path.name.lower().endswith(_SINGLE_FILES)]
        entries += [ScanEntry(path.relative_to(folder).as_posix(), (path,), is_folder=False) for path in single]
        others = tuple(path for path in files if path not in single)
        if any(_is_dicom(path) for path in others):
            entries.append(ScanEntry(here.relative_to(folder).as_posix(), others, is_folder=True))
    return sorted(entries, key=lambda entry: entry.name)


def _is_dicom(path: Path) -> bool:
    try:
        with path.open("rb") as stream:
            return looks_like_dicom(stream.read(_HEAD_BYTES))
    except OSError:
        return False


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while block := stream.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()

"""De-identifies the DICOM files of a folder into another one, under names of our own."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

import pydicom

from app.interop.dicom_in.deidentify import NotDeidentifiable, Pseudonyms, deidentify
from imaging.element_budget import with_element_budget
from imaging.file_content import files_of_folder
from imaging.hostile_bytes import parsing_foreign_bytes
from imaging.read_limits import ReadLimits
from imaging.refusals import ScanRefused

_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Copies:
    """What came of a run."""

    written: int
    refused: tuple[str, ...]
    """Why others were not copied, one sentence for each object."""


def read_key(path: Path | None) -> bytes:
    """The key of the pseudonyms; ``None``: a new one that is kept nowhere, so that no copy can be matched later.

    Raises
    ------
    ValueError
        The file cannot be read, or holds fewer than 32 bytes.
    """
    if path is None:
        return secrets.token_bytes(_KEY_BYTES)
    try:
        key = path.read_bytes().strip()
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror}.") from None
    if len(key) < _KEY_BYTES:
        raise ValueError(f"{path}: a key has at least {_KEY_BYTES} bytes.")
    return key


def deidentify_folder(source: Path, target: Path, key: bytes) -> Copies:
    """Copy what can be copied. Raises OSError where the target cannot be written."""
    pseudonyms = Pseudonyms(key)
    target.mkdir(parents=True, exist_ok=True)
    written, refused = 0, []
    for content in files_of_folder(source, ReadLimits()):
        try:
            with parsing_foreign_bytes("It cannot be read as DICOM."), content.open() as stream:
                original = pydicom.dcmread(with_element_budget(stream, most_bytes=None))
            copy = deidentify(original, pseudonyms)
        except NotDeidentifiable as fault:
            refused.append(str(fault))
            continue
        except ScanRefused as fault:
            refused.append(fault.text)
            continue
        _write(copy, target / f"{written:05d}.dcm")
        written += 1
    return Copies(written, tuple(refused))


def _write(copy: pydicom.Dataset, path: Path) -> None:
    """Write whole or not at all."""
    unfinished = path.with_suffix(".unfinished")
    try:
        copy.save_as(unfinished, enforce_file_format=True)
        os.replace(unfinished, path)  # noqa: PTH105 -- as everywhere: one step, over what a former run wrote
    finally:
        unfinished.unlink(missing_ok=True)

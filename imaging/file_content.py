"""The files that make up a scan, wherever they lie: a folder on disk or the members of a zip, each within limits."""

import io
import os
import stat
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from imaging.hostile_bytes import corrupt_file, parsing_foreign_bytes
from imaging.read_limits import ReadLimits, refuse_too_large

_CHUNK_BYTES = 1 << 20
_ENCRYPTED = 0x1
_PLAIN_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_END_OF_DIRECTORY = b"PK\x05\x06"
_ZIP64_LOCATOR = b"PK\x06\x07"
_END_RECORD_BYTES = 22
_LONGEST_TAIL = _END_RECORD_BYTES + 65_535 + 20
"""End-of-directory record, the longest comment, and the locator before it (APPNOTE 4.3.15, 4.3.16)."""
_DIRECTORY_BYTES_A_FILE = 1_024
"""Generous room for one entry of a zip's directory: 46 bytes and its name."""


class FileContent(Protocol):
    """Bytes of one file; its name is not part of it, because names are neither trusted nor needed."""

    def open(self) -> BinaryIO:
        """Return a fresh seekable stream at the first byte; the caller closes it."""
        ...


@dataclass(frozen=True, slots=True)
class FileOnDisk:
    """A file that stays where it is until it is read."""

    path: Path

    def open(self) -> BinaryIO:
        return self.path.open("rb")


@dataclass(frozen=True, slots=True)
class BytesInMemory:
    """A member of an archive, already unpacked within limits; never written to disk."""

    data: bytes

    def open(self) -> BinaryIO:
        return io.BytesIO(self.data)


def files_of_folder(folder: Path, limits: ReadLimits) -> Iterator[FileContent]:
    """Yield the regular files below a folder in the order of their paths; linked folders are not entered.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE`` if there are too many files.
    """
    paths: list[Path] = []
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            if not path.is_file():
                continue
            paths.append(path)
            if len(paths) > limits.max_files:
                refuse_too_large(f"The folder holds more than {limits.max_files} files.")
    for path in sorted(paths):
        yield FileOnDisk(path)


def files_of_zip(path: Path, limits: ReadLimits) -> Iterator[FileContent]:
    """Yield the members of a zip one by one, unpacked into memory; names, links and folders in it mean nothing.

    Sizes in an archive's directory are promises; what counts is the bytes that come out.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE`` or ``CORRUPT_FILE``.
    """
    packed_bytes = path.stat().st_size
    if packed_bytes > limits.max_compressed_bytes:
        refuse_too_large("The archive is larger than what is read at once.")
    _check_directory(path, limits)
    damaged = "The zip archive is damaged and cannot be unpacked."
    with parsing_foreign_bytes(damaged):
        archive = zipfile.ZipFile(path)
    with archive:
        members = [member for member in archive.infolist() if not member.is_dir() and not _is_link(member)]
        if len(members) > limits.max_files:
            refuse_too_large(f"The archive holds more than {limits.max_files} files.")
        unpacked_bytes = 0
        for member in members:
            _check_member(member)
            with parsing_foreign_bytes(damaged):
                data = _unpack(archive, member, unpacked_bytes, packed_bytes, limits)
            unpacked_bytes += len(data)
            yield BytesInMemory(data)


def _check_directory(path: Path, limits: ReadLimits) -> None:
    """Refuse a directory of millions of entries before ``zipfile`` makes an object of each."""
    with path.open("rb") as stream:
        size = stream.seek(0, io.SEEK_END)
        stream.seek(max(0, size - _LONGEST_TAIL))
        tail = stream.read()
    # As zipfile looks: a record without comment at the very end, else the last one that can be found.
    end = len(tail) - _END_RECORD_BYTES
    if not tail[max(0, end) :].startswith(_END_OF_DIRECTORY):
        end = tail.rfind(_END_OF_DIRECTORY)
    if end < 0:
        raise corrupt_file("The zip archive is damaged: its directory is missing.")
    directory_bytes = int.from_bytes(tail[end + 12 : end + 16], "little")
    if _ZIP64_LOCATOR in tail[max(0, end - 20) : end] or directory_bytes > limits.max_files * _DIRECTORY_BYTES_A_FILE:
        refuse_too_large(f"The archive lists more than {limits.max_files} files.")


def _check_member(member: zipfile.ZipInfo) -> None:
    if member.flag_bits & _ENCRYPTED:
        raise corrupt_file("The zip archive is protected by a password.", "Send it again without a password.")
    if member.compress_type not in _PLAIN_METHODS:
        raise corrupt_file(
            "The zip archive is packed in an uncommon way that is not unpacked here.",
            "Pack the files as an ordinary zip (deflate).",
        )


def _is_link(member: zipfile.ZipInfo) -> bool:
    """Whether the archive marks a member as a symbolic link (its Unix mode stands in the upper half)."""
    return stat.S_ISLNK(member.external_attr >> 16)


def _unpack(
    archive: zipfile.ZipFile, member: zipfile.ZipInfo, unpacked_before: int, packed_bytes: int, limits: ReadLimits
) -> bytes:
    """Return a member's bytes, giving up as soon as the whole archive's output runs past the limits."""
    taken = bytearray()
    with archive.open(member) as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            taken += chunk
            check_unpacked(unpacked_before + len(taken), packed_bytes, limits)
    return bytes(taken)


def check_unpacked(unpacked_bytes: int, packed_bytes: int, limits: ReadLimits) -> None:
    """Refuse once the bytes that came out so far pass the cap, or are too many for what went in.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE``.
    """
    if unpacked_bytes > limits.max_uncompressed_bytes:
        refuse_too_large("The scan unpacks to more data than is read at once.")
    beyond_free = unpacked_bytes > limits.ratio_free_bytes
    if beyond_free and unpacked_bytes > packed_bytes * limits.max_compression_ratio:
        refuse_too_large("The scan unpacks to far more data than a packed scan of its size can hold.")

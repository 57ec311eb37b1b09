"""The one way in for scans: finds out by content what was given, and reads it within limits."""

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from imaging.file_content import FileContent, FileOnDisk, check_unpacked, files_of_folder, files_of_zip
from imaging.file_kind import HEAD_BYTES, looks_like_dicom, looks_like_nifti
from imaging.hostile_bytes import corrupt_file
from imaging.read_limits import ReadLimits, refuse_too_large
from imaging.refusals import ScanRefused
from imaging.volume import CtVolume

_HASH_CHUNK_BYTES = 1 << 20
_GZIP_MAGIC = b"\x1f\x8b"
_ZIP_MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
_SEND_A_SCAN = "Send a NIfTI file (.nii, .nii.gz), DICOM files, or a zip of DICOM files."


def read_volume(path: Path, limits: ReadLimits = ReadLimits()) -> CtVolume:  # noqa: B008 - frozen
    """Read a head CT from a NIfTI file, a DICOM file, a folder of DICOM files or a zip; names do not matter.

    Parameters
    ----------
    path
        File or folder. In folders and archives, files that are no scans are ignored.
    limits
        Caps on what is read, unpacked and allocated.

    Raises
    ------
    ScanRefused
        For everything that can be wrong with the files.
    FileNotFoundError
        If nothing lies at ``path``.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    dicom: list[FileContent] = []
    nifti: list[FileContent] = []
    for content, kind in _scan_files(path, limits):
        (dicom if kind == "dicom" else nifti).append(content)
    if dicom:
        from imaging.dicom import read_dicom  # noqa: PLC0415 -- a NIfTI file needs no DICOM library, which is large

        return read_dicom(dicom, limits)
    if len(nifti) == 1:
        return _read_nifti(nifti[0], limits)
    if nifti:
        raise corrupt_file(
            "There are several NIfTI files, and it is not clear which one is meant.", "Send one of them."
        )
    raise _no_scan()


def fingerprint(path: Path, limits: ReadLimits = ReadLimits()) -> str:  # noqa: B008 - frozen
    """Return a SHA-256 over the scan's contents, in hexadecimal digits.

    For a single file it is the file's own SHA-256. For folders and archives it is taken over the sorted SHA-256 of
    the scan files in them, so names, order and files beside the scan do not matter.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE`` or ``CORRUPT_FILE``, as in :func:`read_volume`.
    FileNotFoundError
        If nothing lies at ``path``.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    digests = sorted(_sha256(content) for content, _ in _scan_files(path, limits))
    if not digests:
        raise _no_scan()
    if len(digests) == 1:
        return digests[0]
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def dicom_files(path: Path, limits: ReadLimits = ReadLimits()) -> list[FileContent]:  # noqa: B008 - frozen
    """Return the DICOM files of a scan, for those who write results beside it; none for NIfTI.

    Raises
    ------
    ScanRefused
        ``TOO_LARGE`` or ``CORRUPT_FILE``, as in :func:`read_volume`.
    FileNotFoundError
        If nothing lies at ``path``.
    """
    if not path.exists():
        raise FileNotFoundError(path)
    return [content for content, kind in _scan_files(path, limits) if kind == "dicom"]


def _scan_files(path: Path, limits: ReadLimits) -> Iterator[tuple[FileContent, str]]:
    """Yield the files that are scans by their content, with their kind: ``"dicom"`` or ``"nifti"``."""
    if path.is_dir():
        files: Iterator[FileContent] = files_of_folder(path, limits)
    elif not path.is_file():
        raise corrupt_file("What was given is neither a file nor a folder.", _SEND_A_SCAN)
    elif _is_zip(FileOnDisk(path)):
        files = files_of_zip(path, limits)
    else:
        files = iter([FileOnDisk(path)])
    for content in files:
        kind = _kind(content, limits)
        if kind is not None:
            yield content, kind


def _kind(content: FileContent, limits: ReadLimits) -> str | None:
    """Return ``"dicom"``, ``"nifti"``, or ``None`` for a file that is no scan; refuse a scan that is too large."""
    with _opened(content) as stream:
        head = stream.read(HEAD_BYTES)
        size = stream.seek(0, io.SEEK_END)
    if head.startswith(_GZIP_MAGIC):
        head = _unzipped_head(content)
        kind = "nifti" if looks_like_nifti(head) else None
    else:
        kind = "dicom" if looks_like_dicom(head) else "nifti" if looks_like_nifti(head) else None
    if kind is not None and size > limits.max_uncompressed_bytes:
        refuse_too_large("A file is larger than what is read at once.")
    return kind


def _no_scan() -> ScanRefused:
    return corrupt_file("No scan was found: neither NIfTI nor DICOM.", _SEND_A_SCAN)


def _is_zip(content: FileContent) -> bool:
    with _opened(content) as stream:
        return stream.read(HEAD_BYTES).startswith(_ZIP_MAGIC)


def _unzipped_head(content: FileContent) -> bytes:
    """Return the first unpacked bytes of a gzip stream, empty if they cannot be unpacked."""
    try:
        with _opened(content) as stream, gzip.GzipFile(fileobj=stream) as unzipped:
            return unzipped.read(HEAD_BYTES)
    except (OSError, EOFError, zlib.error):
        return b""


@contextmanager
def _opened(content: FileContent) -> Iterator[BinaryIO]:
    """Open a file for reading; one that the disk refuses to give is a damaged one to the caller."""
    try:
        stream = content.open()
    except OSError as error:
        raise corrupt_file("A file could not be opened.") from error
    with stream:
        yield stream


def _read_nifti(content: FileContent, limits: ReadLimits) -> CtVolume:
    from imaging.nifti import read_nifti  # noqa: PLC0415 -- as above

    with _opened(content) as stream:
        stored_bytes = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        if stream.read(2) != _GZIP_MAGIC:
            stream.seek(0)
            return read_nifti(stream, limits, stored_bytes)
        stream.seek(0)
        with gzip.GzipFile(fileobj=stream) as unzipped:
            return read_nifti(_CappedStream(unzipped, stored_bytes, limits), limits)


class _CappedStream:
    """A decompressor that stops when more comes out than the limits allow."""

    def __init__(self, stream: gzip.GzipFile, packed_bytes: int, limits: ReadLimits) -> None:
        self._stream = stream
        self._packed_bytes = packed_bytes
        self._limits = limits
        self._unpacked_bytes = 0

    def read(self, size: int, /) -> bytes:
        """Return up to ``size`` unpacked bytes; raises ``ScanRefused`` (``TOO_LARGE``) beyond the limits."""
        data = self._stream.read(size)
        self._unpacked_bytes += len(data)
        check_unpacked(self._unpacked_bytes, self._packed_bytes, self._limits)
        return data


def _sha256(content: FileContent) -> str:
    with _opened(content) as stream:
        digest = hashlib.sha256()
        while chunk := stream.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
        return digest.hexdigest()

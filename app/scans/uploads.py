"""Takes a scan from a multipart request and lays it in a private folder, under names of our own."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import anyio.to_thread
from fastapi import Request
from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from app.problems import Problem
from app.settings.settings import Settings

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_BLOCK_BYTES = 1024 * 1024
"""Bytes that are gathered before a thread parses and writes them: the event loop waits for no disk."""


@dataclass(frozen=True, slots=True)
class Upload:
    """What a request brought."""

    scan: Path
    """One file, or a folder of DICOM files."""
    case: bytes | None
    """The JSON text of the case, not yet parsed; ``None``: the request brought none."""


async def receive_within_limits(request: Request, folder: Path, settings: Settings) -> Upload:
    """As `receive_upload`, with the limits of the settings; 408 for an upload that takes too long."""
    try:
        async with asyncio.timeout(settings.upload_seconds_limit):
            return await receive_upload(
                request,
                folder,
                files_limit=settings.upload_files_limit,
                case_limit_bytes=settings.json_body_limit_bytes,
            )
    except TimeoutError:
        raise Problem(408, "The upload took too long.", headers={"connection": "close"}) from None


async def receive_upload(request: Request, folder: Path, *, files_limit: int, case_limit_bytes: int) -> Upload:
    """Stream the body of a request into files.

    Parameters
    ----------
    folder
        An empty folder that the caller removes; nothing is written outside it. File names of the sender are not used.
    files_limit
        Most ``scan`` parts that the request may bring.
    case_limit_bytes
        Longest ``case`` part, in bytes.

    Raises
    ------
    Problem
        415: not multipart. 400: cut short or malformed. 413: too many files, or a case too long. 422: a part that has
        no meaning here, no scan, or an empty one.
    """
    parts = _Parts(folder, files_limit, case_limit_bytes)
    parser = _parser(request, parts)
    try:
        async for block in _blocks(request):
            await anyio.to_thread.run_sync(parser.write, block)
    except FormParserError:
        raise Problem(400, "The multipart body is malformed.") from None
    finally:
        parts.close()
    if not parts.ended:
        raise Problem(400, "The multipart body ends before its last boundary.")
    return Upload(await anyio.to_thread.run_sync(_scan_path, parts.files, folder), parts.case)


def _parser(request: Request, parts: "_Parts") -> MultipartParser:
    media_type, options = parse_options_header(request.headers.get("content-type"))
    if media_type != b"multipart/form-data":
        raise Problem(415, "Send the scan as multipart/form-data.")
    try:
        return MultipartParser(options[b"boundary"], parts.callbacks())
    except (KeyError, FormParserError):
        raise Problem(400, "The multipart body has no usable boundary.") from None


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    waiting = bytearray()
    async for chunk in request.stream():
        waiting += chunk
        if len(waiting) >= _BLOCK_BYTES:
            yield bytes(waiting)
            waiting.clear()
    if waiting:
        yield bytes(waiting)


@dataclass(slots=True)
class _Parts:
    """Receives the parser's events, in a thread, one block after another."""

    folder: Path
    files_limit: int
    case_limit_bytes: int
    files: list[Path] = field(default_factory=list)
    case: bytes | None = None
    ended: bool = False
    _header_name: bytes = b""
    _header_value: bytes = b""
    _disposition: bytes = b""
    _open_file: BinaryIO | None = None
    _case_so_far: bytearray | None = None

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_header_field": self._header_field,
            "on_header_value": self._header_text,
            "on_header_end": self._header_end,
            "on_headers_finished": self._start_part,
            "on_part_data": self._data,
            "on_part_end": self._finish_part,
            "on_end": self._end,
        }

    def close(self) -> None:
        if self._open_file is not None:
            self._open_file.close()
            self._open_file = None

    def _begin(self) -> None:
        self._disposition = b""

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header_name += data[start:end]

    def _header_text(self, data: bytes, start: int, end: int) -> None:
        self._header_value += data[start:end]

    def _header_end(self) -> None:
        if self._header_name.lower() == b"content-disposition":
            self._disposition = self._header_value
        self._header_name = self._header_value = b""

    def _start_part(self) -> None:
        name = parse_options_header(self._disposition)[1].get(b"name")
        if name == b"scan":
            if len(self.files) == self.files_limit:
                raise Problem(413, f"A scan may have at most {self.files_limit} files.")
            path = self.folder / f"{len(self.files):05d}"
            self._open_file = path.open("xb")
            self.files.append(path)
        elif name == b"case" and self.case is None:
            self._case_so_far = bytearray()
        else:
            raise _part_error("Parts are one or several named scan, and at most one named case.", "unexpected_part")

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._open_file is not None:
            self._open_file.write(data[start:end])
        elif self._case_so_far is not None:
            self._case_so_far += data[start:end]
            if len(self._case_so_far) > self.case_limit_bytes:
                raise Problem(413, f"The case may have at most {self.case_limit_bytes} bytes.")

    def _finish_part(self) -> None:
        self.close()
        if self._case_so_far is not None:
            self.case, self._case_so_far = bytes(self._case_so_far), None

    def _end(self) -> None:
        self.ended = True


def _scan_path(files: list[Path], folder: Path) -> Path:
    """One file, or the folder of all; the readers find out by content what it is."""
    if not files:
        raise _part_error("The request brings no scan.", "missing")
    if any(path.stat().st_size == 0 for path in files):
        raise _part_error("A file of the scan is empty.", "empty")
    return files[0] if len(files) == 1 else folder


def _part_error(message: str, kind: str) -> Problem:
    return Problem(422, message, [{"loc": ["body"], "msg": message, "type": kind}])

"""Takes the objects of a multipart/related body (PS3.18 8.7.1) one by one as they stream in, each within its limit."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from python_multipart import MultipartParser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import parse_options_header

from app.problems import Problem

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks


class Part(Protocol):
    """Somebody who takes the bytes of one part."""

    def write(self, data: memoryview) -> None:
        """Take bytes."""
        ...

    def end(self) -> None:
        """There are no more."""
        ...

    def drop(self) -> None:
        """The body broke off: forget what came."""
        ...


@dataclass(slots=True)
class RelatedParts:
    """Receives a parser's events, in a thread, one block of the body after another."""

    open_part: Callable[[], Part]
    most: int
    """Parts that one body may bring."""
    count: int = 0
    ended: bool = False
    _part: Part | None = field(default=None)

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self._begin,
            "on_part_data": self._data,
            "on_part_end": self._finish,
            "on_end": self._end,
        }

    def close(self) -> None:
        """Drop a part that has not ended."""
        part, self._part = self._part, None
        if part is not None:
            part.drop()

    def _begin(self) -> None:
        self.count += 1
        if self.count > self.most:
            raise Problem(413, f"A request may bring at most {self.most} objects.")
        self._part = self.open_part()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._part is not None:
            self._part.write(memoryview(data)[start:end])

    def _finish(self) -> None:
        part, self._part = self._part, None
        if part is not None:
            part.end()

    def _end(self) -> None:
        self.ended = True


def parser_of(content_type: str | None, parts: RelatedParts) -> MultipartParser:
    """A parser for a body of this content type. Raises Problem: 415 for another type, 400 without a boundary."""
    media_type, options = parse_options_header(content_type)
    if media_type != b"multipart/related" or options.get(b"type", b"").lower() != b"application/dicom":
        raise Problem(415, 'Send DICOM objects as multipart/related; type="application/dicom".')
    try:
        return MultipartParser(options[b"boundary"], parts.callbacks())
    except (KeyError, FormParserError):
        raise Problem(400, "The multipart body has no usable boundary.") from None

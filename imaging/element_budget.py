"""A stream that gives out so many pieces, none larger than what is left of the file, and of a header only so much.

A file of millions of tiny DICOM elements would stall the parser; one element that claims gigabytes would have them
allocated before the end of the file is noticed; one that really has them would fill the memory of whoever only wants
to know whose slice it is.
"""

from io import SEEK_END
from typing import BinaryIO, cast

from imaging.hostile_bytes import corrupt_file

MAX_READS_PER_FILE = 1_000_000
"""A CT slice takes a few hundred reads, an enhanced object of 1,000 frames some 300,000."""

MAX_HEADER_BYTES = 64 << 20
"""Bytes of a header that are read; those of an enhanced object of 1,000 frames take some 5 MiB."""
SKIPPED_FROM_BYTES = 16 << 20
"""Larger elements are skipped in headers (pydicom's ``defer_size``): nothing that is asked for is so large."""


def with_element_budget(
    stream: BinaryIO, reads: int = MAX_READS_PER_FILE, most_bytes: int | None = MAX_HEADER_BYTES
) -> BinaryIO:
    """Return a stream for pydicom, which asks for each element with one or two reads, that ends after so many.

    ``most_bytes``: what all reads together may bring; ``None``: the pixels too. ``read`` raises ``ScanRefused``
    (``CORRUPT_FILE``) once either is spent.
    """
    return cast("BinaryIO", _BudgetedStream(stream, reads, most_bytes))


class _BudgetedStream:
    """The part of a file that pydicom uses: read, seek and tell."""

    def __init__(self, stream: BinaryIO, reads: int, most_bytes: int | None) -> None:
        self._stream = stream
        self._left = reads
        self._bytes_left = most_bytes
        here = stream.tell()
        self._size = stream.seek(0, SEEK_END)
        stream.seek(here)
        self.seek = stream.seek
        self.tell = stream.tell

    def read(self, size: int = -1, /) -> bytes:
        self._left -= 1
        if self._left < 0:
            raise corrupt_file("A DICOM file is damaged: its header has an absurd number of elements.")
        left = max(0, self._size - self._stream.tell())
        wanted = left if size < 0 else min(size, left)
        if self._bytes_left is not None:
            self._bytes_left -= wanted
            if self._bytes_left < 0:
                raise corrupt_file("A DICOM file is damaged: its header is absurdly large.")
        return self._stream.read(wanted)

"""A stream that gives out only so many pieces, and none larger than what is left of the file.

A file of millions of tiny DICOM elements would stall the parser; one element that claims gigabytes would have them
allocated before the end of the file is noticed.
"""

from io import SEEK_END
from typing import BinaryIO, cast

from imaging.hostile_bytes import corrupt_file

MAX_READS_PER_FILE = 1_000_000
"""A CT slice takes a few hundred reads, an enhanced object of 1,000 frames some 300,000."""


def with_element_budget(stream: BinaryIO, reads: int = MAX_READS_PER_FILE) -> BinaryIO:
    """Return a stream for pydicom, which asks for each element with one or two reads, that ends after so many.

    Its ``read`` raises ``ScanRefused`` (``CORRUPT_FILE``) once the budget is spent.
    """
    return cast("BinaryIO", _BudgetedStream(stream, reads))


class _BudgetedStream:
    """The part of a file that pydicom uses: read, seek and tell."""

    def __init__(self, stream: BinaryIO, reads: int) -> None:
        self._stream = stream
        self._left = reads
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
        return self._stream.read(left if size < 0 else min(size, left))

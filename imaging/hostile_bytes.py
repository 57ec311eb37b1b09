"""The line between our code and parsers of foreign bytes: whatever they raise on a bad file becomes one refusal."""

from collections.abc import Iterator
from contextlib import contextmanager

from imaging.refusals import RefusalCode, ScanRefused

SEND_AGAIN = "Export the series again from the archive and send the complete files."


def corrupt_file(text: str, remedy: str = SEND_AGAIN) -> ScanRefused:
    """Return the refusal for a file that is damaged or breaks its own format."""
    return ScanRefused(RefusalCode.CORRUPT_FILE, text, remedy)


@contextmanager
def parsing_foreign_bytes(text: str) -> Iterator[None]:
    """Run library calls that parse foreign bytes; ``text`` is the sentence of the refusal should they fail.

    Parsers answer damaged files with a dozen kinds of exception: ``struct.error``, ``RecursionError`` on nested
    sequences, ``NotImplementedError``, ``MemoryError`` on absurd lengths, ``OverflowError`` and more, and which one
    changes with their versions. Only such calls belong inside: our own mistakes must stay visible.

    Raises
    ------
    ScanRefused
        ``CORRUPT_FILE``, with the parser's exception as its cause; refusals raised inside pass through unchanged.
    """
    try:
        yield
    except ScanRefused:
        raise
    except Exception as error:
        raise corrupt_file(text) from error

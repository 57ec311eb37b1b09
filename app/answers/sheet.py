"""An answer on its way to text: pieces that are written already, and values that one call writes together at the end.

Each call of ``to_json`` costs more than the short part that it writes, so there is one for all short parts.
"""

from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from app.answers.gapped import GappedText

_APART = "\0"
"""Stands between two values; no value of an answer holds it."""
_CUT = b',"\\u0000",'


class Sheet:
    """Pieces of JSON text in their order."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._values: list[Any] = []
        self._open: list[int] = []
        """Where the texts of the values go."""

    def text(self, text: bytes) -> None:
        """Add text as it is."""
        self._pieces.append(text)

    def filled(self, text: GappedText, written: Mapping[str, bytes]) -> None:
        """Add a text with its gaps filled."""
        self._pieces += text.filled(written)

    def value(self, value: Any) -> None:
        """Add a value, which is written with all others at the end."""
        if self._values:
            self._values.append(_APART)
        self._values.append(value)
        self._open.append(len(self._pieces))
        self._pieces.append(b"")

    def written(self) -> bytes:
        """The whole text."""
        if self._values:
            texts = to_json(self._values)[1:-1].split(_CUT)
            for place, text in zip(self._open, texts, strict=True):
                self._pieces[place] = text
        return b"".join(self._pieces)

"""JSON text with gaps: what patients share is written once, and each patient's own values are put in."""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.answers.values import value_json
from scoring.values import Known

_GAP = re.compile(rb'"\\u0000([^"\\]+)\\u0000"')


class GappedText(NamedTuple):
    """``text[0]``, what belongs into ``gaps[0]``, ``text[1]``, and so on."""

    text: tuple[bytes, ...]
    gaps: tuple[str, ...]

    def filled(self, written: Mapping[str, bytes]) -> list[bytes]:
        """The pieces of the text with the gaps filled; ``written`` is JSON text by the name of the gap."""
        pieces = [b""] * (2 * len(self.gaps) + 1)
        pieces[::2] = self.text
        pieces[1::2] = map(written.__getitem__, self.gaps)
        return pieces


@lru_cache(maxsize=4096, typed=True)
def value_text(value: Known) -> bytes:
    """A value as JSON text; few values are as common as yes, no, an artery and the scores up to 42."""
    return to_json(value_json(value))


def gap(name: str) -> str:
    """What stands for a gap while the text is made: no value of an answer holds the character NUL."""
    return f"\0{name}\0"


def gapped(value: Any) -> GappedText:
    """Write a value that holds gaps."""
    pieces = _GAP.split(to_json(value))
    return GappedText(tuple(pieces[::2]), tuple(name.decode() for name in pieces[1::2]))


def joined(texts: Iterable[GappedText]) -> GappedText:
    """One text after the other, as one."""
    pieces, gaps = [b""], list[str]()
    for text, between in texts:
        pieces[-1] += text[0]
        pieces += text[1:]
        gaps += between
    return GappedText(tuple(pieces), tuple(gaps))

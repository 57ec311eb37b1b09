"""The words of the pages in the language of the reader: a catalogue is a file, and English stands where it has none.

The English words themselves are the keys, so the code reads as the page does. A language is added by adding a file to
``words/``; a test names what the file still lacks.
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import yaml

ENGLISH = "en"
CATALOGUES = Path(__file__).parent
SCRIPTS = Path(__file__).parents[1] / "static"

_current: ContextVar[str] = ContextVar("language", default=ENGLISH)
_ACCEPTED = re.compile(r"\s*([a-zA-Z]{2,3})(?:-[a-zA-Z0-9-]+)?\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*", re.ASCII)
_MOST_ACCEPTED = 20
_IN_SCRIPTS = re.compile(r'\bsay\(\s*"((?:[^"\\]|\\.)+)"')


def _(words: str, /, **values: object) -> str:
    """The words in the language of this request, with the values filled in; English where the catalogue lacks them.

    >>> _("{count} entries need a look", count=2)
    '2 entries need a look'
    """
    found = catalogue(_current.get()).get(words, words)
    return found.format(**values) if values else found


class Said(str):
    """Words that are in the reader's language already, among others that may not be."""

    __slots__ = ()


def counted(one: str, many: str, count: int) -> str:
    """The words for one, or those for ``{count}``.

    >>> counted("1 item is open", "{count} items are open", 3)
    '3 items are open'
    """
    return _(one) if count == 1 else _(many, count=count)


def current() -> str:
    """The language of this request."""
    return _current.get()


def speak(language: str) -> None:
    """Set the language of this request; one that there is no catalogue for is English."""
    _current.set(language if language in languages() else ENGLISH)


@cache
def languages() -> Mapping[str, str]:
    """Code to own name of every language there are words in."""
    files = {path.stem: _read(path) for path in sorted(CATALOGUES.glob("*.yaml"))}
    return MappingProxyType({ENGLISH: "English", **{code: str(told["language"]) for code, told in files.items()}})


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """English words to words; empty for English.

    A file has ``words``, which must be complete, and may have ``texts`` of guidelines and of the scan reader.
    """
    if language == ENGLISH:
        return MappingProxyType({})
    told = _read(CATALOGUES / f"{language}.yaml")
    return MappingProxyType({**told.get("texts", {}), **told["words"]})


@cache
def script_words(language: str) -> Mapping[str, str]:
    """The part of the catalogue that the scripts of the pages say."""
    told = catalogue(language)
    return MappingProxyType({words: told[words] for words in words_of_scripts() if words in told})


@cache
def words_of_scripts() -> frozenset[str]:
    """What the scripts say, as they are written."""
    return frozenset(
        match.replace('\\"', '"')
        for path in SCRIPTS.glob("*.js")
        for match in _IN_SCRIPTS.findall(path.read_text(encoding="utf-8"))
    )


def preferred(header: str) -> str:
    """The language that a browser likes best of those there are.

    >>> preferred("fr-CH, de;q=0.8, en;q=0.3")
    'de'
    >>> preferred("xx")
    'en'
    """
    found = [_ACCEPTED.fullmatch(part) for part in header.split(",")[:_MOST_ACCEPTED]]
    liked = sorted(((float(one[2] or 1), one[1].lower()) for one in found if one), key=lambda pair: -pair[0])
    return next((code for weight, code in liked if code in languages() and weight > 0), ENGLISH)


def with_comma(number: str) -> str:
    """A number in figures with the decimal mark of the language.

    >>> with_comma("5.6")
    '5.6'
    """
    return number.replace(".", _DECIMAL_MARKS.get(_current.get(), "."))


_DECIMAL_MARKS = {"de": ","}


def _read(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return read

"""Puts text into HL7 v2 fields: escapes the delimiters and whatever could end a segment."""

import re

_ESCAPES = {"\\": r"\E\ ".strip(), "|": r"\F" + "\\", "^": r"\S" + "\\", "&": r"\T" + "\\", "~": r"\R" + "\\"}
_LINE_ENDS = re.compile(r"\r\n|\r|\n")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def escaped(text: str) -> str:
    r"""Text as a value of one field, component or subcomponent.

    Delimiters become ``\F\ \S\ \T\ \R\ \E\``, line ends ``\.br\``; other control characters are left out, since one
    of them would end the segment or the message.
    """
    lines = _LINE_ENDS.split(text)
    return r"\.br\ ".strip().join(_escaped_line(line) for line in lines)


def components(*parts: str) -> str:
    """A field of several components; empty ones at its end are left out."""
    return "^".join(escaped(part) for part in parts).rstrip("^")


def segment(name: str, *fields: str) -> str:
    """One segment without its end; the fields are escaped already, empty ones at its end are left out."""
    return "|".join((name, *fields)).rstrip("|")


def _escaped_line(line: str) -> str:
    return "".join(_ESCAPES.get(sign, sign) for sign in _CONTROL.sub("", line))

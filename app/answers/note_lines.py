"""Lines of a note for the terminal: labels, lists, times, nothing wider than the terminal."""

import textwrap
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

Json = Mapping[str, Any]

_WIDTH = 100


def hours(minutes: int) -> str:
    """Minutes as hours and minutes."""
    return f"{minutes // 60} h {minutes % 60:02d} min"


def clock(moment: str, answer: Json) -> str:
    """A moment by the clock that the case was judged by, whatever zone it was stated in; without the day if today."""
    now = datetime.fromisoformat(answer["evaluated_at"])
    then = datetime.fromisoformat(moment).astimezone(now.tzinfo)
    is_today = then.date() == now.date()
    return then.strftime("%H:%M UTC%z" if is_today else "%d %b %H:%M UTC%z").replace("UTC+0000", "UTC")


def labelled(label: str, text: str) -> list[str]:
    """A label and its text beside it; nothing where there is no text."""
    if not text:
        return []
    return wrapped(text, f"{label + ':':12}", " " * 12)


def listed_under(label: str, entries: Sequence[str]) -> list[str]:
    """A label and its entries below it; nothing where there are none."""
    lines = [f"{label}:"] if entries else []
    for entry in entries:
        lines += wrapped(entry, "  - ", "    ")
    return lines


def wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Lines that a terminal holds; names such as RESCUE-Japan stay whole."""
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def without_double_gaps(lines: Sequence[str]) -> list[str]:
    """The lines with no two empty ones on end."""
    return [line for before, line in zip(["", *lines], lines, strict=False) if line or before]

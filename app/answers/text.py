"""Parts of the answer as JSON text, put together from pieces that patients whose facts lie in the same cells share.

Writing out nineteen rule sets anew for each patient takes longer than judging them. What differs between two patients
in the same cells are their values alone: so the text is kept with gaps, and the values are filled in. The text is byte
for byte what ``to_json`` makes of the part; a test holds it to that.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from pydantic_core import to_json

from app.answers.parts import PARTS, Judged, near_bounds_json, outcomes_at_puncture, summary_json
from app.answers.values import answer_json, change_json, comes_at, value_json
from scoring.explain import what_would_change
from scoring.outcomes import Outcome

_GAP = re.compile(rb'"\\u0000([^"\\]+)\\u0000"')

Part = Callable[[Judged], Mapping[str, Any]]


class GappedText(NamedTuple):
    """JSON text with gaps: ``text[0]``, what belongs into ``gaps[0]``, ``text[1]``, and so on."""

    text: tuple[bytes, ...]
    gaps: tuple[str, ...]
    distinct: frozenset[str]

    def filled(self, written: Mapping[str, bytes]) -> bytes:
        """The text with the gaps filled; ``written`` is JSON text by the name of the gap."""
        pieces = [b""] * (2 * len(self.gaps) + 1)
        pieces[::2] = self.text
        pieces[1::2] = [written[gap] for gap in self.gaps]
        return b"".join(pieces)


def gap(name: str) -> str:
    """What stands for a gap while the text is made: no value of an answer holds the character NUL."""
    return f"\0{name}\0"


def gapped(value: Any) -> GappedText:
    """Write a value that holds gaps."""
    pieces = _GAP.split(to_json(value))
    gaps = tuple(name.decode() for name in pieces[1::2])
    return GappedText(tuple(pieces[::2]), gaps, frozenset(gaps))


def part_text(part: Part, judged: Judged) -> bytes:
    """The members of a part as JSON text, without the braces around them."""
    fast = _FAST.get(part)
    return to_json(part(judged))[1:-1] if fast is None else fast(judged)


def _evt(judged: Judged) -> bytes:
    later = outcomes_at_puncture(judged)
    texts: dict[tuple[Outcome | None, ...], GappedText] = judged.kept.once("evt text", dict)
    if later not in texts:
        gaps = {fact: gap(fact) for fact in judged.values}
        texts[later] = gapped([answer_json(now, then, gaps) for now, then in zip(judged.answers, later, strict=True)])
    text, values = texts[later], judged.values
    evt = text.filled({fact: to_json(value_json(values[fact])) for fact in text.distinct})
    return b'"evt":%b,"evt_summary":%b' % (evt, judged.kept.once("summary text", lambda: to_json(summary_json(judged))))


def _changes(judged: Judged) -> bytes:
    text = judged.kept.once("changes text", lambda: gapped(_changes_with_gaps(judged)))
    anchor_at = judged.assessment.timeline.anchor_at
    changes = text.filled({bound: _moment(anchor_at, bound) for bound in text.distinct})
    return b'"what_would_change":%b,"near_bounds":%b' % (changes, to_json(near_bounds_json(judged)))


def _changes_with_gaps(judged: Judged) -> list[dict[str, Any]]:
    changes = what_would_change(judged.grid, judged.values, judged.answers, judged.kept)
    anchor_at = judged.assessment.timeline.anchor_at
    return [change_json(one, gap(f"{one.bound:g}") if comes_at(one, anchor_at) else None) for one in changes]


def _moment(anchor_at: datetime | None, bound: str) -> bytes:
    return (
        b"null" if anchor_at is None else b'"%b"' % (anchor_at + timedelta(minutes=float(bound))).isoformat().encode()
    )


_FAST: Mapping[Part, Callable[[Judged], bytes]] = {PARTS["evt"]: _evt, PARTS["what_would_change"]: _changes}
"""Parts whose text is kept; the others are short."""

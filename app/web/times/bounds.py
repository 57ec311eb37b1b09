"""The moments at which an answer stops holding by itself, for the clock of the page."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.web.words.catalogue import _, counted


@dataclass(frozen=True, slots=True)
class TimeBound:
    """A moment from which the answer of at least one source is another one, or at which the window closes."""

    at: datetime
    closes: bool
    """Whether the window closes then."""
    words: str
    """Which sources then say what; empty: none says anything else."""


def time_bounds(answer: Mapping[str, Any]) -> list[TimeBound]:
    """The bounds that lie ahead of this patient, the next one first.

    Parameters
    ----------
    answer
        The answer of ``POST /v1/triage``.
    """
    sources = {one["ruleset"]: one for one in answer["evt"]}
    lead = next((one["ruleset"] for one in answer["evt"] if one["kind"] == "guideline"), None)
    changing: defaultdict[str, list[str]] = defaultdict(list)
    for change in answer["what_would_change"]:
        if "after" in change:
            ruleset, told = change["then"]["ruleset"], change["then"]["outcome_text"]
            words = f"{sources[ruleset]['title']}: {_(told)}" if ruleset == lead else ""
            changing[change["after"]].append(words)
    closes_at = answer["time"]["window_closes_at"]
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    moments = {datetime.fromisoformat(text): text for text in (*changing, closes_at) if text}
    return [
        TimeBound(moment, text == closes_at, _words(changing.get(text, [])))
        for moment, text in sorted(moments.items())
        if moment > evaluated
    ]


def _words(changing: list[str]) -> str:
    """The leading guideline by its answer, the others by their number."""
    named = [words for words in changing if words]
    others = len(changing) - len(named)
    said = (
        counted("1 other source answers otherwise", "{count} other sources answer otherwise", others)
        if named
        else counted("1 source answers otherwise", "{count} sources answer otherwise", others)
    )
    return "; ".join(named + [said] * (others > 0))

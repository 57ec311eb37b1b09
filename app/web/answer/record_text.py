"""The answer as a few plain lines, to paste into a record or a message."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from app.web.answer.parts import sources
from app.web.answer.wording import say_level, state_of, title_of
from app.web.words.catalogue import _, counted

_WIDTH = 110
"""Characters of one line; longer ones are cut, so that no record system breaks them."""


_RULESETS = 2
"""Guidelines that are named; they come in the rule book's order, the leading one first."""


def copy_text(answer: Mapping[str, Any], said: Mapping[str, str], scan_recorded: str | None = None) -> str:
    """At most twelve lines of plain ASCII.

    Parameters
    ----------
    answer
        The answer of ``POST /v1/triage``.
    said
        Times in words: ``evaluated``, and where known ``since``, ``anchor``, ``window`` and ``puncture``.
    scan_recorded
        What the reader made of the software's reading, in words; ``None``: there is none, or nobody has seen it.
    """
    verdict = answer["evt_summary"]
    transfer = answer["transfer"]
    software = f"; {_('Software reading:')} "
    lines = [
        f"ASPECTS triage{_after(': ', answer['case_id'])}, {said['evaluated']}",
        f"ASPECTS: {say_score(answer['aspects'])}{_after(software, scan_recorded)}",
        f"{_('Time:')} {time_in_words(said)}{_after('; ', said.get('window'))}",
        f"{_('Thrombectomy:')} {_(state_of(verdict['verdict']).words)}",
        *(f"  {ruleset_line(one)}" for one in sources(answer)["answering"][:_RULESETS]),
        *(f"{_('Thrombolysis:')} {_lysis(one)}" for one in answer["ivt"][:1]),
        f"{_('Next:')} {_(transfer['action_text'])}{_after(' -> ', transfer['destination'])}",
        *([said["puncture"]] if "puncture" in said else []),
        f"{_('Not known:')} {_missing(answer)}",
        _(
            "Rules {rules}, software {software}",
            rules=answer["versions"]["rules"],
            software=answer["versions"]["software"],
        ),
        _("Decision support, not a cleared device. Clinician confirmed: [ ]"),
    ]
    return "\n".join(plain_ascii(line)[:_WIDTH].rstrip() for line in lines)


def time_in_words(said: Mapping[str, str]) -> str:
    if "since" not in said:
        return _("last known well not known")
    return " ".join(said[part] for part in ("about", "since", "anchor") if part in said)


def _missing(answer: Mapping[str, Any]) -> str:
    """What is not known, as much as fits on the line; the rest is counted, lest a cut line look whole."""
    named = ""
    for place, fact in enumerate(answer["missing"]):
        longer = ", ".join(filter(None, (named, title_of(fact))))
        left = len(answer["missing"]) - place
        if len(longer) > _WIDTH - _ROOM_FOR_THE_REST:
            return f"{named}, {counted('and 1 more', 'and {count} more', left)}"
        named = longer
    return named or _("nothing that could change this answer")


_ROOM_FOR_THE_REST = 36
"""Characters of the line that its beginning and the number of the rest may take."""


def say_score(aspects: Mapping[str, Any] | None) -> str:
    """The score with its bounds, such as ``7 of 10`` or ``6 to 8 of 10``."""
    if aspects is None:
        return _("not known")
    low, high = aspects["low"], aspects["high"]
    side = f", {_(aspects['side'] + ' side')}" if aspects["side"] else ""
    points = low if low == high else _("{low} to {high}", low=low, high=high)
    return f"{points} {_('of 10')}{side}"


def ruleset_line(one: Mapping[str, Any]) -> str:
    """One source with its answer, level and clause."""
    level, clause = _after(", ", one["level"] and say_level(one["level"])), _after(f", {_('clause')} ", one["clause"])
    return f"{one['title']}: {_(one['outcome_text'])}{level}{clause}"


def _lysis(one: Mapping[str, Any]) -> str:
    cautions = ", ".join(caution["title"] for caution in one["cautions"])
    return f"{_('contraindicated') if one['contraindicated'] else _(one['outcome_text'])}{_after('; ', cautions)}"


def _after(joint: str, words: str | None) -> str:
    return f"{joint}{words}" if words else ""


_PLAIN = str.maketrans(
    {"\N{EN DASH}": "-", "ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)


def plain_ascii(line: str) -> str:
    """Plain letters where there are any, and one line: what was typed may hold anything."""
    plain = unicodedata.normalize("NFKD", line.translate(_PLAIN)).encode("ascii", "ignore").decode("ascii")
    return "".join(letter for letter in plain if letter.isprintable())

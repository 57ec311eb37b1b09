"""The answer as a few plain lines, to paste into a record or a message."""

import unicodedata
from collections.abc import Mapping
from typing import Any

from app.web.result_parts import sources
from app.web.wording import state_of, title_of

_WIDTH = 110
"""Characters of one line; longer ones are cut, so that no record system breaks them."""


_RULESETS = 2
"""Guidelines that are named; they come in the rule book's order, the leading one first."""


def copy_text(answer: Mapping[str, Any], said: Mapping[str, str], scan_decision: str | None = None) -> str:
    """At most twelve lines of plain ASCII.

    Parameters
    ----------
    answer
        The answer of ``POST /v1/triage``.
    said
        Times in words: ``evaluated``, and where known ``since``, ``anchor``, ``window`` and ``puncture``.
    scan_decision
        What the reader made of the software's reading, in words; ``None``: there is none, or nothing was decided.
    """
    verdict = answer["evt_summary"]
    transfer = answer["transfer"]
    lines = [
        f"ASPECTS triage{_after(': ', answer['case_id'])}, {said['evaluated']}",
        f"ASPECTS: {say_score(answer['aspects'])}{_after('; Software reading: ', scan_decision)}",
        f"Time: {_time(said)}{_after('; ', said.get('window'))}",
        f"Thrombectomy: {state_of(verdict['verdict']).words}",
        *(f"  {_ruleset_line(one)}" for one in sources(answer)["answering"][:_RULESETS]),
        *(f"Thrombolysis: {_lysis(one)}" for one in answer["ivt"][:1]),
        f"Next: {transfer['action_text']}{_after(' -> ', transfer['destination'])}",
        *([said["puncture"]] if "puncture" in said else []),
        f"Not known: {', '.join(map(title_of, answer['missing'])) or 'nothing that could change this answer'}",
        f"Rules {answer['versions']['rules']}, software {answer['versions']['software']}",
        "Decision support, not a cleared device. Clinician confirmed: [ ]",
    ]
    return "\n".join(plain_ascii(line)[:_WIDTH].rstrip() for line in lines)


def _time(said: Mapping[str, str]) -> str:
    return f"{said['since']} {said['anchor']}" if "since" in said else "last known well not known"


def say_score(aspects: Mapping[str, Any] | None) -> str:
    """The score with its bounds, such as ``7 of 10`` or ``6 to 8 of 10``."""
    if aspects is None:
        return "not known"
    low, high = aspects["low"], aspects["high"]
    side = f", {aspects['side']} side" if aspects["side"] else ""
    return f"{low if low == high else f'{low} to {high}'} of 10{side}"


def _ruleset_line(one: Mapping[str, Any]) -> str:
    level, clause = _after(", level ", one["level"]), _after(", clause ", one["clause"])
    return f"{one['title']}: {one['outcome_text']}{level}{clause}"


def _lysis(one: Mapping[str, Any]) -> str:
    cautions = ", ".join(caution["title"] for caution in one["cautions"])
    return f"{'contraindicated' if one['contraindicated'] else one['outcome_text']}{_after('; ', cautions)}"


def _after(joint: str, words: str | None) -> str:
    return f"{joint}{words}" if words else ""


def plain_ascii(line: str) -> str:
    """Plain letters where there are any, and one line: what was typed may hold anything."""
    plain = unicodedata.normalize("NFKD", line.replace("\N{EN DASH}", "-")).encode("ascii", "ignore").decode("ascii")
    return "".join(letter for letter in plain if letter.isprintable())

"""Words and shapes for answers: the state a verdict puts the case in, values as people say them, titles of facts."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.web.form.layout import CHOICE_WORDS
from app.web.times.words import say_minutes
from app.web.words.catalogue import ENGLISH, _, current, with_comma
from scoring.derived import DERIVED_FACTS, MISMATCH_FACTS
from scoring.facts import FACTS, FactSpec
from scoring.outcomes import Outcome, Stance

_SPECS: Mapping[str, FactSpec] = {**FACTS, **DERIVED_FACTS}

TITLES_OF_PLACES = {
    "site.capability": "What is done at this hospital",
    "site.minutes_to_thrombectomy_centre": "Minutes to the thrombectomy centre",
    "site.door_to_groin_minutes": "Door to groin",
}
"""Titles of what is asked for and is not a fact of the patient."""


@dataclass(frozen=True, slots=True)
class State:
    """How a verdict is shown: words first, with a shape of its own; colour only repeats them."""

    key: str
    icon: str
    words: str
    """The verdict on thrombectomy, in a few words."""


SUITABLE = State("suitable", "tick", "Suitable")
OUT_OF_SCOPE_VERDICT = "haemorrhage"
"""The summary's verdict where no source is asked, because the stroke is not ischaemic."""

OUT_OF_SCOPE = State("silent", "slash", "Out of scope: haemorrhage")

_STATES = {
    Stance.RECOMMENDED: SUITABLE,
    Stance.REASONABLE: SUITABLE,
    Stance.MAY_BE_CONSIDERED: State("maybe", "diamond", "May be suitable"),
    Stance.NOT_RECOMMENDED: State("not", "cross", "Not suitable by this guideline"),
    Stance.HARMFUL: State("not", "cross", "Not suitable: harm was found"),
    Stance.INSUFFICIENT_DATA: State("silent", "square", "Guideline: data are insufficient"),
    Stance.OUTSIDE_CRITERIA: State("not", "cross", "Outside the criteria of this guideline"),
    Stance.NOT_ADDRESSED: State("silent", "dash", "Not addressed by this guideline"),
    Stance.NEED_DATA: State("ask", "question", "Cannot say yet: data missing"),
}


def state_of(verdict: str) -> State:
    """The state for a stance, or for the verdict of the summary (a stance, or out of scope)."""
    return OUT_OF_SCOPE if verdict == OUT_OF_SCOPE_VERDICT else _STATES[Stance(verdict)]


def state_of_outcome(outcome: str, contraindicated: bool) -> State:  # noqa: FBT001 -- called from a template
    """The state for one outcome on thrombolysis; a contraindication outweighs it."""
    return _STATES[Stance.NOT_RECOMMENDED if contraindicated else Outcome(outcome).stance]


def title_of(name: str) -> str:
    """What a fact is called.

    >>> title_of("nihss_total")
    'NIHSS'
    """
    if name in TITLES_OF_PLACES:
        return _(TITLES_OF_PLACES[name])
    return _(_SPECS[name].title) if name in _SPECS else name.replace("_", " ").replace(".", ": ").capitalize()


def say_value(name: str, value: Any) -> str:
    """A value with its unit; ``None`` is said as not known.

    >>> say_value("minutes_since_last_known_well", 235)
    '3 h 55 min'
    >>> say_value("aspects_total", {"low": 6, "high": 7})
    '6 to 7'
    >>> say_value("mismatch_volume_ml", {"low": -1990, "high": 10})
    'at most 10 ml'
    >>> say_value("mass_effect", None)
    'not known'
    """
    match value:
        case None:
            return _("not known")
        case bool():
            return _("yes") if value else _("no")
        case {"low": low, "high": high}:
            return _say_bounds(name, low, high)
        case list():
            return f" {_('or')} ".join(say_choice(name, choice) for choice in value)
        case str():
            return say_choice(name, value)
        case _:
            unit = _SPECS[name].unit if name in _SPECS and not name.startswith("minutes_") else None
            return " ".join(filter(None, (_plain(name, value), unit and _(unit))))


def _say_bounds(name: str, low: float, high: Any) -> str:
    """Of a mismatch with one volume alone one end follows from that volume, the other from the most that is taken."""
    if name not in MISMATCH_FACTS:
        return _("{low} to {high}", low=_plain(name, low), high=_plain(name, high))
    if high == "infinite":
        return f"{_('at least')} {say_value(name, low)}"
    return f"{_('at most')} {say_value(name, high)}"


def _plain(name: str, value: float) -> str:
    return say_minutes(int(value)) if name.startswith("minutes_") else with_comma(f"{round(value, 2):g}")


def say_choice(name: str, choice: str) -> str:
    """A choice in words."""
    return _(CHOICE_WORDS.get(name, {}).get(choice, choice.replace("_", " ")))


def say_condition(name: str, condition: str) -> str:
    """A rule's condition with its codes and minutes turned into words.

    >>> say_condition("minutes_since_last_known_well", "above 360 and at most 1440")
    'above 6 h and at most 24 h'
    >>> say_condition("occlusion_site", "one of ica_intracranial, mca_m1")
    'one of ICA, intracranial; MCA M1'
    """
    if name.startswith("minutes_"):
        return _comparison(re.sub(r"\d+", lambda match: say_minutes(int(match[0])), condition))
    codes = CHOICE_WORDS.get(name, {})
    if not codes:
        return _comparison(condition.replace("_", " "))
    spaced = _comparison(condition.replace(", ", "; "))
    return re.sub(r"[a-z][a-z0-9_]*", lambda match: _(codes.get(match[0], match[0])), spaced)


def _comparison(condition: str) -> str:
    """A condition with its comparing words in the language of the page; its codes and numbers stay."""
    if current() == ENGLISH:
        return condition
    said = _COMPARING.sub(lambda match: _(match[0]), condition)
    return _DECIMAL.sub(lambda match: with_comma(match[0]), said)


COMPARING = (
    "at least", "at most", "above", "below", "between", "one of", "none of", "or more", "or less", "days", "yes", "no",
    "and", "or", "is", "not", "to",
)  # fmt: skip
"""Words that conditions are made of; the longer ones first."""
_COMPARING = re.compile(rf"\b(?:{'|'.join(COMPARING)})\b")
_DECIMAL = re.compile(r"\b\d+\.\d+\b")


def outcome_text(outcome: str) -> str:
    """An outcome's code in words.

    >>> outcome_text("COR2b")
    'class 2b: may be reasonable'
    """
    return _(Outcome(outcome).label)


LEVELS = {name: f"level {name}" for name in ("high", "moderate", "low", "very low")}
"""Levels of evidence that are words; the others are letters, the same in every language."""


def say_level(level: str) -> str:
    """How sure the evidence is, as the source puts it.

    >>> say_level("A")
    'level A'
    """
    return _(LEVELS[level]) if level in LEVELS else _("level {level}", level=level)


def say_checked(checked: Mapping[str, Any] | str) -> str:
    """Who has compared a clause with the original document.

    >>> say_checked("second-hand")
    'not yet (second-hand)'
    """
    status = checked if isinstance(checked, str) else checked["status"]
    said = {"read": _("read by the project"), "clinician": _("by a clinician")}
    return said.get(status) or _("not yet ({status})", status=_(status))


def first_up(words: str) -> str:
    """The words with a capital first letter and nothing else changed.

    >>> first_up("class 1 by AHA/ASA")
    'Class 1 by AHA/ASA'
    """
    return words[:1].upper() + words[1:]

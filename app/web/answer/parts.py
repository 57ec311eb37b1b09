"""The parts of the answer's page: who says what, what is missing, what would change it, what was entered."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.web.answer.wording import OUT_OF_SCOPE_VERDICT, say_choice, say_value, title_of
from app.web.form import layout
from app.web.form.reading import FormReading
from app.web.times.words import say_ago, say_moment
from app.web.words.catalogue import _, counted
from scoring.outcomes import Stance

_FIELDS_OF = {
    "minutes_since_last_known_well": ("last_known_well_at",),
    "minutes_since_recognition": ("recognised_at",),
    "minutes_since_sleep_midpoint": ("slept_at", "woke_at"),
    "minutes_since_imaging": ("imaged_at",),
    "site.capability": ("capability",),
    "site.minutes_to_thrombectomy_centre": ("minutes_to_thrombectomy_centre",),
    "site.door_to_groin_minutes": ("door_to_groin_minutes",),
}
"""Fields of the form that supply what a rule misses, where they have another name."""

STANCE_COUNTS = (
    ({Stance.RECOMMENDED, Stance.REASONABLE}, "recommended or reasonable"),
    ({Stance.MAY_BE_CONSIDERED}, "may be considered"),
    ({Stance.NOT_RECOMMENDED, Stance.HARMFUL}, "advised against"),
    ({Stance.INSUFFICIENT_DATA}, "data insufficient"),
    ({Stance.OUTSIDE_CRITERIA}, "outside the criteria"),
    ({Stance.NEED_DATA}, "cannot say before more is known"),
    ({Stance.NOT_ADDRESSED}, "patient not covered"),
)


def lead_of(answer: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The leading guideline, which the answer puts first; ``None``: no guideline on thrombectomy is asked."""
    if answer["evt_summary"]["verdict"] == OUT_OF_SCOPE_VERDICT:
        return None
    return next((one for one in answer["evt"] if one["kind"] == "guideline"), None)


def said_once(reasons: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The lines of a source without those that say the same again: a clause and its exception share conditions.

    >>> said_once([{"fact": "age_years", "condition": "at least 18"}] * 2)
    [{'fact': 'age_years', 'condition': 'at least 18'}]
    """
    return list({(one["fact"], one["condition"]): one for one in reasons}.values())


def sources(answer: Mapping[str, Any]) -> dict[str, list[Mapping[str, Any]]]:
    """The rule sets in three groups: guidelines with an answer, guidelines that do not cover the patient, trials."""
    groups: dict[str, list[Mapping[str, Any]]] = {"answering": [], "silent": [], "trials": []}
    for one in answer["evt"]:
        silent = one["stance"] == Stance.NOT_ADDRESSED and bool(groups["answering"])
        groups["trials" if one["kind"] == "trial" else "silent" if silent else "answering"].append(one)
    return groups


def count_stances(rulesets: Sequence[Mapping[str, Any]]) -> str:
    """How many sources say what, so that a difference between them is seen at once."""
    counts = [(sum(one["stance"] in stances for one in rulesets), words) for stances, words in STANCE_COUNTS]
    said = "; ".join(f"{_(words)} {count}" for count, words in counts if count)
    return _("Of {count} guidelines: {said}.", count=len(rulesets), said=said)


def count_enrolments(trials: Sequence[Mapping[str, Any]]) -> str:
    """How many trials would have taken the patient in."""
    enrolling = sum(one["stance"] == Stance.RECOMMENDED for one in trials)
    waiting = sum(one["stance"] == Stance.NEED_DATA for one in trials)
    said = _("{count} of {all} trials would have taken this patient in", count=enrolling, all=len(trials))
    return said + (f", {waiting} {_('cannot say before more is known')}" if waiting else "")


@dataclass(frozen=True, slots=True)
class Asked:
    """A field of the form that would supply what is missing."""

    name: str
    waiting: str
    """Who waits for it, in words."""


def asked_for(answer: Mapping[str, Any]) -> list[Asked]:
    """What is missing, each field once; first what the leading guideline waits for, then what would settle most."""
    first = answer["evt"][0]["missing"] if answer["evt"] else []
    asked: dict[str, Asked] = {}
    for fact in (*first, *answer["missing"]):
        for name in _FIELDS_OF.get(fact, (fact,)):
            asked.setdefault(name, Asked(name, _who_waits(answer, fact)))
    return list(asked.values())


def _who_waits(answer: Mapping[str, Any], fact: str) -> str:
    """The guidelines that wait for a fact by name, the trials by their number; else the next step, which does."""
    waiting = [one for one in answer["evt"] if fact in one["missing"]]
    guidelines = [one["title"] for one in waiting if one["kind"] == "guideline"]
    more = len(guidelines) - _MOST_WAITING
    trials = len(waiting) - len(guidelines)
    said = [
        *guidelines[:_MOST_WAITING],
        *([counted("1 more guideline", "{count} more guidelines", more)] if more > 0 else []),
        *([counted("1 trial", "{count} trials", trials)] if trials else []),
    ]
    return ", ".join(said) or _("the next step")


_MOST_WAITING = 2
"""Guidelines that are named as waiting for a fact; the others are counted."""


def entered(answer: Mapping[str, Any], reading: FormReading) -> Iterator[tuple[str, str]]:
    """Every fact that was entered, as it was understood."""
    for name, value in reading.payload["facts"].items():
        if name == "nihss_items":
            yield _("NIHSS items"), ", ".join(f"{item}: {points}" for item, points in value.items())
        elif name.endswith("_at"):
            moment = datetime.fromisoformat(value)
            ago = say_ago(moment, datetime.fromisoformat(answer["evaluated_at"]))
            yield title_of(name), f"{say_moment(moment, reading.zone)}, {ago}"
        elif name in layout.CHOICE_WORDS:
            yield title_of(name), say_choice(name, str(value))
        else:
            yield title_of(name), say_value(name, value)
    for name, value in reading.payload.get("site", {}).items():
        yield title_of(f"site.{name}"), say_choice(name, str(value))

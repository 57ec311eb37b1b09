"""Where thrombectomy can be had and when, on one line of time for all; and the words for the call."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.web.answer.parts import lead_of, sources
from app.web.answer.record_text import plain_ascii, ruleset_line, say_score, time_in_words
from app.web.answer.wording import title_of
from app.web.times.words import say_clock, say_minutes
from app.web.words.catalogue import ENGLISH, _, current

LINE_LENGTH = 1000
"""Length of the line of time, in the units of its drawing."""

_ROOM_BEYOND = 1.04
"""The line goes on a little after the last moment on it."""


@dataclass(frozen=True, slots=True)
class Journey:
    """One way to a puncture, in words and as places on the line of time."""

    name: str
    how: str
    arrives: str
    punctures: str
    """Empty: not known, because the time from door to groin there is not."""
    margin: str
    """How the puncture lies to the end of the window; empty: one of the two is not known."""
    is_late: bool
    """Whether the window is over by then."""
    notes: str
    travel_to: float
    """Where the way ends on the line; it begins at 0."""
    puncture_at: float | None


@dataclass(frozen=True, slots=True)
class TimeLine:
    """The journeys, the soonest puncture first, and the end of the window on the same line."""

    journeys: list[Journey]
    closes_at: float | None
    """Where the window ends on the line; ``None``: it has no end, or none is known."""
    closes: str


def time_line(answer: Mapping[str, Any], zone: ZoneInfo) -> TimeLine | None:
    """Lay out the ways to a puncture.

    Returns
    -------
    TimeLine or None
        ``None``: neither a network nor minutes to a centre are known, so there is nothing to compare.
    """
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    destinations = answer["transfer"]["destinations"] or _stated_destination(answer, evaluated)
    if not destinations:
        return None
    closes_text = answer["time"]["window_closes_at"]
    closes = datetime.fromisoformat(closes_text) if closes_text else None
    moments = [_moment(one[key]) for one in destinations for key in ("arrival_at", "puncture_at") if one[key]]
    last = max([*moments, *([closes] if closes else [])])
    span = max(last - evaluated, timedelta(minutes=30)) * _ROOM_BEYOND

    def place(moment: datetime) -> float:
        return round(max((moment - evaluated) / span, 0) * LINE_LENGTH, 1)

    def journey(one: Mapping[str, Any]) -> Journey:
        arrival = _moment(one["arrival_at"])
        puncture = _moment(one["puncture_at"]) if one["puncture_at"] else None
        return Journey(
            name=one["name"],
            how=_("here")
            if one["mode"] == "here"
            else f"{_(one['mode'])}, {say_minutes(one['transport_minutes'])}".lstrip(", "),
            arrives="" if one["mode"] == "here" else say_clock(arrival, evaluated, zone),
            punctures=say_clock(puncture, evaluated, zone) if puncture else "",
            margin=_say_margin(puncture, closes),
            is_late=bool(puncture and closes and puncture > closes),
            notes=_notes(one),
            travel_to=place(arrival),
            puncture_at=place(puncture) if puncture else None,
        )

    return TimeLine(
        [journey(one) for one in destinations],
        place(closes) if closes else None,
        say_clock(closes, evaluated, zone) if closes else "",
    )


def call_script(answer: Mapping[str, Any], said: Mapping[str, str], entered: Sequence[tuple[str, str]]) -> str:
    """What to say on the telephone, in the order of the international handover scheme (who, what, findings, request).

    Parameters
    ----------
    answer
        The answer of ``POST /v1/triage``.
    said
        Times in words, as for the copied text.
    entered
        Every fact as it was understood, with its title.
    """
    facts = dict(entered)
    transfer = answer["transfer"]
    haemorrhage = facts.get(title_of("haemorrhage_on_imaging"), _("not stated"))
    where = f" -> {transfer['destination']}" if transfer["destination"] else ""
    known = [f"{title} {facts[title]}" for title in map(title_of, _TOLD) if title in facts]
    lines = [
        _("Case: {name}, as at {moment}.", name=answer["case_id"] or _("unnamed"), moment=said["evaluated"]),
        f"{_('Time:')} {time_in_words(said)}.",
        f"{_('Patient:')} {'; '.join(known) or _('nothing entered')}.",
        f"CT: ASPECTS {say_score(answer['aspects'])}; {_('haemorrhage')} {haemorrhage}.",
        f"{_('Guideline:')} {_guidelines(answer)}",
        f"{_('Request:')} {_(transfer['action_text'])}{where}.",
        *([f"{said['puncture']}."] if "puncture" in said else []),
        _("Please say back: accepted yes/no, where to, who calls whom at departure."),
    ]
    return "\n".join(map(plain_ascii, lines))


def _guidelines(answer: Mapping[str, Any]) -> str:
    """The summary where it is in the reader's language, else the sources that answer, one after the other."""
    if current() == ENGLISH or lead_of(answer) is None:
        return _(answer["evt_summary"]["text"])
    return f"{'; '.join(map(ruleset_line, sources(answer)['answering']))}."


_TOLD = ("age_years", "prestroke_mrs", "nihss_total", "occlusion_site", "anticoagulant", "thrombolysis_given")


def _stated_destination(answer: Mapping[str, Any], evaluated: datetime) -> list[dict[str, Any]]:
    """The one centre that the form describes, as the network would list it."""
    transfer = answer["transfer"]
    minutes = transfer["estimates"]["minutes_to_thrombectomy_centre"]
    if minutes is None:
        return []
    return [
        {
            "name": transfer["destination"] or _("Thrombectomy centre"),
            "mode": "",
            "transport_minutes": minutes,
            "arrival_at": (evaluated + timedelta(minutes=minutes)).isoformat(),
            "open_on_arrival": None,
            "puncture_at": answer["time"]["projected_puncture_at"],
            "icu_beds": None,
        }
    ]


def _notes(one: Mapping[str, Any]) -> str:
    closed = [_("closed on arrival")] * (one["open_on_arrival"] is False)
    beds = [] if one["icu_beds"] is None else [_("{count} intensive care beds", count=one["icu_beds"])]
    return "; ".join(closed + beds)


def _say_margin(puncture: datetime | None, closes: datetime | None) -> str:
    if puncture is None or closes is None:
        return ""
    minutes = int((closes - puncture) / timedelta(minutes=1))
    time = say_minutes(abs(minutes))
    return (
        _("{time} before the window closes", time=time)
        if minutes >= 0
        else _("{time} after the window closes", time=time)
    )


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)

"""The answer in words for the page: verdict, clock and bounds first; then what is missing, compared and copied."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.web.answer import expected, parts
from app.web.answer.changes import changes
from app.web.answer.record_text import copy_text, say_score
from app.web.answer.transfer import call_script, time_line
from app.web.answer.wording import (
    outcome_text,
    say_checked,
    say_condition,
    say_value,
    state_of,
    state_of_outcome,
    title_of,
)
from app.web.form.reading import FormReading
from app.web.times.bounds import time_bounds
from app.web.times.words import epoch_ms, say_clock, say_minutes, say_moment
from app.web.words.catalogue import _

_MOST_ASKED = 6
"""Missing facts that are asked for in plain view, those first that would settle most; the rest can be opened."""

ANCHORS = {"last_known_well": "since last known well", "onset_witnessed": "since onset was seen"}

_ANCHOR_FIELDS = {"last_known_well": {"last_known_well_at", "slept_at"}, "onset_witnessed": {"onset_witnessed_at"}}
"""Fields that the anchor may come from."""


def answer_words(reading: FormReading, answer: Mapping[str, Any], scan_recorded: str | None) -> dict[str, Any]:
    """What the templates show of an answer.

    Parameters
    ----------
    reading
        The form that was answered.
    answer
        The answer of ``POST /v1/triage``.
    scan_recorded
        What a record says of the software's reading; ``None``: there is none, or nobody has seen it.
    """
    said = say_times(answer, reading.zone, reading.approximate)
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    asked = parts.asked_for(answer)
    entered = list(parts.entered(answer, reading))
    return {
        **_WORDS,
        "answer": answer,
        "asked": asked[:_MOST_ASKED],
        "asked_too": asked[_MOST_ASKED:],
        "asked_names": tuple(one.name for one in asked),
        "asked_by_lead": bool(answer["evt"] and answer["evt"][0]["missing"]),
        "bounds": [
            {
                "at": epoch_ms(bound.at),
                "clock": say_clock(bound.at, evaluated, reading.zone),
                "left": say_minutes(int((bound.at - evaluated) / timedelta(minutes=1))),
                "closes": bound.closes,
                "words": bound.words,
            }
            for bound in (time_bounds(answer) if parts.lead_of(answer) else ())
        ],
        "arrived_ms": _arrived_ms(reading),
        "call": call_script(answer, said, entered),
        "changes": changes(answer, reading.zone),
        "copied": copy_text(answer, said, scan_recorded),
        "checklist": expected.checklist(answer, reading.zone),
        "delay": expected.delay_figures(answer),
        "entered": entered,
        "headline": _headline(answer, reading),
        "near": expected.near_bounds(answer),
        "score_near": expected.score_is_near(answer),
        "line": time_line(answer, reading.zone),
        "payload": json.dumps(reading.payload, indent=1, ensure_ascii=False),
        "said": said,
        "sources": parts.sources(answer),
        "trial_figures": list(expected.trial_figures(answer)),
    }


_WORDS: dict[str, Any] = {
    "count_enrolments": parts.count_enrolments,
    "count_stances": parts.count_stances,
    "epoch_ms": lambda text: epoch_ms(datetime.fromisoformat(text)),
    "outcome_text": outcome_text,
    "say_checked": say_checked,
    "said_once": parts.said_once,
    "say_condition": say_condition,
    "say_minutes": say_minutes,
    "say_score": say_score,
    "say_value": say_value,
    "state_of": state_of,
    "state_of_outcome": state_of_outcome,
    "title_of": title_of,
    "titles": lambda names: ", ".join(map(title_of, names)),
}


def _arrived_ms(reading: FormReading) -> int | None:
    """When the patient came here, for the clock; ``None``: not known."""
    arrived = reading.payload["facts"].get("arrived_at")
    return None if arrived is None else epoch_ms(datetime.fromisoformat(arrived))


def say_times(answer: Mapping[str, Any], zone: ZoneInfo, approximate: Collection[str] = ()) -> dict[str, str]:
    """The moments of the answer in words; what is not known is left out.

    ``approximate`` are the fields whose time is not exact: a count from one of them is said to be 'about' so long.
    """
    times = answer["time"]
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    said = {"evaluated": say_moment(evaluated, zone)}

    def clock(name: str) -> str:
        return say_clock(datetime.fromisoformat(times[name]), evaluated, zone)

    if times["minutes_since_anchor"] is not None:
        said["since"] = say_minutes(times["minutes_since_anchor"])
        said["anchor"] = _(ANCHORS[times["anchor"]])
        if _ANCHOR_FIELDS[times["anchor"]] & set(approximate):
            said["about"] = _("about")
    if times["anchor_at"]:
        said["anchor"] += f", {clock('anchor_at')}"
    if parts.lead_of(answer) is None:
        return said  # windows and punctures are of thrombectomy, which is not the question
    if times["window_closes_at"]:
        said["left"] = say_minutes(times["minutes_left_in_window"])
        window, closes = _dashed(times["window"]), clock("window_closes_at")
        said["window"] = _("{window} window closes at {clock}", window=window, clock=closes)
    elif times["window"]:
        said["window"] = _("Beyond {hours}: no window is left to close", hours=times["window"].removeprefix(">"))
    if times["projected_puncture_at"]:
        since = times["minutes_from_anchor_to_puncture"]
        counted = "" if since is None else f", {say_minutes(since)} {said['anchor'].partition(',')[0]}"
        said["puncture"] = _("Puncture expected at {clock}", clock=clock("projected_puncture_at")) + counted
    return said


def _dashed(window: str) -> str:
    """A window's name as people say it: ``>6-16 h`` is the 6 to 16 h window."""
    return window.removeprefix(">").replace("-", "\N{EN DASH}")


def _headline(answer: Mapping[str, Any], reading: FormReading) -> dict[str, Any]:
    """The verdict of the leading guideline, which the answer puts first."""
    lead = parts.lead_of(answer)
    later = lead["at_projected_puncture"] if lead is not None else None
    return {
        "state": state_of(answer["evt_summary"]["verdict"]),
        "lead": lead,
        "haemorrhage_open": "haemorrhage_on_imaging" not in reading.payload["facts"],
        "at_puncture": later if lead is not None and later != lead["outcome"] else None,
    }

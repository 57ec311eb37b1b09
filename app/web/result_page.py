"""The answer as a page: score, clock, verdict and next step first; then why, what is missing, what would change it."""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.web import layout
from app.web.copy_text import copy_text, say_score
from app.web.forms import FormReading
from app.web.pages import days_offered, render
from app.web.times import say_ago, say_minutes, say_moment
from app.web.wording import outcome_text, say_checked, say_choice, say_condition, say_value, state_of, title_of
from scoring.facts import FACTS

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

_ANCHORS = {"last_known_well": "last known well", "onset_witnessed": "onset was seen"}


def result_page(request: Request, reading: FormReading, answer: Mapping[str, Any], now: datetime) -> HTMLResponse:
    """The page for an answer; it carries what was entered, so that facts can be changed without typing again."""
    said = say_times(answer, reading.zone)
    asked = tuple(_asked_for(answer["missing"]))
    return render(
        request,
        "result.html",
        answer=answer,
        asked=asked,
        changes=list(_changes(answer, reading.zone)),
        copied=copy_text(answer, said),
        days=days_offered(now, reading.zone),
        entered=list(_entered(answer, reading)),
        headline=_headline(answer),
        kept=reading.kept,
        payload=json.dumps(reading.payload, indent=1, ensure_ascii=False),
        problems={},
        repeated={},
        said=said,
        say_condition=say_condition,
        say_minutes=say_minutes,
        say_score=say_score,
        say_value=say_value,
        spoken={},
        state_of=state_of,
        outcome_text=outcome_text,
        say_checked=say_checked,
        title_of=title_of,
        titles=lambda names: ", ".join(map(title_of, names)),
        unknown_words=layout.UNKNOWN_WORDS,
        capability_choices=layout.CHOICE_WORDS["capability"],
        zone=reading.zone.key,
    )


def say_times(answer: Mapping[str, Any], zone: ZoneInfo) -> dict[str, str]:
    """The moments of the answer in words; what is not known is left out."""
    times = answer["time"]
    evaluated = datetime.fromisoformat(answer["evaluated_at"])
    said = {"evaluated": say_moment(evaluated, zone)}
    since = times["minutes_since_anchor"]
    if since is not None:
        said["since"] = say_minutes(since)
        said["anchor"] = f"{said['since']} since {_ANCHORS[times['anchor']]}"
        if times["anchor_at"]:
            anchor_at = datetime.fromisoformat(times["anchor_at"])
            said["anchor_at"] = f"{say_moment(anchor_at, zone)}, {say_ago(anchor_at, evaluated)}"
    if times["window_closes_at"]:
        closes_at = say_moment(datetime.fromisoformat(times["window_closes_at"]), zone)
        said["closes"] = f"{times['window']} window closes {closes_at}"
        said["left"] = say_minutes(times["minutes_left_in_window"])
    if times["projected_puncture_at"]:
        puncture_at = say_moment(datetime.fromisoformat(times["projected_puncture_at"]), zone)
        said["puncture"] = f"puncture expected {puncture_at}"
        if times["minutes_from_anchor_to_puncture"] is not None:
            said["puncture"] += f", at {say_minutes(times['minutes_from_anchor_to_puncture'])}"
    return said


def _headline(answer: Mapping[str, Any]) -> dict[str, Any]:
    """The verdict of the leading guideline, which the answer puts first."""
    lead = next((one for one in answer["evt"] if one["kind"] == "guideline"), None)
    later = lead["at_projected_puncture"] if lead else None
    return {
        "state": state_of(answer["evt_summary"]["verdict"]),
        "lead": lead,
        "changes_by_puncture": lead is not None and later is not None and later != lead["outcome"],
    }


def _asked_for(missing: list[str]) -> Iterator[str]:
    """Fields of the form that would supply what is missing, each once."""
    seen: set[str] = set()
    for fact in missing:
        for name in _FIELDS_OF.get(fact, (fact,)):
            if name not in seen:
                seen.add(name)
                yield name


def _changes(answer: Mapping[str, Any], zone: ZoneInfo) -> Iterator[dict[str, str]]:
    """What would change each answer, in words."""
    titles = {one["ruleset"]: one["title"] for one in answer["evt"]}
    for change in answer["what_would_change"]:
        fact, then = change["fact"], change["then"]
        condition = say_condition(fact, change["if"].removeprefix(f"{fact} "))
        after = change.get("after")
        yield {
            "if": f"{title_of(fact)} {condition}",
            "at": f"from {say_moment(datetime.fromisoformat(after), zone)}" if after else "",
            "ruleset": titles.get(then["ruleset"], then["ruleset"]),
            "then": then["outcome"],
        }


def _entered(answer: Mapping[str, Any], reading: FormReading) -> Iterator[tuple[str, str]]:
    """Every fact that was entered, as it was understood."""
    for name, value in reading.payload["facts"].items():
        if name == "nihss_items":
            yield "NIHSS items", ", ".join(f"{item}: {points}" for item, points in value.items())
        elif name.endswith("_at"):
            moment = datetime.fromisoformat(value)
            ago = say_ago(moment, datetime.fromisoformat(answer["evaluated_at"]))
            yield title_of(name), f"{say_moment(moment, reading.zone)}, {ago}"
        elif name in layout.CHOICE_WORDS:
            yield title_of(name), say_choice(name, str(value))
        else:
            yield FACTS[name].title, say_value(name, value)
    for name, value in reading.payload.get("site", {}).items():
        yield title_of(f"site.{name}"), say_choice(name, str(value))

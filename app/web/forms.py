"""From the fields of the form to a triage request, with every problem named beside its field and nothing lost."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.schemas import TriageRequest
from app.web.layout import asks_by_choice, choices_of, names_on_the_form
from app.web.times import RepeatedTime, TimeProblem, read_time, read_zone, say_moment
from scoring.facts import FACTS, FactSpec, Kind
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE, UNTESTABLE
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.site import Capability, StrokeSystem

MG_PER_DL_IN_ONE_MMOL_PER_L = 18.016
"""Glucose, from its molar mass of 180.16 g/mol."""

_YES_NO = {"yes": True, "no": False}
_NUMBER = re.compile(r"\d{1,9}(\.\d{1,6})?", re.ASCII)
_INTEGER = re.compile(r"\d{1,9}", re.ASCII)
_LONGEST_VALUE = 200
"""Characters kept of one field; the longest honest entry is a case identifier."""


@dataclass(slots=True)
class FormReading:
    """What the form says: a request if it could be read, else the problems; and the values to show again."""

    kept: dict[str, str]
    """Field values as they should be shown again: times in full, so that '-2h' does not drift when sent once more."""
    zone: ZoneInfo
    problems: dict[str, str] = field(default_factory=dict)
    """Message by field name, in the order of the form."""
    repeated: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Times that happened twice: field name to the two readings, in words."""
    payload: dict[str, Any] = field(default_factory=dict)
    """The same case as a body for the HTTP interface."""
    request: TriageRequest | None = None
    """``None`` where there are problems."""


def read_form(fields: Mapping[str, str], now: datetime, default_zone: ZoneInfo) -> FormReading:
    """Read the fields of a form that was sent.

    Parameters
    ----------
    fields
        Field name to text; fields that are absent or blank are not known.
    now
        The moment of the decision, with a zone; cut to the minute, which is as finely as the form takes times.
    default_zone
        The zone of the site's clock, where the form does not name another.
    """
    kept = {name: text.strip()[:_LONGEST_VALUE] for name, text in fields.items()}
    reading = FormReading(kept, default_zone)
    now = now.replace(second=0, microsecond=0)
    _read_zone_field(reading)
    now = _read_moment(reading, now)
    facts = {**_read_facts(reading, now), **_read_nihss_items(reading)}
    payload = {
        "case_id": kept.get("case_id") or None,
        "evaluated_at": now.isoformat(),
        "facts": facts,
        "findings": _read_findings(reading, facts),
        "posterior_findings": _read_posterior(reading),
        "site": _read_site(reading),
    }
    reading.payload = {name: value for name, value in payload.items() if value is not None}
    if not reading.problems:
        _check(reading)
    return reading


def problem_at(reading: FormReading, loc: tuple[str | int, ...], message: str) -> None:
    """Put a problem that was found below the form beside the field it speaks of."""
    words = [str(part) for part in loc]
    name = words[-1] if words else "case_id"
    if "regions" in words:
        name = ("posterior." if "posterior_findings" in words else "region.") + name
    elif "findings" in words and name != "side":
        name = "side"
    elif "nihss_items" in words:
        name = f"nihss.{name.removeprefix('item_')}" if name != "nihss_items" else "nihss_total"
    elif name == "affected_side":
        name = "side"
    reading.problems.setdefault(name, message.rstrip("."))


def _check(reading: FormReading) -> None:
    try:
        reading.request = TriageRequest.model_validate_json(json.dumps(reading.payload))
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            problem_at(reading, fault["loc"], fault["msg"])


def _read_zone_field(reading: FormReading) -> None:
    name = reading.kept.get("time_zone", "")
    if name:
        try:
            reading.zone = read_zone(name)
        except TimeProblem as problem:
            reading.problems["time_zone"] = str(problem)


def _read_moment(reading: FormReading, now: datetime) -> datetime:
    """The moment of the decision: the clock's, unless the form looks back at a case."""
    return _read_time_field(reading, "evaluated_at", now) or now


def _read_time_field(reading: FormReading, name: str, now: datetime) -> datetime | None:
    text, pick = reading.kept.get(name, ""), reading.kept.get(f"{name}.pass", "")
    try:
        chosen = reading.kept.get(f"{name}.day", "")
        day = date.fromisoformat(chosen) if chosen else None
    except ValueError:
        reading.problems[name] = "Choose a day from the list"
        return None
    try:
        moment = read_time(text, now=now, zone=reading.zone, day=day, pick=pick)
    except RepeatedTime as problem:
        reading.problems[name] = str(problem)
        reading.repeated[name] = (say_moment(problem.first, reading.zone), say_moment(problem.second, reading.zone))
        return None
    except TimeProblem as problem:
        reading.problems[name] = str(problem)
        return None
    if moment is not None:
        reading.kept[name] = say_moment(moment, reading.zone)
        reading.kept.pop(f"{name}.day", None)
        reading.kept.pop(f"{name}.pass", None)
        return moment.astimezone(reading.zone)
    return None


def _read_facts(reading: FormReading, now: datetime) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for name in names_on_the_form():
        spec = FACTS[name]
        if spec.kind is Kind.TIME:
            moment = _read_time_field(reading, name, now)
            facts[name] = moment.isoformat() if moment else None
        elif text := reading.kept.get(name, ""):
            facts[name] = _read_value(reading, spec, text)
    facts = {name: value for name, value in facts.items() if value is not None}
    _convert_glucose(reading, facts)
    return facts


def _read_value(reading: FormReading, spec: FactSpec, text: str) -> bool | str | float | None:
    """The value of one fact, or ``None`` with a problem noted."""
    if spec.kind is Kind.BOOLEAN:
        if text in _YES_NO:
            return _YES_NO[text]
        reading.problems[spec.name] = f"{spec.title}: choose yes, no or not known"
        return None
    if asks_by_choice(spec.name) and text not in choices_of(spec.name):
        reading.problems[spec.name] = f"{spec.title}: choose one from the list"
        return None
    if spec.kind is Kind.CHOICE:
        return text
    if spec.name == "glucose_mmol_per_l":
        return _plain_number(reading, spec, text)
    return _number_in_range(reading, spec, text)


def _number_in_range(reading: FormReading, spec: FactSpec, text: str) -> float | None:
    value = _plain_number(reading, spec, text)
    if value is None:
        return None
    if (spec.minimum is not None and value < spec.minimum) or (spec.maximum is not None and value > spec.maximum):
        reading.problems[spec.name] = f"{spec.title} must be from {spec.minimum:g} to {spec.maximum:g}{_unit(spec)}"
        return None
    return value


def _plain_number(reading: FormReading, spec: FactSpec, text: str) -> float | None:
    if spec.kind is Kind.INTEGER:
        if _INTEGER.fullmatch(text):
            return int(text)
        reading.problems[spec.name] = f"{spec.title} must be a whole number, such as {spec.maximum or 1:g}"
    elif _NUMBER.fullmatch(text):
        return float(text)
    else:
        reading.problems[spec.name] = f"{spec.title} must be a number in figures, with a point for decimals"
    return None


def _unit(spec: FactSpec) -> str:
    return f" {spec.unit}" if spec.unit else ""


def _convert_glucose(reading: FormReading, facts: dict[str, Any]) -> None:
    """Take glucose in either unit; one number fits both, so the unit must be said."""
    name, spec = "glucose_mmol_per_l", FACTS["glucose_mmol_per_l"]
    if name not in facts:
        return
    unit = reading.kept.get("glucose_unit", "")
    if unit not in ("mmol", "mg"):
        reading.problems[name] = "Glucose: say whether it is mmol/L or mg/dL"
        return
    if unit == "mg":
        facts[name] = round(facts[name] / MG_PER_DL_IN_ONE_MMOL_PER_L, 4)
    if not (spec.minimum or 0) <= facts[name] <= (spec.maximum or 0):
        reading.problems[name] = "Glucose is out of range: check the number and its unit"


def _read_nihss_items(reading: FormReading) -> dict[str, Any]:
    items: dict[str, int | str] = {}
    for item, highest in ITEM_MAXIMA.items():
        text = reading.kept.get(f"nihss.{item}", "")
        if not text:
            continue
        if text == UNTESTABLE and item in MAY_BE_UNTESTABLE:
            items[item] = UNTESTABLE
        elif _INTEGER.fullmatch(text) and int(text) <= highest:
            items[item] = int(text)
        else:
            reading.problems[f"nihss.{item}"] = f"NIHSS item {item}: choose one from the list"
    return {"nihss_items": items} if items else {}


def _read_findings(reading: FormReading, facts: dict[str, Any]) -> dict[str, Any] | None:
    """The ten regions with their side; the side is also the affected side of the brain."""
    side = _one_of(reading, "side", {side.value for side in Side}, "Side: choose left, right or not known")
    if side:
        facts["affected_side"] = side
    rest = reading.kept.pop("rest_unaffected", "")
    regions: dict[str, str] = {}
    for region in Region:
        name = f"region.{region}"
        if rest and not reading.kept.get(name):
            reading.kept[name] = Status.UNAFFECTED
        status = _one_of(reading, name, _STATUSES, f"{region}: choose one of the four")
        if status:
            regions[region] = status
    seen = {
        mark: [region.value for region in Region if reading.kept.get(f"{mark}.{region}")]
        for mark in ("old_infarct", "swelling_only")
    }
    marks = {mark: marked for mark, marked in seen.items() if marked}
    if not regions and not marks:
        return None
    return {"regions": regions, **({"side": side} if side else {}), **marks}


_STATUSES = {status.value for status in Status}


def _read_posterior(reading: FormReading) -> dict[str, Any] | None:
    statuses = {
        part.value: _one_of(reading, f"posterior.{part}", _STATUSES, f"{part}: choose one of the four")
        for part in PosteriorRegion
    }
    regions = {part: status for part, status in statuses.items() if status}
    return {"regions": regions} if regions else None


def _read_site(reading: FormReading) -> dict[str, Any] | None:
    site: dict[str, Any] = {
        "capability": _one_of(reading, "capability", set(Capability), "This hospital: choose one from the list"),
        "stroke_system": _one_of(reading, "stroke_system", set(StrokeSystem), "Stroke system: choose from the list"),
    }
    for name, title in (
        ("minutes_to_thrombectomy_centre", "Minutes to the thrombectomy centre"),
        ("door_to_groin_minutes", "Door to groin"),
    ):
        text = reading.kept.get(name, "")
        if text and not _INTEGER.fullmatch(text):
            reading.problems[name] = f"{title} must be a whole number of minutes"
        elif text:
            site[name] = int(text)
    site["thrombectomy_centre"] = reading.kept.get("thrombectomy_centre") or None
    known = {name: value for name, value in site.items() if value is not None}
    return known or None


def _one_of(reading: FormReading, name: str, allowed: set[Any], message: str) -> str | None:
    """One of a closed set of values, ``None`` where the field is blank or a problem was noted."""
    text = reading.kept.get(name, "")
    if not text:
        return None
    if text not in allowed:
        reading.problems[name] = message
        return None
    return text

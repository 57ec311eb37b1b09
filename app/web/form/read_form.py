"""From the fields of the form to a triage request, with every problem named beside its field and nothing lost."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from app.intake.schemas import TriageRequest
from app.web.form.layout import names_on_the_form
from app.web.form.reading import FormReading
from app.web.times.reading import TimeProblem, read_zone
from app.web.words.catalogue import _
from scoring.facts import FACTS, Kind
from scoring.nihss import ITEM_MAXIMA, MAY_BE_UNTESTABLE, UNTESTABLE
from scoring.regions import PosteriorRegion, Region, Side, Status
from scoring.site import Capability, StrokeSystem

MG_PER_DL_IN_ONE_MMOL_PER_L = 18.016
"""Glucose, from its molar mass of 180.16 g/mol."""

REST = "rest"
"""Field of the buttons that set all unmarked rows of a table to unaffected; its value names the table."""

_LONGEST_VALUE = 200
"""Characters kept of one field; the longest honest entry is a case identifier."""

_STATUSES = [status.value for status in Status]


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
    reading = FormReading({name: text.strip()[:_LONGEST_VALUE] for name, text in fields.items()}, default_zone)
    _fill_the_rest(reading)
    now = _read_clock(reading, now.replace(second=0, microsecond=0))
    side = reading.one_of("side", list(Side), "Affected side")
    facts = {
        **_read_times(reading, now),
        **{name: reading.fact(name) for name in names_on_the_form() if _is_plain(name)},
        "glucose_mmol_per_l": _read_glucose(reading),
        "nihss_items": _read_nihss_items(reading),
        "affected_side": side,
    }
    payload = {
        "case_id": reading.text("case_id") or None,
        "evaluated_at": now.isoformat(),
        "facts": _known(facts),
        "findings": _read_findings(reading, side),
        "posterior_findings": _read_posterior(reading),
        "site_id": reading.text("site_id") or None,
        "site": _read_site(reading),
    }
    reading.payload = _known(payload)
    if not reading.problems:
        _check(reading)
    return reading


def _is_plain(name: str) -> bool:
    """Whether the fact has one field that holds its value as it is."""
    return FACTS[name].kind is not Kind.TIME and name != "glucose_mmol_per_l"


def problem_at(reading: FormReading, loc: tuple[str | int, ...], message: str) -> None:
    """Put a problem that was found below the form beside the field it speaks of."""
    words = [str(part) for part in loc]
    name = words[-1] if words else "case_id"
    if "regions" in words:
        name = ("posterior." if "posterior_findings" in words else "region.") + name
    elif "findings" in words or name == "affected_side":
        name = "side"
    elif name.startswith("item_"):
        name = f"nihss.{name.removeprefix('item_')}"
    elif name == "nihss_items":
        name = "nihss_total"
    reading.refuse(name, _(message.rstrip(".")))


def _known(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _check(reading: FormReading) -> None:
    try:
        reading.request = TriageRequest.model_validate_json(json.dumps(reading.payload))
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            problem_at(reading, fault["loc"], fault["msg"])


def _fill_the_rest(reading: FormReading) -> None:
    """'I looked at all: those not marked are unaffected' becomes a mark on each, which is seen and can be undone."""
    prefix = reading.kept.pop(REST, "")
    for part in {"region": Region, "posterior": PosteriorRegion}.get(prefix, ()):
        reading.kept[f"{prefix}.{part}"] = reading.text(f"{prefix}.{part}") or Status.UNAFFECTED


def _read_clock(reading: FormReading, now: datetime) -> datetime:
    """The zone of the times, and the moment of the decision: the clock's, unless the form looks back at a case."""
    name = reading.text("time_zone")
    if name:
        try:
            reading.zone = read_zone(name)
        except TimeProblem as problem:
            reading.refuse("time_zone", str(problem))
            return now
    return reading.time("evaluated_at", "Decide as at", now) or now


def _read_times(reading: FormReading, now: datetime) -> dict[str, str]:
    """The times of the case; none while the clock that they are counted on is in doubt, lest they be kept wrongly."""
    if "time_zone" in reading.problems or "evaluated_at" in reading.problems:
        return {}
    names = [name for name in names_on_the_form() if FACTS[name].kind is Kind.TIME]
    moments = {name: reading.time(name, FACTS[name].title, now) for name in names}
    return {name: moment.isoformat() for name, moment in moments.items() if moment}


def _read_glucose(reading: FormReading) -> float | None:
    """Glucose in either unit; one number may be meant in both, so the unit must be said."""
    spec = FACTS["glucose_mmol_per_l"]
    value = reading.number(spec.name, spec.title)
    if value is None:
        return None
    unit = reading.one_of("glucose_unit", ("mmol", "mg"), "Unit of glucose")
    if unit is None:
        reading.refuse(spec.name, _("Glucose: say whether it is mmol/L or mg/dL"))
        return None
    return reading.in_range(spec, value if unit == "mmol" else round(value / MG_PER_DL_IN_ONE_MMOL_PER_L, 4))


def _read_nihss_items(reading: FormReading) -> dict[str, int | str] | None:
    items: dict[str, int | str] = {}
    for item, highest in ITEM_MAXIMA.items():
        allowed = [str(points) for points in range(highest + 1)] + [UNTESTABLE] * (item in MAY_BE_UNTESTABLE)
        points = reading.one_of(f"nihss.{item}", allowed, _("NIHSS item {item}", item=item))
        if points:
            items[item] = UNTESTABLE if points == UNTESTABLE else int(points)
    return items or None


def _read_findings(reading: FormReading, side: str | None) -> dict[str, Any] | None:
    """The ten regions."""
    regions = _known({region.value: reading.one_of(f"region.{region}", _STATUSES, region) for region in Region})
    marks = {
        mark: marked
        for mark in ("old_infarct", "swelling_only")
        if (marked := [region.value for region in Region if reading.text(f"{mark}.{region}")])
    }
    if not regions and not marks:
        return None
    return _known({"side": side, "regions": regions, **marks})


def _read_posterior(reading: FormReading) -> dict[str, Any] | None:
    parts = {part.value: reading.one_of(f"posterior.{part}", _STATUSES, part) for part in PosteriorRegion}
    regions = _known(parts)
    return {"regions": regions} if regions else None


def _read_site(reading: FormReading) -> dict[str, Any] | None:
    site = _known(
        {
            "capability": reading.one_of("capability", list(Capability), "What is done here"),
            "stroke_system": reading.one_of("stroke_system", list(StrokeSystem), "Stroke services"),
            "minutes_to_thrombectomy_centre": reading.whole_number(
                "minutes_to_thrombectomy_centre", "Minutes to the thrombectomy centre"
            ),
            "door_to_groin_minutes": reading.whole_number("door_to_groin_minutes", "Door to groin"),
            "thrombectomy_centre": reading.text("thrombectomy_centre") or None,
        }
    )
    return site or None

"""What the form shows: values, problems, choices, and times said back."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from starlette.requests import Request

from app.api.service import service_of
from app.web.form import layout
from app.web.form.nihss_words import POINTS
from app.web.form.reading import FormReading
from app.web.map.words import REGION_TIPS
from app.web.times.reading import TimeProblem, read_time, split_about
from app.web.times.words import say_ago, say_day, say_moment
from app.web.words.catalogue import _, counted
from scoring.nihss import ITEM_MAXIMA, ITEM_TITLES, MAY_BE_UNTESTABLE, UNTESTABLE, score_nihss
from scoring.regions import Level, PosteriorRegion, Region, Status

_DAYS_OFFERED = 8
"""Today and the seven days before: the longest delay that is judged is a week."""

_MARKS = {"old_infarct": "Old infarct", "swelling_only": "Swelling without darkening"}

_LEVEL_WORDS = {
    Level.GANGLIONIC: "At the level of the basal ganglia",
    Level.SUPRAGANGLIONIC: "Above the basal ganglia",
}


def form_words(request: Request, reading: FormReading, now: datetime) -> dict[str, Any]:
    """What the form shows, empty or with what was entered, each problem beside its field and listed on top."""
    kept = reading.kept
    return {
        "kept": kept,
        "problems": _in_order_of_the_form(reading.problems),
        "repeated": reading.repeated,
        "spoken": _spoken(kept, now, reading.zone),
        "days": days_offered(now, reading.zone),
        "default_zone": reading.zone.key,
        "hospitals": _hospitals(request),
        "is_open": lambda names: any(kept.get(name) or name in reading.problems for name in names),
        "nihss_running": running_total(kept),
        **_FORM_WORDS,
    }


def running_total(kept: Mapping[str, str]) -> str:
    """The NIHSS items that are given, added up, in words; empty: none is given, or one cannot be read."""
    given = {item: kept.get(f"nihss.{item}", "") for item in ITEM_MAXIMA}
    items = {item: text for item, text in given.items() if text}
    if not items or any(text not in _nihss_choices(item) for item, text in items.items()):
        return ""
    score = score_nihss({item: UNTESTABLE if text == UNTESTABLE else int(text) for item, text in items.items()})
    left_open = len(score.missing)
    if not left_open:
        return _("NIHSS {points}, all items given", points=score.low)
    return f"{_('So far {points}', points=score.low)}; {counted('1 item is open', '{count} items are open', left_open)}"


def _hospitals(request: Request) -> dict[str, str]:
    """The hospitals of the network file by ``site_id``, in words; empty: the server has no such file."""
    return {site_id: site.name or site_id for site_id, site in service_of(request).sites.items()}


def _spoken(kept: Mapping[str, str], now: datetime, zone: ZoneInfo) -> dict[str, str]:
    """Each time that could be read, said back with the day, the zone and how long ago it was."""
    spoken: dict[str, str] = {}
    for name in (*layout.FIRST_TIMES, *layout.MORE_TIME_NAMES, "evaluated_at"):
        try:
            is_about, text = split_about(kept.get(name, ""))
            moment = read_time(text, now=now, zone=zone)
        except TimeProblem:
            continue
        if moment is not None:
            about = f"{_('about')} " if is_about else ""
            spoken[name] = f"{about}{say_moment(moment, zone)}, {say_ago(moment, now)}"
    return spoken


def days_offered(now: datetime, zone: ZoneInfo) -> list[tuple[str, str]]:
    """The days to choose from, newest first, by value and in words."""
    today = now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(_DAYS_OFFERED)]
    return [(day.isoformat(), say_day(day).removesuffix(f" {day.year}")) for day in days]


def _nihss_choices(item: str) -> dict[str, str]:
    choices = {str(points): f"{points}: {_(POINTS[item][str(points)])}" for points in range(ITEM_MAXIMA[item] + 1)}
    if item in MAY_BE_UNTESTABLE:
        choices[UNTESTABLE] = _("UN: cannot be tested")
    return choices


_REGION_LEVELS = [
    (words, [(region.value, region.label) for region in Region if region.level is level])
    for level, words in _LEVEL_WORDS.items()
]

_POSTERIOR_WORDS = {part.value: part.replace("_", " ") for part in PosteriorRegion}

_FORM_WORDS: dict[str, Any] = {
    "capability_choices": layout.CHOICE_WORDS["capability"],
    "mark_names": tuple(f"{mark}.{region}" for mark in _MARKS for region in Region),
    "marks": _MARKS,
    "more_facts": layout.MORE_FACTS,
    "more_times": layout.MORE_TIMES,
    "nihss_choices": _nihss_choices,
    "nihss_items": ITEM_MAXIMA,
    "nihss_names": tuple(f"nihss.{item}" for item in ITEM_MAXIMA),
    "nihss_titles": ITEM_TITLES,
    "posterior_facts": layout.POSTERIOR_FACTS,
    "posterior_names": (*(f"posterior.{part}" for part in PosteriorRegion), *layout.POSTERIOR_FACTS),
    "posterior_parts": list(_POSTERIOR_WORDS.items()),
    "region_levels": _REGION_LEVELS,
    "region_tips": REGION_TIPS,
    "regions": [region.value for region in Region],
    "statuses": [status.value for status in Status],
    "stroke_system_choices": layout.CHOICE_WORDS["stroke_system"],
    "unknown_words": layout.UNKNOWN_WORDS,
}

LISTED_WORDS = (*_MARKS.values(), *_LEVEL_WORDS.values(), *_POSTERIOR_WORDS.values())
"""Words of lists that the templates look up."""

_ORDER = {
    name: place
    for place, name in enumerate(
        (
            *layout.FIRST_TIMES,
            *layout.MORE_TIME_NAMES,
            "evaluated_at",
            "time_zone",
            "nihss_total",
            "age_years",
            "occlusion_site",
            "prestroke_mrs",
            *(f"nihss.{item}" for item in ITEM_MAXIMA),
            "case_id",
            "site_id",
            "capability",
            "minutes_to_thrombectomy_centre",
            "door_to_groin_minutes",
            "thrombectomy_centre",
            "stroke_system",
            "haemorrhage_on_imaging",
            "side",
            *(f"region.{region}" for region in Region),
            "aspects_total",
            *(f"posterior.{part}" for part in PosteriorRegion),
            *layout.POSTERIOR_FACTS,
            *(name for group in layout.MORE_FACTS for name in group.names),
        )
    )
}


def _in_order_of_the_form(problems: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(problems.items(), key=lambda problem: _ORDER.get(problem[0], len(_ORDER))))

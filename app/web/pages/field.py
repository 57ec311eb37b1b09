"""The page of the ambulance: a scale, its running score and cut-off, where to drive, and both ways to a puncture."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request, Response

from app.api.service import service_of
from app.prehospital import FieldCase, prehospital
from app.web.answer.wording import say_checked
from app.web.form.layout import CHOICE_WORDS
from app.web.rendering import render
from app.web.times.words import say_minutes
from app.web.words.catalogue import _, with_comma
from scoring.lvo_scales import LvoScale, LvoScore, lvo_scales, score_scale
from scoring.site import Capability, StrokeSystem

MINUTES = {
    "to_nearest": "From here to the nearest stroke centre",
    "needle": "Door to needle there and at the thrombectomy centre",
    "stay": "Door in to door out at the nearest centre",
    "onward": "From there to the thrombectomy centre",
    "direct": "From here straight to the thrombectomy centre",
    "groin": "Door to groin at the thrombectomy centre",
}
"""The times of both ways, in minutes; what is not given stays unknown."""

_LONGEST_MINUTES = 24 * 60
_ANSWERS = {"yes": True, "no": False}


def field_page(request: Request, fields: Mapping[str, str], now: datetime) -> Response:
    """Score what was examined so far and say where to drive; whatever is left open is not known.

    Parameters
    ----------
    fields
        The form's fields; values that the form does not offer count as not given, minutes that cannot be read are
        named.
    now
        The server's clock.
    """
    scale = lvo_scales().get(fields.get("scale", "")) or next(iter(lvo_scales().values()))
    score = _score(scale, fields)
    minutes, problems = _minutes(fields)
    system = fields.get("stroke_system", "")
    answer = prehospital(
        FieldCase(
            evaluated_at=now,
            score=score if _is_begun(scale, score) else None,
            thrombectomy_centre_is_local=_ANSWERS.get(fields.get("thrombectomy_centre_is_local", "")),
            stroke_system=StrokeSystem(system) if system in list(StrokeSystem) else None,
            bypass_loses_thrombolysis=_ANSWERS.get(fields.get("bypass_loses_thrombolysis", "")),
        )
    )
    return render(
        request,
        "field.html",
        422 if problems else 200,
        scales=lvo_scales(),
        scale=scale,
        score=score,
        begun=_is_begun(scale, score),
        kept=dict(fields),
        problems=problems,
        minutes=MINUTES,
        ways=_ways(minutes),
        answer=answer,
        systems=CHOICE_WORDS["stroke_system"],
        centres=_centres(request),
        say_checked=say_checked,
        points_of=lambda item: [(str(points), f"{points}: {_(words)}") for points, words in item.scores.items()],
        decimal=lambda number: with_comma(f"{number:g}"),
    )


def _score(scale: LvoScale, fields: Mapping[str, str]) -> LvoScore:
    items: dict[str, int | bool] = {}
    for name, item in scale.items.items():
        text = fields.get(f"item.{name}", "")
        if item.scores and text in map(str, item.scores):
            items[name] = int(text)
        elif not item.scores and text in _ANSWERS:
            items[name] = _ANSWERS[text]
    return score_scale(scale.name, items)


def _is_begun(scale: LvoScale, score: LvoScore) -> bool:
    return len(score.missing) < len(scale.items)


def _minutes(fields: Mapping[str, str]) -> tuple[dict[str, int], dict[str, str]]:
    """The times that could be read, and the problems with the others."""
    minutes, problems = {}, {}
    for name, title in MINUTES.items():
        text = fields.get(name, "").strip()
        if not text:
            continue
        if text.isascii() and text.isdecimal() and len(text) < 6 and int(text) <= _LONGEST_MINUTES:  # noqa: PLR2004 -- figures
            minutes[name] = int(text)
        else:
            problems[name] = _("{title} must be a whole number in figures", title=_(title))
    return minutes, problems


def _ways(minutes: Mapping[str, int]) -> list[dict[str, str]]:
    """Minutes from now to needle and to puncture by either way; a sum with an unknown part is unknown."""

    def total(*names: str) -> str:
        return say_minutes(sum(minutes[name] for name in names)) if all(name in minutes for name in names) else ""

    return [
        {
            "name": _("First the nearest centre, then on (drip and ship)"),
            "needle": total("to_nearest", "needle"),
            "puncture": total("to_nearest", "stay", "onward", "groin"),
        },
        {
            "name": _("Straight to the thrombectomy centre (mothership)"),
            "needle": total("direct", "needle"),
            "puncture": total("direct", "groin"),
        },
    ]


def _centres(request: Request) -> list[dict[str, Any]]:
    """The hospitals of the network, those with thrombectomy first."""
    able = (Capability.THROMBECTOMY_CAPABLE, Capability.COMPREHENSIVE)
    sites = service_of(request).sites.items()
    listed = [
        {
            "name": site.name or key,
            "able": site.capability in able,
            "words": CHOICE_WORDS["capability"].get(site.capability or "", ""),
        }
        for key, site in sites
    ]
    return sorted(listed, key=lambda one: (not one["able"], one["name"]))

"""What stands beside the verdict: values near a bound, figures of trials, cost of waiting, the transfer checklist."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from app.web.answer.wording import say_value, title_of
from app.web.times.words import say_clock, say_minutes
from app.web.words.catalogue import _, counted, with_comma

_NAMED = 2
"""Sources that are named as answering otherwise; more are counted."""


def near_bounds(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each value that lies so near to a bound that one step of its scale gives other answers.

    Returns
    -------
    list of (str, str)
        The sentence, and what is known of how well such a value can be measured; empty: nothing is recorded.
    """
    titles = {one["ruleset"]: one["title"] for one in answer["evt"]}
    return [
        (
            _(
                "{fact} {value}: at {nearest}, another answer from {sources}.",
                fact=title_of(one["fact"]),
                value=say_value(one["fact"], one["value"]),
                nearest=with_comma(f"{one['nearest']:g}"),
                sources=_some([titles[ruleset] for ruleset in one["rulesets"] if ruleset in titles]),
            ),
            one["note"] or "",
        )
        for one in answer["near_bounds"]
    ]


def _some(names: list[str]) -> str:
    more = len(names) - _NAMED
    counts = [counted("1 more source", "{count} more sources", more)] if more > 0 else []
    return ", ".join(names[:_NAMED] + counts)


def score_is_near(answer: Mapping[str, Any]) -> str:
    """At which total of ASPECTS the answers would be others; empty: none that is near."""
    near = next((one for one in answer["near_bounds"] if one["fact"] == "aspects_total"), None)
    return "" if near is None else with_comma(f"{near['nearest']:g}")


def trial_figures(answer: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """What each trial that would have taken the patient found, in words: both arms side by side, never one alone."""
    for one in answer["benefit"]:
        said = [
            _arms(title, one[key])
            for title, key in (
                (one["outcome"], "arms"),
                ("death", "death"),
                ("symptomatic haemorrhage", "symptomatic_haemorrhage"),
            )
            if one[key] is not None
        ]
        notes = [_(note) for note in one["notes"]]
        yield {
            "title": one["title"],
            "population": one["population"],
            "figures": "; ".join(said),
            "notes": " ".join(notes),
        }


def _arms(title: str, arms: Mapping[str, Any]) -> str:
    treated, control = (with_comma(f"{arms[arm]:g}") for arm in ("treated", "control"))
    unit = " %" if arms["unit"] == "percent" else ""
    return _(
        "{outcome}: {treated} with thrombectomy, {control} without",
        outcome=_(title),
        treated=treated + unit,
        control=control + unit,
    )


def delay_figures(answer: Mapping[str, Any]) -> dict[str, Any] | None:
    """Of a hundred patients of this kind, how many live independently after which delay; ``None``: no model applies."""
    model = answer["outcome_by_delay"]
    if model is None:
        return None
    rows = [
        (
            _("puncture as expected")
            if not one["delay_minutes"]
            else _("{time} later", time=say_minutes(one["delay_minutes"])),
            with_comma(f"{one['independent_percent']:.0f}"),
        )
        for one in model["outcomes"]
    ]
    return {"rows": rows, "limits": model["limits"]}


def checklist(answer: Mapping[str, Any], zone: ZoneInfo) -> list[tuple[str, str]]:
    """The lines of the call to the receiving centre, each with what is known of it; empty: it must be asked or said."""
    evaluated = datetime.fromisoformat(answer["evaluated_at"])

    def known(values: Mapping[str, Any]) -> str:
        shown = {
            fact: value for fact, value in values.items() if not (fact.startswith("minutes_since") and len(values) > 1)
        }
        return ", ".join(
            say_clock(datetime.fromisoformat(value), evaluated, zone)
            if fact.endswith("_at") and isinstance(value, str)
            else say_value(fact, value)
            for fact, value in shown.items()
        )

    return [(item["title"], known(item["known"])) for item in answer["transfer"]["checklist"]]

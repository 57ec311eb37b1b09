"""An answer as a note for the terminal, in the order in which a stroke consultant would say it."""

import textwrap
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from scoring.outcomes import Action, Outcome

_WIDTH = 100
_MOST_CHANGES = 6
"""Changes that the note lists; the JSON answer has all of them."""

_ANCHORS = {
    "last_known_well": "last known well",
    "onset_witnessed": "witnessed onset",
}

Json = Mapping[str, Any]


def triage_text(answer: Json) -> str:
    """The triage answer in about thirty lines."""
    lines = [
        *_labelled("Score", _score(answer)),
        *_labelled("Time", _time(answer["time"])),
        *_labelled("Verdict", _first_sentence(answer["evt_summary"]["text"])),
        *_labelled("Do", _transfer(answer["transfer"])),
        "",
        *_guidelines(answer["evt"]),
        *_list("Trials", _trials(answer["evt"])),
        *_list("Thrombolysis", [_thrombolysis(advice) for advice in answer["ivt"]]),
        *_list("Swelling", _swelling(answer["swelling"])),
        "",
        *_labelled("Missing", ", ".join(answer["missing"])),
        *_list("Changes if", _changes(answer["evt"], answer["what_would_change"])),
        *_list("Near a bound", [bound["text"] for bound in answer["near_bounds"]]),
        *_labelled("Waiting", _waiting(answer["outcome_by_delay"])),
        *_list("Mind", answer["warnings"]),
        "",
        *_wrapped(_versions(answer["versions"])),
        *_wrapped(answer["not_for_clinical_use"]),
    ]
    return "\n".join(_without_double_gaps(lines))


def reading_text(reading: Json) -> str:
    """A reading of a scan: the score and what was measured where, or why there is none."""
    if reading["status"] != "scored":
        refusal = reading["refusal"]
        return "\n".join(
            [
                *_labelled("Not scored", f"{refusal['text']} ({refusal['code']})"),
                *_labelled("Do", refusal["remedy"]),
            ]
        )
    side = reading["side"] or "no side stands out"
    bounds = f"{reading['total_low']} to {reading['total_high']}"
    lines = _labelled(
        "Score", f"ASPECTS {reading['total']} (bounds {bounds}), {side}. Made by software; look at the scan."
    )
    lines += [
        "",
        f"{'region':8}" + "".join(f"{name + ' HU':>14}{'difference':>12}{'call':>16}" for name in ("left", "right")),
    ]
    left, right = reading["regions"].get("left", {}), reading["regions"].get("right", {})
    lines += [f"{name:8}" + _measured(left.get(name)) + _measured(right.get(name)) for name in left or right]
    lines += ["", *_list("Mind", [f"{warning['text']} ({warning['code']})" for warning in reading["warnings"]])]
    return "\n".join(_without_double_gaps(lines))


def clause_text(clause: Json) -> str:
    """One clause of the rule book: what it says, when, and where that is written."""
    source, force, checked = clause["source"], clause["in_force"], clause["checked"]
    level = f", level {clause['level']}" if clause["level"] else ""
    lines = [
        clause["id"],
        *_labelled("Title", clause["title"]),
        *_labelled("Outcome", f"{clause['outcome']}, {clause['outcome_text']}{level}"),
        *_list("If all hold", [_line(line) for line in clause["all_of"]]),
        *_labelled("Source", f"{source['title']}. {source['reference']}. {source['locator']}"),
        *_labelled("Checked", " ".join(str(part) for part in checked.values() if part)),
        *_labelled("In force", f"from {force['from']}" + (f" until {force['until']}" if force["until"] else "")),
        *_labelled("Note", clause["note"] or ""),
        *_labelled("Left out", clause["left_out"] or ""),
    ]
    return "\n".join(lines)


def _line(line: Json) -> str:
    if "meets_criteria_of" in line:
        return f"meets the criteria of {' or '.join(line['meets_criteria_of'])}"
    if "any_of" in line:
        return " or ".join(" and ".join(_line(part) for part in group["all_of"]) for group in line["any_of"])
    return f"{line['fact']} {line['condition']}"


def _score(answer: Json) -> str:
    parts = []
    if answer["aspects"]:
        parts.append("ASPECTS " + _points(answer["aspects"]) + _regions(answer["aspects"]))
    if answer["pc_aspects"]:
        parts.append("pc-ASPECTS " + _points(answer["pc_aspects"]) + _regions(answer["pc_aspects"]))
    return "; ".join(parts) or "ASPECTS is not known."


def _points(score: Json) -> str:
    bounds = "" if score["low"] == score["high"] else f" (bounds {score['low']} to {score['high']})"
    total = "not yet a total" if score["total"] is None else str(score["total"])
    return f"{total}{bounds}"


def _regions(score: Json) -> str:
    named = [
        f"{status.replace('_', ' ')}: {', '.join(name for name, seen in score['regions'].items() if seen == status)}"
        for status in ("affected", "not_assessable")
        if status in score["regions"].values()
    ]
    side = [score["side"]] if score.get("side") else []
    return "".join(f", {part}" for part in side + named)


def _time(time: Json | None) -> str:
    if time is None or time["minutes_since_anchor"] is None:
        return "The time since the patient was last known well is not known."
    anchor = _ANCHORS.get(time["anchor"], time["anchor"].replace("_", " "))
    parts = [f"{_hours(time['minutes_since_anchor'])} since {anchor}"]
    if time["window"]:
        parts.append(f"window {time['window']}")
    if time["window_closes_at"]:
        left = f", {_hours(time['minutes_left_in_window'])} left" if time["minutes_left_in_window"] is not None else ""
        parts.append(f"closes {_clock(time['window_closes_at'])}{left}")
    if time["projected_puncture_at"]:
        parts.append(f"groin puncture expected {_clock(time['projected_puncture_at'])}")
    return "; ".join(parts) + "."


def _waiting(model: Json | None) -> str:
    """What a delay costs patients of this kind; empty where the model is silent."""
    if model is None:
        return ""
    now, *later = model["outcomes"]
    costs = "".join(f", {one['delay_minutes']} min later {one['independent_percent']:g}%" for one in later)
    return (
        f"of such patients {now['independent_percent']:g}% independent at 90 days after puncture as projected{costs}"
        f" (a model of groups, {model['source']}, {model['checked']})"
    )


def _swelling(swelling: Json | None) -> list[str]:
    """What to do, and what each source says of surgery; empty while nothing about swelling is known."""
    if swelling is None:
        return []
    action = [f"{Action(swelling['action']).label}."] if swelling["action"] else []
    return action + [_operation(row) for row in swelling["answers"] if row["stance"] != "not_addressed"]


def _operation(row: Json) -> str:
    level = f", level {row['level']}" if row["level"] else ""
    clause = f", clause {row['clause']}" if row["clause"] else ""
    missing = f": {', '.join(row['missing'])}" if row["missing"] else ""
    return f"{row['title']}: {row['outcome_text']}{level}{clause}{missing}"


def _whose(caution: Json) -> str:
    return ", this hospital's own policy" if caution["local"] else ""


def _first_sentence(text: str) -> str:
    """The verdict; what follows it, who says otherwise, stands in the table."""
    return text.split(". ", maxsplit=1)[0].removesuffix(".") + "."


def _transfer(transfer: Json) -> str:
    where = f": {transfer['destination']}" if transfer["destination"] else ""
    return f"{transfer['action_text']}{where}."


def _guidelines(answers: Iterable[Json]) -> list[str]:
    """Those that speak line by line; those that are silent on the patient together."""
    rows = [answer for answer in answers if answer["kind"] == "guideline"]
    speaking = [row for row in rows if row["stance"] != "not_addressed"]
    silent = [_titled(row) for row in rows if row["stance"] == "not_addressed"]
    width = max((len(_titled(row)) for row in speaking), default=0)
    lines = ["Guidelines"] if rows else []
    for row in speaking:
        clause = f", clause {row['clause']}" if row["clause"] else ""
        level = f", level {row['level']}" if row["level"] else ""
        lines += _wrapped(f"{_titled(row):{width}}  {row['outcome_text']}{level}{clause}{_later(row)}", "  ", "    ")
    return lines + (_wrapped(f"Silent on this patient: {', '.join(silent)}", "  ", "    ") if silent else [])


def _titled(row: Json) -> str:
    return f"{row['title']} (superseded)" if row["superseded"] else str(row["title"])


def _later(row: Json) -> str:
    later = row["at_projected_puncture"]
    return f"; by the expected puncture: {Outcome(later).label}" if later not in (None, row["outcome"]) else ""


def _trials(answers: Iterable[Json]) -> list[str]:
    """The trials by what they say: most of them say the same of most patients."""
    named: dict[str, list[str]] = {}
    for row in answers:
        if row["kind"] == "trial":
            named.setdefault(row["outcome_text"], []).append(row["title"])
    return [f"{outcome}: {', '.join(titles)}" for outcome, titles in named.items()]


def _thrombolysis(advice: Json) -> str:
    level = f", level {advice['level']}" if advice["level"] else ""
    against = [f"{caution['title']} ({caution['tier_text']}{_whose(caution)})" for caution in advice["cautions"]]
    said = f"; against it: {', '.join(against)}" if against else ""
    return f"{advice['title']}: {advice['outcome_text']}{level}{said}"


def _changes(answers: list[Json], changes: list[Json]) -> list[str]:
    """What would change the leading guideline's answer; the rest is in the JSON and on the page."""
    lead = next((answer["ruleset"] for answer in answers if answer["kind"] == "guideline"), None)
    listed = []
    for change in (change for change in changes if change["then"]["ruleset"] == lead):
        when = f" (after {_clock(change['after'])})" if "after" in change else ""
        condition = change["if"].removeprefix(change["fact"]).strip()
        listed.append(f"{change['title']} {condition}{when}: {change['then']['outcome_text']}")
    return listed[:_MOST_CHANGES]


def _versions(versions: Json) -> str:
    return ", ".join(f"{part} {version}" for part, version in versions.items())


def _measured(region: Json | None) -> str:
    if region is None:
        return f"{'':14}{'':12}{'':16}"
    hu = "-" if region["hu"] is None else f"{region['hu']:.1f}"
    difference = "-" if region["delta_hu"] is None else f"{region['delta_hu']:+.1f}"
    return f"{hu:>14}{difference:>12}{region['status'].replace('_', ' '):>16}"


def _hours(minutes: int) -> str:
    return f"{minutes // 60} h {minutes % 60:02d} min"


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%d %b %H:%M UTC%z").replace("UTC+0000", "UTC")


def _labelled(label: str, text: str) -> list[str]:
    if not text:
        return []
    return _wrapped(text, f"{label + ':':12}", " " * 12)


def _list(label: str, entries: list[str]) -> list[str]:
    lines = [f"{label}:"] if entries else []
    for entry in entries:
        lines += _wrapped(entry, "  - ", "    ")
    return lines


def _wrapped(text: str, first: str = "", rest: str = "") -> list[str]:
    """Lines that a terminal holds; names such as RESCUE-Japan stay whole."""
    return textwrap.wrap(text, _WIDTH, initial_indent=first, subsequent_indent=rest, break_on_hyphens=False)


def _without_double_gaps(lines: list[str]) -> list[str]:
    return [line for before, line in zip(["", *lines], lines, strict=False) if line or before]

"""An answer as a note for the terminal, in the order in which a stroke consultant would say it."""

from collections.abc import Iterable, Iterator

from app.answers.note_lines import Json, clock, hours, labelled, listed_under, without_double_gaps, wrapped
from app.answers.parts import CLAUSES_NOT_CHECKED
from app.web.answer.changes import say_alternative
from app.web.answer.wording import first_up, say_condition, title_of
from scoring.outcomes import Action, Outcome, Tier

_MOST_CHANGES, _MOST_FIGURES, _MOST_MISSING = 4, 2, 3
"""What the note lists of changes, of trial figures, and of what one source waits for; the JSON answer has all."""

_HOW_CHECKED = {"read": "read", "second-hand": "second-hand", "memory": "from memory"}

_ANCHORS = {
    "last_known_well": "last known well",
    "onset_witnessed": "witnessed onset",
}


def triage_text(answer: Json) -> str:
    """The triage answer in about thirty lines."""
    lines = [
        *labelled("Score", _score(answer)),
        *labelled("Time", _time(answer)),
        *labelled("Verdict", _verdict(answer)),
        *labelled("Do", _transfer(answer["transfer"])),
        "",
        *_sources(answer),
        *listed_under("Thrombolysis", [line for advice in answer["ivt"] for line in _thrombolysis(advice)]),
        *listed_under("Swelling", _swelling(answer["swelling"])),
        *listed_under("Trials found", _figures(answer["benefit"])),
        "",
        *labelled("Missing", ", ".join(f"{title_of(fact)} ({fact})" for fact in answer["missing"])),
        *_changes(answer),
        *listed_under("Near a bound", [_near(bound) for bound in answer["near_bounds"]]),
        *labelled("Waiting", _waiting(answer["outcome_by_delay"])),
        *listed_under("Mind", [warning for warning in answer["warnings"] if warning != CLAUSES_NOT_CHECKED]),
        "",
        *wrapped(_versions(answer["versions"])),
        *wrapped(answer["not_for_clinical_use"]),
    ]
    return "\n".join(without_double_gaps(lines))


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


def _time(answer: Json) -> str:
    time = answer["time"]
    if time["minutes_since_anchor"] is None:
        return "The time since the patient was last known well is not known."
    anchor = _ANCHORS.get(time["anchor"], time["anchor"].replace("_", " "))
    parts = [f"{hours(time['minutes_since_anchor'])} since {anchor}"]
    if time["window"]:
        parts.append(f"window {time['window']}")
    if time["window_closes_at"]:
        left = f", {hours(time['minutes_left_in_window'])} left" if time["minutes_left_in_window"] is not None else ""
        parts.append(f"closes {clock(time['window_closes_at'], answer)}{left}")
    if time["projected_puncture_at"] and answer["transfer"]["action"] not in _WITHOUT_PUNCTURE:
        parts.append(f"groin puncture expected {clock(time['projected_puncture_at'], answer)}")
    return "; ".join(parts) + "."


_WITHOUT_PUNCTURE = {Action.HAEMORRHAGE_PATHWAY, Action.NO_TRANSFER_FOR_EVT, Action.TRANSFER_NEUROSURGERY}


def _waiting(model: Json | None) -> str:
    """What a delay costs patients of this kind; empty where the model is silent."""
    if model is None:
        return ""
    now, *later = model["outcomes"]
    minutes = ", ".join(f"{one['delay_minutes']}" for one in later)
    percent = ", ".join(f"{one['independent_percent']:g}" for one in later)
    costs = f"; {minutes} min later {percent}%" if later else ""
    return f"{now['independent_percent']:g}% of such patients independent at 90 days{costs} ({model['source']})"


def _swelling(swelling: Json | None) -> list[str]:
    """What each source says of surgery; empty while nothing about swelling is known.

    A source that waits for data is left out where another already advises surgery.
    """
    if swelling is None:
        return []
    silent = {"not_addressed", "need_data"} if swelling["surgery_is_advised"] else {"not_addressed"}
    return [_operation(row) for row in swelling["answers"] if row["stance"] not in silent]


def _operation(row: Json) -> str:
    return f"{row['title']}: {_said(row)}"


def _said(row: Json) -> str:
    """Outcome, level, clause and how it was checked, or what the source waits for."""
    if not row["clause"]:
        named = _waited_for(row)
        return f"{row['outcome_text']} ({named})" if named else str(row["outcome_text"])
    level = f", level {row['level']}" if row["level"] else ""
    return f"{row['outcome_text']}{level}, clause {row['clause']} ({_HOW_CHECKED[row['source']['checked']]})"


def _waited_for(row: Json) -> str:
    missing = [title_of(fact) for fact in row["missing"][:_MOST_MISSING]]
    more = len(row["missing"]) - len(missing)
    return "; ".join(missing) + (f"; {more} more" if more else "")


def _verdict(answer: Json) -> str:
    """The verdict, what it waits for, and what becomes of it on the way; who says otherwise stands in the table."""
    summary, lead = answer["evt_summary"], _lead(answer)
    parts = [summary["text"].split(". ", maxsplit=1)[0].removesuffix(".")]
    if lead is not None and lead["missing"]:
        parts.append(f"It waits for: {_waited_for(lead)}")
    if lead is not None and (later := _later(lead, answer)):
        parts.append(first_up(later))
    if summary["differ_in"] == "direction":
        parts.append("Guidelines differ")
    return "".join(f"{part}. " for part in parts).strip()


def _lead(answer: Json) -> Json | None:
    """The guideline that the verdict is taken from."""
    return next((row for row in answer["evt"] if row["kind"] == "guideline" and not row["superseded"]), None)


def _transfer(transfer: Json) -> str:
    where = f": {transfer['destination']}" if transfer["destination"] else ""
    parts = [f"{transfer['action_text']}{where}."]
    if transfer["note"] and transfer["action"] in _WITHOUT_PUNCTURE:
        parts.append(transfer["note"])
    if transfer["on_arrival"]:
        parts.append(f"On arrival: {transfer['on_arrival']['action_text']}.")
    if transfer["door_in_door_out"]:
        parts.append(_door_in_door_out(transfer["door_in_door_out"]))
    return " ".join(parts)


def _door_in_door_out(stay: Json) -> str:
    told = (
        f"the target of {target['minutes']} min is missed"
        if target["missed"]
        else f"{target['minutes_left']} min left to the target of {target['minutes']} min"
        for target in stay["targets"]
    )
    return f"Here for {stay['minutes_since_arrival']} min: {', '.join(told)}."


def _sources(answer: Json) -> list[str]:
    if answer["evt_summary"]["verdict"] == "haemorrhage":
        return ["Guidelines and trials of thrombectomy do not apply."]
    return [*_guidelines(answer), *listed_under("Trials", _trials(answer["evt"]))]


def _guidelines(answer: Json) -> list[str]:
    """Those that speak line by line; those that are silent on the patient together."""
    rows = [row for row in answer["evt"] if row["kind"] == "guideline"]
    speaking = [row for row in rows if row["stance"] != "not_addressed"]
    silent = [_titled(row) for row in rows if row["stance"] == "not_addressed"]
    width = max((len(_titled(row)) for row in speaking), default=0)
    lines = ["Guidelines"] if rows else []
    for row in speaking:
        later = _later(row, answer)
        said = f"{_said(row)}{'; ' if later else ''}{later}"
        lines += wrapped(f"{_titled(row):{width}}  {said}", "  ", "    ")
    return lines + (wrapped(f"Silent on this patient: {', '.join(silent)}", "  ", "    ") if silent else [])


def _titled(row: Json) -> str:
    return f"{row['title']} (superseded)" if row["superseded"] else str(row["title"])


def _later(row: Json, answer: Json) -> str:
    """What the source says by the expected puncture, and from when on, where it is something else than now."""
    later = row["at_projected_puncture"]
    if later in (None, row["outcome"]) or row["superseded"]:
        return ""
    turns = [
        crossing["at"]
        for crossing in answer["on_the_way"]
        if any(change["ruleset"] == row["ruleset"] for change in crossing["changes"])
    ]
    when = f"after {clock(turns[0], answer)}" if len(turns) == 1 else "by the expected puncture"
    return f"{when}: {Outcome(later).label}"


def _trials(answers: Iterable[Json]) -> list[str]:
    """The trials by what they say: most of them say the same of most patients."""
    named: dict[str, list[str]] = {}
    for row in answers:
        if row["kind"] == "trial":
            checked = f" ({_HOW_CHECKED[row['source']['checked']]})" if row["outcome"] == Outcome.ELIGIBLE else ""
            named.setdefault(row["outcome_text"], []).append(f"{row['title']}{checked}")
    return [f"{outcome}: {', '.join(titles)}" for outcome, titles in named.items()]


def _thrombolysis(advice: Json) -> Iterator[str]:
    """What is said, what speaks against it, and what holds where thrombectomy is due too."""
    absolute = [one for one in advice["cautions"] if one["tier"] == Tier.ABSOLUTE]
    against = _named([one for one in advice["cautions"] if one not in absolute])
    if advice["contraindicated"]:
        yield f"{advice['title']}: contraindicated: {_named(absolute)}" + (f"; besides: {against}" if against else "")
        return
    weigh = f"; to weigh: {against}" if against else ""
    open_ones = len(advice["contraindications_not_asked"])
    not_known = f"; {open_ones} contraindications are not known yet" if open_ones and advice["clause"] else ""
    yield f"{advice['title']}: {_said(advice)}{weigh}{not_known}"
    together: dict[str, list[str]] = {}
    for one in advice["with_thrombectomy"]:
        together.setdefault(one["title"].partition(",")[0], []).append(one["text"])
    if together and against:
        yield "Where what is to be weighed does not speak against thrombolysis:"
    yield from (f"With thrombectomy, {title}: {' '.join(texts)}" for title, texts in together.items())


def _named(cautions: Iterable[Json]) -> str:
    return ", ".join(f"{one['title']} ({one['tier_text']}{_whose(one)})" for one in cautions)


def _whose(caution: Json) -> str:
    return ", this hospital's own policy" if caution["local"] else ""


def _figures(figures: Iterable[Json]) -> list[str]:
    """The first few that tell both arms; one that tells only an effect where nothing else is at hand."""
    with_arms = [figure for figure in figures if figure["arms"]]
    return [_figure(figure) for figure in (with_arms or list(figures))[:_MOST_FIGURES]]


def _figure(figure: Json) -> str:
    """What one trial found in patients like this one, treated before control."""
    arms, need, death = figure["arms"], figure["number_needed_to_treat"], figure["death"]
    unit = "%" if arms and arms["unit"] == "percent" else ""
    parts = [f"{figure['outcome']} {arms['treated']:g} v {arms['control']:g}{unit}"] if arms else []
    if effect := figure["effect"]:
        interval = f" ({effect['low']:g} to {effect['high']:g})" if effect["low"] is not None else ""
        parts.append(f"{effect['measure']} {effect['value']:g}{interval}")
    if need:
        parts.append(f"NNT {need['value']:g} for {need['counts']}")
    if death:
        parts.append(f"deaths {death['treated']:g} v {death['control']:g}%")
    if figure["stopped_early"]:
        parts.append("stopped early")
    return f"{figure['title']}: {'; '.join(parts)} ({_HOW_CHECKED[figure['checked']]})"


def _changes(answer: Json) -> list[str]:
    """What would change the leading guideline's answer; the rest is in the JSON and on the page.

    Age is told only near a bound, and another vessel only among branches of M2: nobody will be of another age, and
    which branch is dominant is what readers differ on.
    """
    lead = _lead(answer)
    if lead is None:
        return []
    near = {bound["fact"] for bound in answer["near_bounds"]}
    listed = []
    for change in answer["what_would_change"]:
        is_told = (
            change["fact"] not in {"age_years", "occlusion_site"} or change["fact"] in near or _within_m2(change, lead)
        )
        if change["then"]["ruleset"] == lead["ruleset"] and is_told:
            when = f" (after {clock(change['after'], answer)})" if "after" in change else ""
            listed.append(f"{_other(change)}{when}: {change['then']['outcome_text']}")
    return listed_under(f"{lead['title']} changes if", listed[:_MOST_CHANGES])


def _near(bound: Json) -> str:
    """Who would answer otherwise, and how well the value can be known."""
    return (
        f"{bound['text']} {bound['note']} ({_HOW_CHECKED[bound['checked']]})" if bound["note"] else str(bound["text"])
    )


def _within_m2(change: Json, lead: Json) -> bool:
    """Whether the patient has an occluded branch of M2, and the change is to another one."""
    site = next((line["value"] for line in lead["reasons"] if line["fact"] == "occlusion_site"), None)
    return change["fact"] == "occlusion_site" and str(site).startswith("mca_m2") and "is mca_m2" in change["if"]


def _other(change: Json) -> str:
    """The fact and its other value, vessels by name."""
    fact, value = change["fact"], change["if"].removeprefix(f"{change['fact']} is ")
    if fact == "occlusion_site":
        return f"{change['title']}: {say_alternative(fact, value)}"
    return f"{change['title']} {say_condition(fact, value)}"


def _versions(versions: Json) -> str:
    return ", ".join(f"{part} {version}" for part, version in versions.items())

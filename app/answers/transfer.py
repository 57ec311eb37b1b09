"""What to do next with the patient, as JSON-ready dictionaries: the action, destinations, clocks, the checklist."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from app.answers.values import iso, lines_json, value_json
from scoring.case import Case
from scoring.door_in_door_out import door_in_door_out_dispute, door_in_door_out_targets
from scoring.network import Destination
from scoring.transfer import TransferAdvice
from scoring.transfer_checklist import FilledItem
from scoring.values import Known


def action_json(advice: TransferAdvice, shown: Mapping[str, Any]) -> dict[str, Any]:
    """An action, the clause and the lines that decided it, and what stopped an earlier clause from being judged.

    ``shown`` are the patient's values as JSON.
    """
    clause = advice.clause
    return {
        "action": advice.action.value,
        "action_text": (clause.instruction if clause else None) or advice.action.label,
        "level": clause.level if clause else None,
        "clause": clause.clause if clause else None,
        "reasons": lines_json(advice.lines, shown),
        "source": clause.source_summary if clause else None,
        "note": clause.note if clause else None,
        "missing": list(advice.missing),
    }


def estimates_json(case: Case, to_puncture: int | None) -> dict[str, Any]:
    """The minutes of the way that are known."""
    site = case.site
    return {
        "minutes_to_thrombectomy_centre": site.minutes_to_thrombectomy_centre if site else None,
        "door_to_groin_minutes": site.door_to_groin_minutes if site else None,
        "minutes_to_projected_puncture": to_puncture,
    }


def destinations_json(case: Case) -> list[dict[str, Any]]:
    """Where thrombectomy can be had, as far as the network file tells."""
    return [_destination_json(destination) for destination in case.destinations]


def _destination_json(destination: Destination) -> dict[str, Any]:
    return {
        "site_id": destination.site_id,
        "name": destination.name,
        "mode": destination.mode,
        "transport_minutes": destination.transport_minutes,
        "arrival_at": destination.arrival_at.isoformat(),
        "open_on_arrival": destination.is_open_on_arrival,
        "door_to_groin_minutes": destination.door_to_groin_minutes,
        "puncture_at": iso(destination.puncture_at),
        "icu_beds": destination.icu_beds,
    }


def door_in_door_out_json(values: Mapping[str, Known]) -> dict[str, Any] | None:
    """Minutes since arrival beside the targets for leaving; only at a site that does not treat."""
    minutes = minutes_at_the_first_hospital(values)
    return None if minutes is None else clock_json(minutes)


def minutes_at_the_first_hospital(values: Mapping[str, Known]) -> float | None:
    """Minutes since arrival at a site that does not treat; ``None``: it does, or either is not known."""
    minutes = values.get("minutes_since_arrival")
    return minutes if isinstance(minutes, (int, float)) and values.get("site_treats") is False else None


def clock_json(minutes: float) -> dict[str, Any]:
    """Minutes since arrival beside the targets for leaving."""
    targets = [
        {
            "minutes": target.minutes,
            "missed": target.is_missed(minutes),
            "minutes_left": max(0, target.minutes - int(minutes)),
            "title": target.title,
            "checked": target.checked,
        }
        for target in door_in_door_out_targets()
    ]
    return {"minutes_since_arrival": int(minutes), "targets": targets, "note": door_in_door_out_dispute()}


def checklist_json(filled: Sequence[FilledItem]) -> list[dict[str, Any]]:
    """The lines of the call to the receiving centre; ``known`` is empty where a person must say it."""
    return [
        {
            "id": line.item.id,
            "title": line.item.title,
            "known": {fact: stated_json(value) for fact, value in line.known.items()},
        }
        for line in filled
    ]


def stated_json(value: Any) -> Any:
    """A fact as it was stated: a time keeps its offset."""
    return value.isoformat() if isinstance(value, datetime) else value_json(value)

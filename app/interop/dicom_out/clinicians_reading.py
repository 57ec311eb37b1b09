"""A reading in which a clinician has entered calls of their own: what they say stands, and is marked as theirs."""

from collections.abc import Mapping
from typing import Any

from scoring.regions import Region, Side

Json = Mapping[str, Any]

_OF_SOFTWARE = "software"


def is_of_software(aspects: Json | None) -> bool:
    """Whether nobody has put a score of their own in the software's place."""
    return aspects is None or _OF_SOFTWARE in aspects["source"]


def can_be_shown(reading: Json | None, aspects: Json | None) -> bool:
    """Whether the objects can say what a clinician entered: all ten regions and their side, on a scored scan."""
    if aspects is None or reading is None or reading["status"] != "scored":
        return False
    regions = aspects.get("regions") or {}
    return bool(aspects.get("side")) and all(regions.get(region.value) for region in Region)


def as_clinician_reads(reading: Json, aspects: Json) -> Json:
    """The reading with the clinician's side, total and calls; the other side stays as the software read it.

    A region whose call differs has ``software_status`` and no probability: that was the software's for its own call.
    What was measured, such as attenuation, stays.
    """
    side = Side(aspects["side"])
    theirs = {
        region.value: _region(reading["regions"][side.value][region.value], aspects["regions"][region.value])
        for region in Region
    }
    totals = {"total": aspects["total"], "total_low": aspects["low"], "total_high": aspects["high"]}
    regions = {**reading["regions"], side.value: theirs}
    return {**reading, **totals, "side": side.value, "side_stands_out": True, "regions": regions}


def differences(reading: Json) -> list[str]:
    """A sentence for each region that the clinician calls otherwise than the software."""
    return [
        f"Region {region}, {side} side: {_words(told['status'])} by the clinician, "
        f"{_words(told['software_status'])} by the software."
        for side, regions in reading["regions"].items()
        for region, told in regions.items()
        if "software_status" in told
    ]


def _region(software: Json, status: str) -> dict[str, Any]:
    if software["status"] == status:
        return dict(software)
    return {**software, "status": status, "probability": None, "software_status": software["status"]}


def _words(status: str) -> str:
    return status.replace("_", " ")

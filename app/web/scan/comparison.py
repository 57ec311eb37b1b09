"""The software's reading beside the reader's, region by region, differences named; neither is mixed into the other."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.web.map.words import STATUS_WORDS
from app.web.words.catalogue import _, with_comma
from imaging.result import side_that_stands_out
from scoring.regions import Region, Side, Status


@dataclass(frozen=True, slots=True)
class RegionBeside:
    """One region as the reader and as the software saw it, with the numbers behind the latter."""

    region: str
    reader: str
    software: str
    differs: bool
    """Whether both said something, and not the same."""
    probability: str
    densities: str
    """Means here and on the other side, and the commonest difference of mirrored points, in HU."""


def compare(findings: Mapping[str, Any] | None, reading: Mapping[str, Any]) -> list[RegionBeside]:
    """Lay both readings side by side, on the side that the reader scored, else on the one the software found.

    Returns
    -------
    list of RegionBeside
        Empty where the scan was refused, or where no side is known.
    """
    seen = findings or {"regions": {}}
    side = seen.get("side") or side_that_stands_out(reading)
    if reading["status"] != "scored" or side is None:
        return []
    return [_beside(region, seen["regions"].get(region), reading["regions"][Side(side)][region]) for region in Region]


def _beside(region: Region, seen: str | None, measured: Mapping[str, Any]) -> RegionBeside:
    probability, hu = measured["probability"], measured["hu"]
    densities = "-"
    if hu is not None and measured["hu_other_side"] is not None and measured["delta_hu"] is not None:
        densities = with_comma(f"{hu:.1f} / {measured['hu_other_side']:.1f} ({measured['delta_hu']:+.1f})")
    return RegionBeside(
        region=region,
        reader=_(STATUS_WORDS[Status(seen) if seen else None]),
        software=_(STATUS_WORDS[Status(measured["status"])]),
        differs=seen is not None and seen != measured["status"],
        probability="-" if probability is None else with_comma(f"{probability:.2f}"),
        densities=densities,
    )

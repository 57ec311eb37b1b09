"""From a reading by software to findings that can be judged, and how it differs from what a reader saw."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from imaging.result import side_that_stands_out
from scoring.aspects import Findings
from scoring.case import Case
from scoring.regions import Region, Side, Status

Reading = Mapping[str, Any]
"""A reading as in the HTTP answer, scored or refused."""

_WORST_FIRST = (Status.AFFECTED, Status.NOT_ASSESSABLE, Status.UNAFFECTED).index


def with_reading(case: Case, reading: Reading) -> tuple[Case, list[str]]:
    """Bring a reading into a case.

    What a reader saw always wins: software that differs is listed and not used. Software findings are used only where
    a case brings neither findings nor a total, and the case then says so.

    Returns
    -------
    case
        The case to judge.
    warnings
        What the reader of the answer must know about the two.
    """
    if reading["status"] != "scored":
        return case, ["The scan was not scored by software; no region finding was taken from it."]
    read_side = side_that_stands_out(reading)
    stated_side = _stated_side(case)
    warnings = []
    if read_side and stated_side and read_side is not stated_side:
        warnings.append(
            f"The software sees change on the patient's {read_side}, the case says {stated_side}: check the sides."
        )
    side = stated_side or read_side
    software = Findings(side=side, regions=_statuses(reading, (side,) if side else tuple(Side)))
    if case.findings is not None:
        return case, warnings + _differing_regions(case.findings, software)
    if case.facts.aspects_total is not None:
        return case, warnings + _differing_total(case.facts.aspects_total, reading["total"])
    return replace(case, findings=software, findings_from_software=True), warnings


def _stated_side(case: Case) -> Side | None:
    if case.findings is not None and case.findings.side is not None:
        return case.findings.side
    return Side(case.facts.affected_side) if case.facts.affected_side else None


def _statuses(reading: Reading, sides: Sequence[Side]) -> dict[Region, Status]:
    """The status of each region; where no side is known, the worse of the two, so that nothing is overlooked."""
    return {
        region: min(
            (Status(reading["regions"][side.value][region.value]["status"]) for side in sides), key=_WORST_FIRST
        )
        for region in Region
    }


def _differing_total(reader: int, software: int) -> list[str]:
    if reader == software:
        return []
    return [f"The software reads ASPECTS {software}, the case gives {reader}, which was used."]


def _differing_regions(reader: Findings, software: Findings) -> list[str]:
    parts = [
        f"{region} (reader {_words(seen)}, software {_words(software.regions[region])})"
        for region, seen in reader.regions.items()
        if region in software.regions and software.regions[region] is not seen
    ]
    if not parts:
        return []
    return [f"The software reading differs from the findings given, which were used: {', '.join(parts)}."]


def _words(status: Status) -> str:
    return status.replace("_", " ")

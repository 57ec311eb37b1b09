"""From a reading by software to findings that can be judged, and how it differs from what a reader saw."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from scoring.aspects import Findings
from scoring.case import Case
from scoring.regions import Region, Side, Status

Reading = Mapping[str, Any]
"""A reading as in the HTTP answer, scored or refused."""


def with_reading(case: Case, reading: Reading) -> tuple[Case, list[str]]:
    """Bring a reading into a case.

    The reader's own findings always win: software advice that differs is listed, never used. Software findings are
    used only where a case has none, and the case then says so.

    Returns
    -------
    case
        The case to judge.
    warnings
        What the reader of the answer must know about the two.
    """
    if reading["status"] != "scored":
        return case, ["The scan was not scored by software; no region finding was taken from it."]
    read_side = Side(reading["side"]) if reading["side"] else None
    stated_side = case.findings.side if case.findings else _affected_side(case)
    warnings = []
    if read_side and stated_side and read_side is not stated_side:
        warnings.append(
            f"The software sees change on the patient's {read_side}, the case says {stated_side}: check the sides."
        )
    side = stated_side or read_side
    if side is None:
        return case, ["The software sees no side with acute change and the case names none; its reading is not used."]
    software = Findings(side=side, regions=_statuses(reading, side))
    if case.findings is None:
        return replace(case, findings=software, findings_from_software=True), warnings
    return case, warnings + _differences(case.findings, software)


def _affected_side(case: Case) -> Side | None:
    return Side(case.facts.affected_side) if case.facts.affected_side else None


def _statuses(reading: Reading, side: Side) -> dict[Region, Status]:
    return {Region(name): Status(region["status"]) for name, region in reading["regions"][side.value].items()}


def _differences(reader: Findings, software: Findings) -> list[str]:
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

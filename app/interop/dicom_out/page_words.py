"""The sentences of the report page."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydicom.dataset import Dataset

from app.interop.dicom_out.clinicians_reading import differences
from app.interop.dicom_out.contents import Content, Json
from app.interop.dicom_out.identity import VERSION
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making, source_offset
from scoring.regions import Region, Side, Status

_WORDS = {Status.AFFECTED: "AFFECTED", Status.UNAFFECTED: "unaffected", Status.NOT_ASSESSABLE: "not assessable"}
_MOST_WARNINGS = 6
_LEAST_SHOWN = 0.01
_BOX = "[" + 3 * "\N{NO-BREAK SPACE}" + "]"
_UNSIGNED = f"Clinician confirmed: {_BOX}   Name: {20 * '_'}   Date, time and zone: {20 * '_'}"


@dataclass(frozen=True, slots=True)
class RegionRow:
    """One line of the table of regions."""

    cells: tuple[str, ...]
    """Region, call, probability, difference in HU; call and probability of the other side."""
    status: Status
    other_status: Status


def state_line(content: Content) -> str:
    """Whether somebody answers for it."""
    if content.sign_off is None:
        return "PRELIMINARY: not confirmed by a clinician"
    return "FINAL: as entered and signed by a clinician" if content.is_edited else "FINAL: confirmed by a clinician"


def identity_lines(header: Dataset, printable: Callable[[str], str]) -> list[str]:
    """Who and which study, as the scanner wrote it."""
    name = str(header.get("PatientName") or "") or "not stated"
    if "?" in printable(name) and "?" not in name:
        name = "in signs that this page cannot show; see the DICOM header"
    study = f"Study: {_stated(header, 'StudyDescription')}; {_study_time(header)}"
    return [
        f"Patient: {name}; ID {_stated(header, 'PatientID')}; born {_date(header.get('PatientBirthDate'))}",
        f"{study}; accession number {_stated(header, 'AccessionNumber')}",
    ]


def score_line(content: Content) -> str:
    """The score with its interval, or that there is none."""
    reading = content.reading
    if not content.is_scored:
        return f"No score: {reading['refusal']['code']}"
    side = f"{content.side.value} side" if content.side else "no side stands out"
    return f"ASPECTS {reading['total']} (interval {reading['total_low']} to {reading['total_high']}), {side}"


def region_rows(content: Content, first: Side) -> list[RegionRow]:
    """The ten regions, the named side first."""
    regions = content.reading["regions"]
    rows = []
    for region in Region:
        here, there = regions[first.value][region.value], regions[first.other.value][region.value]
        status, other = content.status(first, region), content.status(first.other, region)
        cells = (
            region.value,
            _WORDS[status],
            _share(here["probability"]),
            _number(here["delta_hu"], "+.1f"),
            _WORDS[other],
            _share(there["probability"]),
        )
        rows.append(RegionRow(cells, status, other))
    return rows


def triage_lines(triage: Json) -> list[str]:
    """The answer in the words of the service; the page has no room for its reasons."""
    lines = [str(triage["evt_summary"]["text"]), *_judged_with(triage.get("aspects"))]
    time = triage["time"]
    if time.get("anchor_at"):
        lines.append(f"Counted from {_clock(time['anchor_at'])} to {_clock(triage['evaluated_at'])}.")
    transfer = triage["transfer"]
    where = f": {transfer['destination']}" if transfer.get("destination") else ""
    lines.append(f"{transfer['action_text']}{where}.")
    if triage["missing"]:
        lines.append(f"Not known and could change the answer: {', '.join(triage['missing'])}.")
    return lines


def _judged_with(aspects: Json | None) -> list[str]:
    """Which score the answer rests on: a reader's own goes before the software's, and may differ from it."""
    if aspects is None:
        return []
    total = "not known" if aspects["total"] is None else aspects["total"]
    side = f", {aspects['side']} side" if aspects["side"] else ""
    return [f"Judged with ASPECTS {total}{side} ({str(aspects['source']).replace('_', ' ')})."]


def limits(content: Content) -> list[str]:
    """What a reader of the score must know."""
    reading = content.reading
    lines = differences(reading) if content.is_edited else []
    if not content.is_scored:
        lines += [reading["refusal"]["text"], reading["refusal"]["remedy"]]
    warnings = [f"{warning['text']} ({warning['code']})" for warning in reading["warnings"]]
    lines += warnings[:_MOST_WARNINGS]
    if len(warnings) > _MOST_WARNINGS:
        lines.append(f"{len(warnings) - _MOST_WARNINGS} more warnings stand in the structured report.")
    if content.is_scored:
        lines.append("P: probability of acute ischaemic change. HU diff.: density, this side minus the other.")
    if content.triage is not None:
        lines += [str(warning) for warning in content.triage["warnings"][:_MOST_WARNINGS]]
    return lines


def made_lines(content: Content, sources: Sources, making: Making) -> list[str]:
    """When it was made, from what, by what."""
    versions: dict[str, Any] = {"software": VERSION, **content.reading["versions"]}
    if content.triage is not None:
        versions |= {key: value for key, value in content.triage["versions"].items() if key not in versions}
    return [
        f"Made {_clock(making.local.isoformat())} from {len(sources.frames)} images of series {sources.series_uid}.",
        f"Versions: {_listed(versions)}. Content {making.identity.content[:16]}.",
    ]


def signature_line(content: Content) -> str:
    """Room to sign, or who has."""
    if content.sign_off is None:
        return _UNSIGNED
    name = content.sign_off.name.replace("^", ", ", 1).replace("^", " ").strip()
    return (
        f"Clinician confirmed: [X]   {name}, {content.sign_off.organisation}, {_clock(content.sign_off.at.isoformat())}"
    )


def _stated(header: Dataset, keyword: str) -> str:
    return str(header.get(keyword) or "") or "not stated"


def _date(value: Any) -> str:
    text = str(value or "")
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if len(text) == 8 and text.isdigit() else "not stated"  # noqa: PLR2004 -- YYYYMMDD of DICOM


def _study_time(header: Dataset) -> str:
    """The study's own clock; a zone only where the file states one."""
    time = str(header.get("StudyTime") or "")
    clock = f" {time[:2]}:{time[2:4]}" if len(time) >= 4 and time[:4].isdigit() else ""  # noqa: PLR2004
    offset = source_offset(header)
    zone = str(offset) if offset is not None else "the file states no time zone"
    return f"{_date(header.get('StudyDate'))}{clock}" + (f" ({zone})" if clock else "")


def _share(probability: float | None) -> str:
    """A probability, never rounded to certainty."""
    if probability is None:
        return "-"
    return (
        "< 0.01" if probability < _LEAST_SHOWN else "> 0.99" if probability > 1 - _LEAST_SHOWN else f"{probability:.2f}"
    )


def _number(value: float | None, form: str) -> str:
    return "-" if value is None else format(value, form)


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%Y-%m-%d %H:%M UTC%z").replace("UTC+0000", "UTC")


def _listed(versions: Mapping[str, Any]) -> str:
    return ", ".join(f"{part} {version}" for part, version in versions.items())

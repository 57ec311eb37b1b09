"""Child process that writes a result as DICOM objects, within limits of its own.

Started as ``python -m app.outbox.document_child MEMORY_MIB CPU_SECONDS`` with one line of JSON on standard input. Where
the process that read the scan kept what it drew, the scan's headers are enough; otherwise the scan is read once more.
"""

import json
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from app.interop.dicom_out.contents import Drawn
    from app.interop.dicom_out.sources import Sources

NO_SOURCES = 3
"""Exit code: the scan names no study into which results could be put, or its headers cannot be read."""

_CALLS = ("status", "side", "total", "regions")
"""What a drawing shows of a reading."""

Json = dict[str, Any]


def main() -> None:
    """Limit, gather, write."""
    from app.scans.worker import limit_resources  # noqa: PLC0415 -- what follows is loaded under the limits

    limit_resources(int(sys.argv[1]), int(sys.argv[2]))
    from app.interop.dicom_out.faults import SourcesUnusable  # noqa: PLC0415
    from imaging.refusals import ScanRefused  # noqa: PLC0415

    try:
        _write(json.loads(sys.stdin.readline()))
    except (SourcesUnusable, ScanRefused):
        sys.exit(NO_SOURCES)


def _write(job: Json) -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 -- see main

    from app.interop.dicom_out.clinicians_reading import as_clinician_reads  # noqa: PLC0415
    from app.interop.dicom_out.contents import Content, Predecessor, SignOff  # noqa: PLC0415
    from app.interop.dicom_out.documents import build_documents, write_documents  # noqa: PLC0415

    reading, drawn, sources = _gathered(job)
    signed, before = job["sign_off"], job["predecessor"]
    content = Content(
        as_clinician_reads(reading, job["triage"]["aspects"]) if job["is_edited"] else reading,
        job["triage"],
        drawn,
        SignOff(signed["name"], signed["organisation"], datetime.fromisoformat(signed["at"])) if signed else None,
        is_edited=job["is_edited"],
        predecessor=Predecessor(**before) if before else None,
    )
    made_at = datetime.fromisoformat(job["made_at"])
    write_documents(build_documents(content, sources, made_at=made_at, zone=ZoneInfo(job["zone"])), Path(job["out"]))


def _gathered(job: Json) -> "tuple[Json, Drawn | None, Sources]":
    """Reading, drawing and source images: as kept with the reading, or drawn from the scan again.

    What is told is always the reading that was kept. Where the scan is read otherwise today, by a later version of this
    software, its drawing would not belong to it, and there is none.
    """
    from app.interop.dicom_out.contents import Drawn  # noqa: PLC0415 -- see main
    from app.interop.dicom_out.kept_drawing import DrawingDamaged, unpacked_drawing  # noqa: PLC0415
    from app.interop.dicom_out.sources import read_sources  # noqa: PLC0415

    scan, reading = Path(job["scan"]), job["reading"]
    if job["drawing"] is not None:
        with suppress(DrawingDamaged):
            kept = unpacked_drawing(Path(job["drawing"]).read_bytes())
            return reading, kept.drawn, read_sources(scan, kept.slices, reading["input"].get("series_uid"))
    from imaging.reading import read_with_artefacts  # noqa: PLC0415 -- slow to load, and seldom needed

    anew, artefacts = read_with_artefacts(scan)
    volume = None if artefacts is None else artefacts.scan
    told: Json = json.loads(json.dumps(anew.to_json()))
    is_same = reading is None or all(told.get(name) == reading.get(name) for name in _CALLS)
    drawn = Drawn.of(anew, artefacts) if artefacts is not None and is_same else None
    return told if reading is None else reading, drawn, read_sources(scan, volume, anew.input.get("series_uid"))


if __name__ == "__main__":
    main()

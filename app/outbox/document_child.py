"""Child process that reads a scan once more and writes its results as DICOM objects, within limits of its own.

Started as ``python -m app.outbox.document_child MEMORY_MIB CPU_SECONDS`` with one line of JSON on standard input.
"""

import json
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

NO_SOURCES = 3
"""Exit code: the scan names no study into which results could be put."""


def main() -> None:
    """Limit, read, draw, write."""
    from app.scan_worker import limit_resources  # noqa: PLC0415 -- what follows is loaded under the limits

    limit_resources(int(sys.argv[1]), int(sys.argv[2]))
    from app.interop.dicom_out.faults import SourcesUnusable  # noqa: PLC0415

    try:
        _write(json.loads(sys.stdin.readline()))
    except SourcesUnusable:
        sys.exit(NO_SOURCES)


def _write(job: dict[str, Any]) -> None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 -- see main

    from app.interop.dicom_out.contents import Content, Drawn, SignOff  # noqa: PLC0415
    from app.interop.dicom_out.documents import build_documents, write_documents  # noqa: PLC0415
    from app.interop.dicom_out.sources import read_sources  # noqa: PLC0415
    from imaging.reading import read_with_artefacts  # noqa: PLC0415

    reading, artefacts = read_with_artefacts(Path(job["scan"]))
    volume = None if artefacts is None else artefacts.scan
    sources = read_sources(Path(job["scan"]), volume, reading.input.get("series_uid"))
    signed = job["sign_off"]
    content = Content(
        reading.to_json(),
        job["triage"],
        None if artefacts is None else Drawn.of(reading, artefacts),
        SignOff(signed["name"], signed["organisation"], datetime.fromisoformat(signed["at"])) if signed else None,
    )
    made_at = datetime.fromisoformat(job["made_at"])
    write_documents(build_documents(content, sources, made_at=made_at, zone=ZoneInfo(job["zone"])), Path(job["out"]))


if __name__ == "__main__":
    main()

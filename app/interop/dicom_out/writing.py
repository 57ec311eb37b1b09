"""Reads a scan and writes its results as DICOM objects: the use case of ``aspects dicom write``."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from app.intake.case_file import CaseFileError, describe, read_case
from app.interop.dicom_out.contents import Content, Drawn, Json
from app.interop.dicom_out.documents import build_documents, write_documents
from app.interop.dicom_out.segments import Which
from app.interop.dicom_out.sources import read_sources
from app.scans.findings import with_reading
from app.triage import triage
from imaging.reading import Artefacts, read_with_artefacts
from imaging.result import Reading
from scoring.case import Case
from scoring.errors import CaseError


def read_and_write(
    scan: Path, folder: Path, request: bytes | None, made_at: datetime, zone: str, segments: Which
) -> list[Path]:
    """Read, judge the case if there is one, and write.

    Parameters
    ----------
    request
        JSON of a triage request.
    zone
        IANA name of the site's time zone.

    Raises
    ------
    CaseFileError
        The case cannot be used, or contradicts the scan.
    SourcesUnusable
        The scan is no DICOM, or does not name one patient and study.
    OSError
        The scan cannot be opened or the folder not written to.
    """
    case = None if request is None else read_case(request)
    reading, artefacts = read_with_artefacts(scan)
    answer = None if case is None else _judged(case, reading)
    return write_results(scan, folder, reading, artefacts, answer, made_at, zone=zone, segments=segments)


def write_results(
    scan: Path,
    folder: Path,
    reading: Reading,
    artefacts: Artefacts | None,
    triage_answer: Json | None,
    made_at: datetime,
    *,
    zone: str = "UTC",
    segments: Which = "affected",
) -> list[Path]:
    """Write the objects of a reading that was made in this process. Raises SourcesUnusable, OSError."""
    volume = None if artefacts is None else artefacts.scan
    sources = read_sources(scan, volume, reading.input.get("series_uid"))
    drawn = None if artefacts is None else Drawn.of(reading, artefacts)
    content = Content(reading.to_json(), triage_answer, drawn)
    return write_documents(
        build_documents(content, sources, made_at=made_at, zone=ZoneInfo(zone), segments=segments), folder
    )


def _judged(case: Case, reading: Reading) -> Json:
    try:
        known, warnings = with_reading(case, reading.to_json())
        answer = triage(known)
    except CaseError as error:
        raise CaseFileError(describe(error)) from None
    answer["warnings"] = [*answer["warnings"], *warnings]
    return answer

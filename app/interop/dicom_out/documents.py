"""Makes the DICOM objects of one reading: structured report, summary picture, segmentation, report page."""

import os
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any

from pydicom.dataset import Dataset

from app.interop.dicom_out.contents import Content
from app.interop.dicom_out.encapsulated import encapsulated_page
from app.interop.dicom_out.identity import Identity, content_hash
from app.interop.dicom_out.picture import summary_picture
from app.interop.dicom_out.report import measurement_report
from app.interop.dicom_out.segments import Which, segmentation
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making, odd_values

_MOMENTARY = {"timing_seconds"}
"""What differs between two readings of the same scan and says nothing of it."""
_NAMES = {"SR": "report.dcm", "OT": "summary.dcm", "SEG": "regions.dcm", "DOC": "page.dcm"}


def build_documents(
    content: Content,
    sources: Sources,
    *,
    made_at: datetime,
    zone: tzinfo = UTC,
    segments: Which = "affected",
) -> list[Dataset]:
    """Make the objects.

    Parameters
    ----------
    content
        The reading and what goes with it. Without ``drawn`` (a reading that is known only as JSON) there is neither
        picture nor segmentation, and the report's regions name no images of their own.
    sources
        The images that were read.
    made_at
        When the result was made, with its zone. It is no part of the identifiers: the same content, made again by the
        same version of the software, has the same identifiers, and an archive keeps one of the two.
    zone
        The site's zone, in which dates are written where the source states no zone of its own.
    segments
        Which regions the segmentation outlines.

    Returns
    -------
    The report, the picture unless a clinician's calls stand in the place of those that it shows, the segmentation
    unless nothing is to be outlined, and the page.
    """
    if made_at.tzinfo is None:
        raise ValueError("made_at needs a time zone")
    making = Making(_identity(content, sources, segments), sources.header, made_at, zone, 2 if content.sign_off else 1)
    with odd_values():
        documents = [
            measurement_report(content, sources, making),
            None if content.is_edited else summary_picture(content, sources, making),
            segmentation(content, sources, making, segments),
            encapsulated_page(content, sources, making),
        ]
    return [document for document in documents if document is not None]


def write_documents(documents: Sequence[Dataset], folder: Path) -> list[Path]:
    """Write each object to a file of its kind's name, whole or not at all; files of the same names are replaced.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(document, folder / _NAMES[document.Modality]) for document in documents]


def _write(document: Dataset, path: Path) -> Path:
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    os.close(handle)
    try:
        document.save_as(unfinished, enforce_file_format=True)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path


def _identity(content: Content, sources: Sources, segments: Which) -> Identity:
    reading = {key: value for key, value in content.reading.items() if key not in _MOMENTARY}
    signed = content.sign_off
    said = [signed.name, signed.organisation, signed.at.isoformat()] if signed else None
    has_pictures = [content.drawn is not None, segments]
    before = [content.predecessor.sop_uid] if content.predecessor else None
    parts: list[Mapping[str, Any] | list[Any] | None] = [reading, content.triage, said, has_pictures, sources.sop_uids]
    digest = content_hash(*parts, *([[content.is_edited, before]] if content.is_edited or before else []))
    return Identity(sources.study_uid, sources.series_uid, digest)

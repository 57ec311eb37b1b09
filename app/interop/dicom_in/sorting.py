"""Looks at one received object: which study and series it belongs to, and whether it can be used at all."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import pydicom
from pydicom.filereader import read_partial
from pydicom.tag import BaseTag, Tag

from app.interop.dicom_in.part10 import ObjectMeta, is_uid, read_meta
from app.interop.dicom_in.reasons import Aside, NotTaken
from app.queue.queue import Identity
from imaging.dicom_headers import SliceHeader
from imaging.dicom_parsing import read_slice_headers
from imaging.dicom_pixels import check_decodable
from imaging.dicom_series import CT_CLASSES, is_slice
from imaging.dicom_values import text
from imaging.element_budget import SKIPPED_FROM_BYTES, with_element_budget
from imaging.file_content import FileOnDisk
from imaging.hostile_bytes import parsing_foreign_bytes
from imaging.read_limits import ReadLimits, check_grid_size
from imaging.refusals import RefusalCode, ScanRefused

_LIMITS = ReadLimits()
_HASH_CHUNK_BYTES = 1 << 20
_IDENTITY = ("PatientID", "IssuerOfPatientID", "AccessionNumber", "StudyInstanceUID")
_LAST_UID = 0x0020000E
"""Series Instance UID; what comes after it is not even skipped through."""
_UIDS = ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "SOPClassUID")


@dataclass(frozen=True, slots=True)
class Sorted:
    """What is known of an object. ``None``: it does not say, or cannot be read."""

    sha256: str
    """Over the data set and its transfer syntax: the same whichever way the object came."""
    size_bytes: int
    study_uid: str | None = None
    series_uid: str | None = None
    sop_uid: str | None = None
    sop_class: str | None = None
    aside: Aside | None = None
    """Why it is not used; ``None``: it may be."""

    @property
    def is_kept(self) -> bool:
        """Whether its bytes are kept: slices, and what somebody may want to look at because it cannot be read."""
        return self.aside not in {Aside.NOT_CT, Aside.NOT_A_SLICE, Aside.DIRECTORY}


def sort_object(path: Path) -> Sorted:
    """Look at an object's header; pixels stay undecoded, and nothing that is wrong with the file is raised."""
    size_bytes = path.stat().st_size
    with path.open("rb") as stream:
        try:
            meta = read_meta(stream)
        except NotTaken as fault:
            stream.seek(0)
            return Sorted(_hash(stream, ""), size_bytes, aside=fault.reason)
        digest = _hash(stream, meta.transfer_syntax)
        stream.seek(0)
        try:
            study_uid, series_uid = _uids(stream, meta)
        except NotTaken as fault:
            return Sorted(digest, size_bytes, sop_class=meta.sop_class, aside=fault.reason)
    aside = _why_not(path, meta)
    return Sorted(digest, size_bytes, study_uid, series_uid, meta.sop_uid, meta.sop_class, aside)


def headers_of(path: Path) -> list[SliceHeader]:
    """Headers of all frames of a kept object. Raises ScanRefused."""
    return read_slice_headers(FileOnDisk(path), _LIMITS)


def identity_of(path: Path) -> Identity | None:
    """Whose scan a kept object is; ``None`` where it does not say, or not in a way that can be read."""
    try:
        return _identity(path)
    except ScanRefused:
        return None


def _identity(path: Path) -> Identity | None:
    with path.open("rb") as stream, parsing_foreign_bytes("The header cannot be read."):
        data = pydicom.dcmread(
            with_element_budget(stream),
            defer_size=SKIPPED_FROM_BYTES,
            stop_before_pixels=True,
            specific_tags=list(_IDENTITY),
            force=True,
        )
        patient_id, issuer, accession, study_uid = (text(data, name) or "" for name in _IDENTITY)
    return Identity(patient_id, issuer, accession, study_uid) if patient_id else None


def _hash(stream: BinaryIO, transfer_syntax: str) -> str:
    digest = hashlib.sha256(transfer_syntax.encode() + b"\n")
    while chunk := stream.read(_HASH_CHUNK_BYTES):
        digest.update(chunk)
    return digest.hexdigest()


def _uids(stream: BinaryIO, meta: ObjectMeta) -> tuple[str, str]:
    """Study and series of the data set, whose own UIDs must be those of its shell. Raises NotTaken."""
    try:
        with parsing_foreign_bytes("The header cannot be read."):
            data = read_partial(
                with_element_budget(stream),
                defer_size=SKIPPED_FROM_BYTES,
                stop_when=_is_past_uids,
                specific_tags=[Tag(name) for name in _UIDS],
                force=True,
            )
            study, series, sop_uid, sop_class = (str(data.get(name, "")) for name in _UIDS)
    except ScanRefused:
        raise NotTaken(Aside.DAMAGED) from None
    if not all(map(is_uid, (study, series, sop_uid, sop_class))):
        raise NotTaken(Aside.BAD_UID)
    if (sop_uid, sop_class) != (meta.sop_uid, meta.sop_class):
        raise NotTaken(Aside.NOT_AS_ANNOUNCED)
    return study, series


def _is_past_uids(tag: BaseTag, _vr: str | None, _length: int) -> bool:
    return bool(tag > _LAST_UID)


def _why_not(path: Path, meta: ObjectMeta) -> Aside | None:
    if meta.sop_class not in CT_CLASSES:
        return Aside.NOT_CT
    try:
        slices = [header for header in headers_of(path) if is_slice(header)]
        if not slices:
            return Aside.NOT_A_SLICE
        for one in slices[:1]:
            check_grid_size(one.file.columns, one.file.rows, len(slices), _LIMITS)
        check_decodable(slices)
    except ScanRefused as refusal:
        return {
            RefusalCode.TOO_LARGE: Aside.TOO_LARGE,
            RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX: Aside.NOT_DECODABLE,
            RefusalCode.NOT_HU: None,  # its series is left as a whole, with that reason
        }.get(refusal.code, Aside.DAMAGED)
    return None

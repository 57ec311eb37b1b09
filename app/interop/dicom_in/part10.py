"""The outer shell of a DICOM file (PS3.10): written around what an association brings, checked on a file's own."""

import re
from dataclasses import dataclass
from typing import BinaryIO

from pydicom.dataset import FileMetaDataset
from pydicom.filebase import DicomBytesIO
from pydicom.filereader import read_dataset
from pydicom.filewriter import write_file_meta_info
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    MediaStorageDirectoryStorage,
)

from app.interop.dicom_in.reasons import Aside, NotTaken
from app.interop.dicom_out.identity import IMPLEMENTATION_NAME, IMPLEMENTATION_UID
from imaging.element_budget import with_element_budget
from imaging.hostile_bytes import parsing_foreign_bytes
from imaging.refusals import ScanRefused

PREAMBLE = b"\0" * 128 + b"DICM"
"""Preamble of zeros: that of a sender may make the file a program or a web page as well."""

_UID = re.compile(r"[0-9]+(?:\.[0-9]+)*", re.ASCII)
_UID_LENGTH = 64
_META_GROUP = 2
_META_READS = 2_000
_META_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class ObjectMeta:
    """What the shell says of the object in it."""

    transfer_syntax: str
    sop_class: str
    sop_uid: str


def is_uid(text: object) -> bool:
    """Whether this is a UID: digits and dots, at most 64 (PS3.5 9.1; leading zeros are common and harmless)."""
    return isinstance(text, str) and len(text) <= _UID_LENGTH and _UID.fullmatch(text) is not None


def head_of(meta: ObjectMeta, calling_ae_title: str) -> bytes:
    """Preamble and file meta group for a data set that came over an association."""
    group = FileMetaDataset()
    group.FileMetaInformationVersion = b"\0\1"
    group.MediaStorageSOPClassUID = UID(meta.sop_class)
    group.MediaStorageSOPInstanceUID = UID(meta.sop_uid)
    group.TransferSyntaxUID = UID(meta.transfer_syntax)
    group.ImplementationClassUID = IMPLEMENTATION_UID
    group.ImplementationVersionName = IMPLEMENTATION_NAME
    group.SourceApplicationEntityTitle = calling_ae_title
    stream = DicomBytesIO()
    write_file_meta_info(stream, group, enforce_standard=True)
    return PREAMBLE + stream.getvalue()


def read_meta(stream: BinaryIO) -> ObjectMeta:
    """Read the file meta group alone, which is never compressed; nothing after it is looked at.

    Raises
    ------
    NotTaken
        It is no DICOM file, a deflated one (which may unpack without end) or a directory of files.
    """
    if stream.read(len(PREAMBLE))[128:] != b"DICM":
        raise NotTaken(Aside.NOT_DICOM)
    try:
        with parsing_foreign_bytes("The file meta group cannot be read."):
            group = read_dataset(
                with_element_budget(stream, _META_READS, _META_BYTES),
                is_implicit_VR=False,
                is_little_endian=True,
                stop_when=lambda tag, _vr, _length: tag.group != _META_GROUP,
            )
            meta = ObjectMeta(
                str(group.get("TransferSyntaxUID", "")),
                str(group.get("MediaStorageSOPClassUID", "")),
                str(group.get("MediaStorageSOPInstanceUID", "")),
            )
    except ScanRefused:
        raise NotTaken(Aside.DAMAGED) from None
    if not all(map(is_uid, (meta.transfer_syntax, meta.sop_class, meta.sop_uid))):
        raise NotTaken(Aside.BAD_UID)
    if meta.transfer_syntax == DeflatedExplicitVRLittleEndian:
        raise NotTaken(Aside.DEFLATED)
    if meta.sop_class == MediaStorageDirectoryStorage:
        raise NotTaken(Aside.DIRECTORY)
    return meta

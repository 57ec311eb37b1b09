"""Makes de-identified working copies of CT objects (PS3.15 Annex E, basic profile, by an allow-list).

A head CT shows the face, and from the face a person may be known: such a copy is not anonymous. Objects with text
burned into the picture are refused, since nothing here can find it.
"""

import hashlib
import hmac
import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import generate_frames
from pydicom.multival import MultiValue
from pydicom.pixels.decoders.base import get_decoder
from pydicom.sequence import Sequence
from pydicom.sr.codedict import codes
from pydicom.uid import UID, ExplicitVRLittleEndian

from app.interop.dicom_in.deidentified_elements import (
    DATES,
    EMPTY,
    IMAGE_TYPES,
    KEPT,
    SEQUENCES,
    UIDS,
    VOCABULARY,
    WORDS,
)
from app.interop.dicom_out.identity import IMPLEMENTATION_UID
from imaging.codestreams import check_codestream
from imaging.dicom_series import CT_CLASSES
from imaging.hostile_bytes import parsing_foreign_bytes
from imaging.read_limits import ReadLimits, check_grid_size

METHOD = "Allow-list of elements, keyed UIDs, moved dates; face kept"
"""At most 64 characters (VR LO)."""
_MOST_DAYS = 3650
_NUMBERED_KERNEL = re.compile(r"[BHIJQUTDF][rfpv]?[0-9]{2}[a-z]?|FC[0-9]{2}", re.ASCII)
"""Kernel names of Siemens (H30s, Hr40f) and Canon (FC21)."""
_BYTES_A_PIXEL = 2
_NUMERIC_VRS = {"DS", "IS", "US", "SS", "UL", "SL", "FD", "FL"}


class NotDeidentifiable(Exception):
    """The object cannot be copied without its identity; the message says why, with nothing of the object."""


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Replacements that only the holder of the key can make again."""

    key: bytes

    def uid(self, original: str) -> UID:
        """A UID below 2.25 (PS3.5 B.2); the same for the same original."""
        return UID(f"2.25.{int.from_bytes(self._digest('uid', original)[:16], 'big')}")

    def patient(self, original: str) -> str:
        """A name for a patient."""
        return self._digest("patient", original).hex()[:16].upper()

    def days(self, patient: str) -> int:
        """By how many days the dates of a patient are moved back; at least one."""
        return 1 + int.from_bytes(self._digest("days", patient)[:8], "big") % _MOST_DAYS

    def _digest(self, what: str, original: str) -> bytes:
        return hmac.digest(self.key, f"{what}\0{original}".encode(), hashlib.sha256)


def deidentify(original: Dataset, pseudonyms: Pseudonyms) -> Dataset:
    """Return the working copy of a CT object, uncompressed; the original stays as it is.

    Raises
    ------
    ScanRefused
        Its pixels cannot be decoded, or there are too many.
    NotDeidentifiable
        It is no CT image, is a secondary picture, or says that text is burned into it.
    """
    _check(original)
    patient = str(original.get("PatientID") or "")
    copy = _copied(original, pseudonyms, pseudonyms.days(patient))
    copy.SOPClassUID = original.SOPClassUID
    for keyword in EMPTY:
        setattr(copy, keyword, "")
    copy.PatientName = copy.PatientID = pseudonyms.patient(patient)
    copy.PatientIdentityRemoved = "YES"
    copy.DeidentificationMethod = METHOD
    copy.DeidentificationMethodCodeSequence = Sequence(
        [_code(codes.DCM.BasicApplicationConfidentialityProfile), _code(_MOVED_DATES)]
    )
    copy.BurnedInAnnotation = "NO"
    copy.LongitudinalTemporalInformationModified = "MODIFIED"
    _add_pixels(copy, original)
    meta = FileMetaDataset()
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.MediaStorageSOPClassUID = copy.SOPClassUID
    meta.MediaStorageSOPInstanceUID = copy.SOPInstanceUID
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    copy.file_meta = meta
    copy.preamble = bytes(128)
    return copy


def _add_pixels(copy: Dataset, original: Dataset) -> None:
    """Add the plain stored numbers and not a byte more.

    Code streams have room for comments, and bytes after the last pixel are shown by nobody.
    """
    syntax = original.file_meta.TransferSyntaxUID
    rows, columns, frames = int(original.Rows), int(original.Columns), int(original.get("NumberOfFrames") or 1)
    with parsing_foreign_bytes("The pixels cannot be decoded."):
        check_grid_size(columns, rows, frames, ReadLimits())
        if syntax.is_compressed:
            for frame in generate_frames(original.PixelData, number_of_frames=frames):
                check_codestream(frame, syntax, rows, columns)
        decoder = get_decoder(syntax)
        pixels, _ = decoder.as_array(original, raw=True)
    if pixels.dtype.itemsize != _BYTES_A_PIXEL or pixels.size != rows * columns * frames:
        raise NotDeidentifiable("Its pixels do not fill its stated size.")
    content = pixels.astype(pixels.dtype.newbyteorder("<")).tobytes()
    copy["PixelData"] = DataElement(0x7FE00010, "OW", content)


_MOVED_DATES = codes.DCM.RetainLongitudinalTemporalInformationModifiedDatesOption


def _check(original: Dataset) -> None:
    if original.get("SOPClassUID") not in CT_CLASSES:
        raise NotDeidentifiable("It is no CT image: pictures and reports may show names.")
    if str(original.get("BurnedInAnnotation", "")).upper() == "YES":
        raise NotDeidentifiable("It says that text is burned into the picture.")
    kinds = {str(kind).upper() for kind in original.get("ImageType") or ()}
    if kinds & {"SECONDARY", "SCREEN SAVE", "PATIENT_INFO", "DOSE_INFO", "RESULTS"}:
        raise NotDeidentifiable("It is a secondary picture, which may show names.")
    if "PixelData" not in original or any(keyword not in original for keyword in UIDS - {"FrameOfReferenceUID"}):
        raise NotDeidentifiable("It lacks its pixels or its identifiers.")


def _copied(original: Dataset, pseudonyms: Pseudonyms, days: int) -> Dataset:
    copy = Dataset()
    for element in original:
        keyword = element.keyword
        if element.tag.is_private or not keyword:
            continue
        if keyword in SEQUENCES and element.VR == "SQ":
            setattr(copy, keyword, Sequence([_copied(item, pseudonyms, days) for item in element.value]))
        elif keyword in UIDS and element.value:
            setattr(copy, keyword, pseudonyms.uid(str(element.value)))
        elif keyword in DATES:
            setattr(copy, keyword, _moved(str(element.value), days))
        elif keyword in WORDS or keyword in KEPT:
            value = _kept(keyword, element.VR, element.value)
            if value is not None:
                setattr(copy, keyword, value)
    return copy


def _moved(date: str, days: int) -> str:
    try:
        return (datetime.strptime(date, "%Y%m%d") - timedelta(days=days)).strftime("%Y%m%d")  # noqa: DTZ007 -- a day
    except (ValueError, OverflowError):
        return ""


def _kept(keyword: str, vr: str, value: Any) -> Any:
    """Numbers and words of the vocabulary as they are, other words as none or OTHER; ``None``: leave it out."""
    values = list(value) if isinstance(value, (MultiValue, list, tuple)) else [value]
    if vr in _NUMERIC_VRS:
        return value if all(one is None or one == "" or _is_number(one) for one in values) else None
    words = [str(one).strip() for one in values if one is not None]
    if keyword in {"ImageType", "FrameType"}:
        return [word if word.upper() in IMAGE_TYPES else "OTHER" for word in words]
    if keyword == "ContrastBolusAgent":
        return "CONTRAST" if any(words) else ""
    if keyword == "ConvolutionKernel":
        return [word if _is_kernel(word) else "" for word in words]
    other = "" if keyword in WORDS else "OTHER"
    return [word if word in VOCABULARY.get(keyword, ()) or not word else other for word in words]


def _is_kernel(word: str) -> bool:
    return word in VOCABULARY["ConvolutionKernel"] or _NUMBERED_KERNEL.fullmatch(word) is not None


def _is_number(value: object) -> bool:
    try:
        float(str(value))
    except ValueError:
        return False
    return True


def _code(concept: object) -> Dataset:
    item = Dataset()
    item.CodeValue = getattr(concept, "value", "")
    item.CodingSchemeDesignator = getattr(concept, "scheme_designator", "")
    item.CodeMeaning = getattr(concept, "meaning", "")
    return item

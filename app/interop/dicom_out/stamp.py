"""Marks an object as a result of this software in the patient's own study: who, when, which series, which patient."""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

from pydicom import config
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.tag import Tag
from pydicom.uid import ExplicitVRLittleEndian
from pydicom.valuerep import validate_value

from app.interop.dicom_out import codes
from app.interop.dicom_out.identity import (
    IMPLEMENTATION_NAME,
    IMPLEMENTATION_UID,
    MANUFACTURER,
    MODEL,
    SERIAL_NUMBER,
    VERSION,
    Identity,
    Kind,
)

UTF_8 = "ISO_IR 192"
_REQUIRED = (
    "PatientName", "PatientID", "PatientBirthDate", "PatientSex", "StudyInstanceUID", "StudyDate", "StudyTime",
    "ReferringPhysicianName", "StudyID", "AccessionNumber",
)  # fmt: skip
"""Patient and General Study modules (PS3.3 C.7.1.1, C.7.2.1), type 1 and 2: empty if the source says nothing."""
_COPIED = (
    "IssuerOfPatientID", "PatientAge", "PatientSize", "PatientWeight", "PatientIdentityRemoved",
    "DeidentificationMethod", "StudyDescription", "TimezoneOffsetFromUTC",
)  # fmt: skip
_AS_THEY_STAND = {"PatientName", "PatientID", "IssuerOfPatientID", "StudyInstanceUID", "AccessionNumber", "StudyID"}
"""What archives sort by: copied even if it breaks DICOM's rules, so that results lie with the images."""
_SEXES = {"M", "F", "O"}
_METHOD_NOT_STATED = "not stated by the source images"
_OFFSET = re.compile(r"([+-])(\d\d)(\d\d)")


@dataclass(frozen=True, slots=True)
class Making:
    """The circumstances of one set of objects."""

    identity: Identity
    header: Dataset
    """Of the source: patient and study."""
    made_at: datetime
    """With its zone."""
    zone: tzinfo = UTC
    """The site's zone, for sources that do not state theirs."""
    instance_number: int = 1

    @property
    def local(self) -> datetime:
        """The moment of making on the clock that the source's own times are read from."""
        return self.made_at.astimezone(source_offset(self.header) or self.zone)


def source_offset(header: Dataset) -> timezone | None:
    """The zone that the source states (Timezone Offset From UTC), ``None``: it states none that can be read."""
    found = _OFFSET.fullmatch(str(header.get("TimezoneOffsetFromUTC") or "").strip())
    if found is None:
        return None
    shift = timedelta(hours=int(found[2]), minutes=int(found[3]))
    return timezone(-shift if found[1] == "-" else shift) if shift < timedelta(hours=24) else None


def dicom_datetime(moment: datetime) -> str:
    """A DICOM DT with its zone: 20260314093500+0000."""
    return moment.strftime("%Y%m%d%H%M%S%z")


def stamp(document: Dataset, making: Making, kind: Kind) -> Dataset:
    """Fill what all objects share; returns the same object, ready to be written."""
    document.SpecificCharacterSet = UTF_8
    _copy_patient_and_study(making.header, document)
    identity = making.identity
    document.SOPInstanceUID = identity.instance(kind)
    document.SeriesInstanceUID = identity.series(kind)
    document.SeriesNumber, document.SeriesDescription = kind.series_number, kind.description
    document.InstanceNumber = making.instance_number
    document.Manufacturer, document.ManufacturerModelName = MANUFACTURER, MODEL
    document.DeviceSerialNumber, document.SoftwareVersions = SERIAL_NUMBER, VERSION
    document.InstanceCreationDate = document.ContentDate = f"{making.local:%Y%m%d}"
    document.InstanceCreationTime = document.ContentTime = f"{making.local:%H%M%S}"
    if "DateOfSecondaryCapture" in document:
        document.DateOfSecondaryCapture, document.TimeOfSecondaryCapture = document.ContentDate, document.ContentTime
    for equipment in document.get("ContributingEquipmentSequence", []):
        equipment.ContributionDateTime = dicom_datetime(making.local)
    document.CodingSchemeIdentificationSequence = [codes.scheme_identification(VERSION)]
    _describe_file(document)
    return document


@contextmanager
def odd_values() -> Iterator[None]:
    """Build without warnings about values that come from the source: they would be quoted, and may be patient data."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _copy_patient_and_study(source: Dataset, document: Dataset) -> None:
    for keyword in (*_REQUIRED, *_COPIED):
        tag = Tag(keyword)
        value = _value(source, keyword)
        if value is not None:
            document[tag] = DataElement(tag, dictionary_VR(tag), value, validation_mode=config.IGNORE)
        elif keyword in _REQUIRED:
            setattr(document, keyword, "")
        elif keyword in document:
            del document[tag]
    if document.get("PatientIdentityRemoved") == "YES" and "DeidentificationMethod" not in document:
        document.DeidentificationMethod = _METHOD_NOT_STATED  # type 1C beside the above (PS3.3 C.7.1.1)


def _value(source: Dataset, keyword: str) -> Any:
    """The source's value; ``None`` for an absent one, and for an invalid one that nothing is found by."""
    if keyword not in source or source[keyword].is_empty:
        return None
    element = source[keyword]
    value = str(element.value) if element.VR == "PN" else element.value
    if keyword in _AS_THEY_STAND:
        return value
    if keyword == "PatientSex" and value not in _SEXES:
        return None
    try:
        validate_value(dictionary_VR(Tag(keyword)), value, config.RAISE)
    except (ValueError, TypeError):
        return None
    return value if keyword not in {"PatientSize", "PatientWeight"} or float(value) > 0 else None


def _describe_file(document: Dataset) -> None:
    """File meta information (PS3.10 7.1)."""
    known = getattr(document, "file_meta", None)
    syntax = ExplicitVRLittleEndian if known is None else known.TransferSyntaxUID
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = document.SOPClassUID
    meta.MediaStorageSOPInstanceUID = document.SOPInstanceUID
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION_UID
    meta.ImplementationVersionName = IMPLEMENTATION_NAME
    document.file_meta = meta

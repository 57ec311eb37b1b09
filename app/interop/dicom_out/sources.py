"""Finds, among a scan's own files, the images that were read, and the patient and study that they belong to."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pydicom
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from app.interop.dicom_out.faults import SourcesUnusable
from app.interop.dicom_out.identity import MANUFACTURER
from imaging.dicom_headers import SliceHeader
from imaging.dicom_parsing import read_slice_headers
from imaging.dicom_series import is_slice
from imaging.element_budget import with_element_budget
from imaging.file_content import FileContent
from imaging.hostile_bytes import parsing_foreign_bytes
from imaging.read_limits import ReadLimits
from imaging.refusals import ScanRefused
from imaging.scan_file import dicom_files
from imaging.volume import CtVolume

SAME_PLACE_MM = 0.05
_RAS_OF_LPS = np.array([-1.0, -1.0, 1.0])


@dataclass(frozen=True, eq=False)
class Slices:
    """Which object each slice of a volume came from, and where it lies: enough to find them again without pixels."""

    sop_uids: tuple[str, ...]
    origins_mm: NDArray[np.float64]
    """RAS position of the first voxel, one row a slice."""

    @classmethod
    def of(cls, volume: CtVolume) -> "Slices":
        """Those of a volume that was read from DICOM."""
        return cls(tuple(volume.acquisition.sop_uids), np.asarray(volume.slice_origins_mm, dtype=np.float64))


@dataclass(frozen=True, eq=False)
class SourceFrame:
    """One slice that was read: its object and, in a multi-frame object, its frame, counted from 1."""

    instance: Dataset
    """Header without patient and pixels, as far as references and geometry need it."""
    number: int | None


@dataclass(frozen=True, eq=False)
class Sources:
    """The images that a reading rests on."""

    header: Dataset
    """The first object's header without pixels: what the results say of patient and study is copied from here."""
    frames: tuple[SourceFrame, ...]
    """In the slice order of the volume (one for each k); in the order of the files for a refused scan."""

    @property
    def instances(self) -> list[Dataset]:
        """Each object once."""
        return list({str(frame.instance.SOPInstanceUID): frame.instance for frame in self.frames}.values())

    @property
    def study_uid(self) -> str:
        return str(self.frames[0].instance.StudyInstanceUID)

    @property
    def series_uid(self) -> str:
        return str(self.frames[0].instance.SeriesInstanceUID)

    @property
    def sop_uids(self) -> list[str]:
        return [str(instance.SOPInstanceUID) for instance in self.instances]


def read_sources(path: Path, volume: CtVolume | Slices | None, series_uid: str | None) -> Sources:
    """Find the images of a scan in its files.

    Parameters
    ----------
    path
        The scan, as it was given to the reader.
    volume
        The volume that was read, or what was kept of it; ``None`` for a refused scan.
    series_uid
        The series that was read, if the reader got as far.

    Raises
    ------
    SourcesUnusable
        The scan is no DICOM, or its objects do not name one patient, study and series.
    FileNotFoundError
        If nothing lies at ``path``.
    """
    try:
        headers = _headers(dicom_files(path))
        slices = Slices.of(volume) if isinstance(volume, CtVolume) else volume
        chosen = _refused_series(headers, series_uid) if slices is None else _slices_of(slices, headers)
        _check_identified(chosen)
        full: dict[str, Dataset] = {}
        frames = [SourceFrame(_instance(one, full), one.frame + 1 if one.file.frames > 1 else None) for one in chosen]
        return Sources(_whole_header(chosen[0]), tuple(frames))
    except ScanRefused as refused:
        raise SourcesUnusable(f"{refused.text} {refused.remedy}") from None


def _headers(files: Iterable[FileContent]) -> list[SliceHeader]:
    """The headers of whatever can be parsed; the reader has already said what it thinks of the rest."""
    headers: list[SliceHeader] = []
    for content in files:
        try:
            headers += read_slice_headers(content, ReadLimits())
        except ScanRefused:
            continue
    if not headers:
        raise SourcesUnusable("The scan is no DICOM, so there is no study to put results into. Send DICOM files.")
    return headers


def _slices_of(slices: Slices, headers: Sequence[SliceHeader]) -> list[SliceHeader]:
    """The slices of the volume in its order, each found by its object and its place."""
    named: dict[str, list[SliceHeader]] = {}
    for one in headers:
        named.setdefault(one.file.sop_uid or "", []).append(one)
    found = []
    for uid, origin in zip(slices.sop_uids, slices.origins_mm, strict=True):
        here = [
            one
            for one in named.get(uid, [])
            if one.position_mm and float(np.abs(one.position_mm * _RAS_OF_LPS - origin).max()) < SAME_PLACE_MM
        ]
        if not here:
            raise SourcesUnusable("The files are not those that were read. Give the same scan that was read.")
        found.append(here[0])
    return found


def _refused_series(headers: Sequence[SliceHeader], series_uid: str | None) -> list[SliceHeader]:
    """The series that a refusal is about: the one that was read so far, or the one with most CT slices."""
    patients = {one.file.patient_id for one in headers} - {None}
    if len(patients) > 1:
        raise SourcesUnusable("The files belong to more than one patient, so no result can be filed for any of them.")
    by_series: dict[str, list[SliceHeader]] = {}
    for one in headers:
        is_ours = one.file.manufacturer == MANUFACTURER and one.file.modality != "CT"
        if one.file.sop_uid and one.file.series_uid and not is_ours:
            by_series.setdefault(one.file.series_uid, []).append(one)
    if series_uid in by_series:
        return by_series[series_uid]
    if not by_series:
        raise SourcesUnusable("The files are no images that name their series, so no result can point to them.")
    return max(by_series.values(), key=lambda series: (sum(map(is_slice, series)), len(series)))


def _check_identified(slices: Sequence[SliceHeader]) -> None:
    studies = {one.file.study_uid for one in slices}
    named = [(one.file.sop_uid, one.file.series_uid, one.file.study_uid) for one in slices]
    are_valid = all(uid and UID(uid).is_valid for uids in named for uid in uids)
    if (
        len(studies) > 1
        or not are_valid
        or not all(UID(one.file.sop_class or "").type == "SOP Class" for one in slices)
    ):
        raise SourcesUnusable("The files do not name their study, series and class, so no result can point to them.")


def _instance(one: SliceHeader, full: dict[str, Dataset]) -> Dataset:
    if one.file.frames > 1:
        uid = str(one.file.sop_uid)
        if uid not in full:
            full[uid] = _without_patient(_whole_header(one))
        return full[uid]
    instance = _without_patient(Dataset())
    instance.SOPClassUID, instance.SOPInstanceUID = one.file.sop_class, one.file.sop_uid
    instance.StudyInstanceUID, instance.SeriesInstanceUID = one.file.study_uid, one.file.series_uid
    instance.Modality = one.file.modality or "OT"
    instance.ImageType = list(one.image_type)
    instance.Rows, instance.Columns = one.file.rows, one.file.columns
    if one.file.frame_of_reference_uid:
        instance.FrameOfReferenceUID = one.file.frame_of_reference_uid
    if one.position_mm and one.orientation and one.pixel_spacing_mm:
        instance.ImagePositionPatient = list(one.position_mm)
        instance.ImageOrientationPatient = list(one.orientation)
        instance.PixelSpacing = list(one.pixel_spacing_mm)
        instance.SliceThickness = one.slice_thickness_mm
    return instance


def _without_patient(instance: Dataset) -> Dataset:
    """Empty what builders want to see and `stamp.stamp` fills from the source as it stands."""
    for keyword in ("PatientID", "PatientName", "PatientBirthDate", "PatientSex", "AccessionNumber", "StudyID"):
        setattr(instance, keyword, "")
    for keyword in ("StudyDate", "StudyTime", "ReferringPhysicianName"):
        setattr(instance, keyword, "")
    return instance


def _whole_header(one: SliceHeader) -> Dataset:
    """All of an object but its pixels, texts decoded."""
    with parsing_foreign_bytes("A DICOM file is damaged: its header cannot be read."), one.file.content.open() as file:
        header = pydicom.dcmread(with_element_budget(file, most_bytes=None), stop_before_pixels=True, force=True)
        header.remove_private_tags()
        header.decode()
        return Dataset(header)  # apart from the file, which is closed

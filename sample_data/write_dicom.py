"""Writes a scan as a DICOM CT series in a zip, with identifiers that follow from its content alone."""

import hashlib
import io
import uuid
import zipfile

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.filewriter import dcmwrite
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian
from scanner import PADDING_HU, Protocol, Scan

SAMPLES = uuid.uuid5(uuid.NAMESPACE_OID, "aspects-triage synthetic samples")
INTERCEPT_HU = -1024
STUDY_DATE, STUDY_TIME = "20260314", "093500"
FIRST_DAY_OF_ZIP = (1980, 1, 1, 0, 0, 0)


def dicom_zip(image: Scan, protocol: Protocol) -> bytes:
    """One file a slice in a zip; same scan, same bytes."""
    packed = io.BytesIO()
    content = hashlib.sha256(image.hu.tobytes()).hexdigest()
    with zipfile.ZipFile(packed, "w") as archive:
        for k in range(image.hu.shape[2]):
            entry = zipfile.ZipInfo(f"head_ct_left_mca/CT{k + 1:04d}.dcm", FIRST_DAY_OF_ZIP)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, _file(_slice(image, protocol, k, content)), compresslevel=9)
    return packed.getvalue()


def _uid(*parts: object) -> str:
    """A UID under 2.25, the root that needs no registration."""
    return f"2.25.{uuid.uuid5(SAMPLES, ' '.join(map(str, parts))).int}"


def _slice(image: Scan, protocol: Protocol, k: int, content: str) -> Dataset:
    """The CT image of one slice; patient positions turn from RAS+ to DICOM's LPS+ here."""
    slice_ = _series(protocol, content)
    to_lps = np.array([-1.0, -1.0, 1.0])
    position = (image.origin_mm + k * image.step_k_mm) * to_lps
    axes = [step / np.linalg.norm(step) * to_lps for step in (image.step_i_mm, image.step_j_mm)]
    slice_.SOPClassUID = CTImageStorage
    slice_.SOPInstanceUID = _uid(content, "slice", k)
    slice_.InstanceNumber = k + 1
    slice_.ImagePositionPatient = [f"{value:.4f}" for value in position]
    slice_.ImageOrientationPatient = [f"{value:.8f}" for value in np.concatenate(axes) + 0.0]
    slice_.SliceLocation = f"{position[2]:.4f}"
    slice_.PixelSpacing = [f"{protocol.pixel_mm:.4f}"] * 2
    slice_.SliceThickness = f"{protocol.thickness_mm:.1f}"
    pixels = image.hu[:, :, k].T.astype(np.int32) - INTERCEPT_HU
    slice_.Rows, slice_.Columns = pixels.shape
    slice_.PixelData = pixels.astype("<u2").tobytes()
    return slice_


def _series(protocol: Protocol, content: str) -> Dataset:
    """What all slices share."""
    series = Dataset()
    series.SpecificCharacterSet = "ISO_IR 192"
    series.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    series.Modality, series.BodyPartExamined, series.PatientPosition = "CT", "HEAD", "HFS"
    series.PatientName, series.PatientID = "SYNTHETIC^HEAD", "SYNTHETIC"
    series.PatientBirthDate = series.PatientSex = ""
    series.PatientIdentityRemoved, series.DeidentificationMethod = "YES", "computed from an atlas; there is no patient"
    series.StudyInstanceUID, series.SeriesInstanceUID = _uid(content, "study"), _uid(content, "series")
    series.FrameOfReferenceUID, series.PositionReferenceIndicator = _uid(content, "frame"), ""
    for moment in ("Study", "Series", "Acquisition", "Content"):
        setattr(series, f"{moment}Date", STUDY_DATE)
        setattr(series, f"{moment}Time", STUDY_TIME)
    series.TimezoneOffsetFromUTC = "+0000"
    series.StudyID, series.SeriesNumber, series.AcquisitionNumber = "1", 2, 1
    series.AccessionNumber = series.ReferringPhysicianName = ""
    series.StudyDescription, series.SeriesDescription = "CT HEAD", "SYNTHETIC HEAD 5 MM"
    series.Manufacturer, series.ManufacturerModelName = "ASPECTS triage", "sample_data/make_scans.py"
    series.KVP, series.ConvolutionKernel = "120", "SOFT"
    series.GantryDetectorTilt = f"{protocol.gantry_tilt_degrees:.1f}"
    series.SamplesPerPixel, series.PhotometricInterpretation = 1, "MONOCHROME2"
    series.BitsAllocated, series.BitsStored, series.HighBit, series.PixelRepresentation = 16, 12, 11, 0
    series.PixelPaddingValue = PADDING_HU - INTERCEPT_HU
    series.RescaleIntercept, series.RescaleSlope, series.RescaleType = str(INTERCEPT_HU), "1", "HU"
    series.WindowCenter, series.WindowWidth = "35", "80"
    series.BurnedInAnnotation, series.LossyImageCompression = "NO", "00"
    return series


def _file(slice_: Dataset) -> bytes:
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = slice_.SOPClassUID, slice_.SOPInstanceUID
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    slice_.file_meta = meta
    buffer = io.BytesIO()
    dcmwrite(buffer, slice_, enforce_file_format=True)
    return buffer.getvalue()

"""Fills the slice headers from a DICOM file, single-frame or multi-frame; pixels stay unread."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

import pydicom
from pydicom.dataset import Dataset
from pydicom.filereader import read_dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    EnhancedCTImageStorage,
    ImplicitVRLittleEndian,
    LegacyConvertedEnhancedCTImageStorage,
)

from imaging.dicom_headers import ObjectHeader, SliceHeader
from imaging.dicom_values import acquired_at, first_item, number, numbers, padding_range, text, texts, whole
from imaging.element_budget import SKIPPED_FROM_BYTES, with_element_budget
from imaging.file_content import FileContent
from imaging.hostile_bytes import corrupt_file, parsing_foreign_bytes
from imaging.read_limits import ReadLimits, refuse_too_large

# pydicom's warnings about odd values quote the values, which may be patient data; the readers judge values themselves.
pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE

MULTI_FRAME_CT = {EnhancedCTImageStorage, LegacyConvertedEnhancedCTImageStorage}

_PREAMBLE_BYTES = 128
_META_START = _PREAMBLE_BYTES + 4
_META_GROUP = 2
_FRAME_GROUPS = (
    "CTImageFrameTypeSequence",
    "CTReconstructionSequence",
    "PixelMeasuresSequence",
    "PixelValueTransformationSequence",
    "PlaneOrientationSequence",
    "PlanePositionSequence",
)


def read_slice_headers(content: FileContent, limits: ReadLimits) -> list[SliceHeader]:
    """Return one header for each frame of a file; one without image type or size for what is no CT image.

    Raises
    ------
    ScanRefused
        ``CORRUPT_FILE`` if the header cannot be parsed, ``TOO_LARGE`` if it claims too many frames.
    """
    with parsing_foreign_bytes("A DICOM file is damaged: its header cannot be read."), content.open() as stream:
        syntax, sop_class = _file_meta(with_element_budget(stream))
        if syntax == DeflatedExplicitVRLittleEndian:
            # All that follows is one deflate stream, which may unpack without end: it is refused unread.
            return [SliceHeader(ObjectHeader(content, syntax, sop_class))]
        stream.seek(0)
        dataset = pydicom.dcmread(
            with_element_budget(stream),
            defer_size=SKIPPED_FROM_BYTES,
            stop_before_pixels=True,
            force=True,
        )
        header = _object_header(dataset, content, syntax)
        if header.frames > limits.max_slices:
            refuse_too_large(f"A file claims more than {limits.max_slices} slices.")
        if header.sop_class in MULTI_FRAME_CT:
            return list(_frames(dataset, header))
        return [_single(dataset, header)]


def _file_meta(stream: BinaryIO) -> tuple[str, str | None]:
    """Return transfer syntax and SOP class from the file meta group alone, which is never compressed."""
    head = stream.read(_META_START)
    stream.seek(_META_START if head.endswith(b"DICM") else 0)
    meta = read_dataset(
        stream,
        is_implicit_VR=False,
        is_little_endian=True,
        stop_when=lambda tag, _vr, _length: tag.group != _META_GROUP,
    )
    return str(meta.get("TransferSyntaxUID") or ImplicitVRLittleEndian), text(meta, "MediaStorageSOPClassUID")


def _object_header(dataset: Dataset, content: FileContent, syntax: str) -> ObjectHeader:
    samples, photometric = dataset.get("SamplesPerPixel"), dataset.get("PhotometricInterpretation")
    return ObjectHeader(
        content=content,
        transfer_syntax=syntax,
        sop_class=text(dataset, "SOPClassUID"),
        sop_uid=text(dataset, "SOPInstanceUID"),
        series_uid=text(dataset, "SeriesInstanceUID"),
        study_uid=text(dataset, "StudyInstanceUID"),
        patient_id=text(dataset, "PatientID"),
        modality=text(dataset, "Modality"),
        is_grey_scale=samples == 1 and photometric == "MONOCHROME2",
        rows=int(dataset.get("Rows") or 0),
        columns=int(dataset.get("Columns") or 0),
        frames=int(dataset.get("NumberOfFrames") or 1),
        frame_of_reference_uid=text(dataset, "FrameOfReferenceUID"),
        instance_number=whole(dataset, "InstanceNumber"),
        acquisition_number=whole(dataset, "AcquisitionNumber"),
        manufacturer=text(dataset, "Manufacturer"),
        tube_voltage_kv=number(dataset, "KVP"),
        contrast_agent=text(dataset, "ContrastBolusAgent"),
        acquired_at=acquired_at(dataset),
        is_lossy=text(dataset, "LossyImageCompression") == "01",
        padding=padding_range(dataset),
    )


def _single(dataset: Dataset, header: ObjectHeader) -> SliceHeader:
    return SliceHeader(
        file=header,
        image_type=texts(dataset, "ImageType"),
        position_mm=numbers(dataset, "ImagePositionPatient", 3),
        orientation=numbers(dataset, "ImageOrientationPatient", 6),
        pixel_spacing_mm=numbers(dataset, "PixelSpacing", 2),
        slope=number(dataset, "RescaleSlope"),
        intercept=number(dataset, "RescaleIntercept"),
        rescale_type=text(dataset, "RescaleType"),
        slice_thickness_mm=number(dataset, "SliceThickness"),
        kernel=text(dataset, "ConvolutionKernel"),
    )


def _frames(dataset: Dataset, header: ObjectHeader) -> Iterator[SliceHeader]:
    """Yield a header for each frame; a functional group stands with the frame or, if it is the same for all, shared."""
    shared = first_item(dataset, "SharedFunctionalGroupsSequence")
    per_frame = list(dataset.get("PerFrameFunctionalGroupsSequence") or [])
    if len(per_frame) != header.frames:
        raise corrupt_file("A multi-frame DICOM file is damaged: it does not describe each of its frames.")
    voltage = number(first_item(shared, "CTXRayDetailsSequence"), "KVP")
    header = replace(header, tube_voltage_kv=header.tube_voltage_kv or voltage)
    for frame, own in enumerate(per_frame):
        groups = {name: first_item(own if own.get(name) else shared, name) for name in _FRAME_GROUPS}
        measures, transformation = groups["PixelMeasuresSequence"], groups["PixelValueTransformationSequence"]
        yield SliceHeader(
            file=header,
            frame=frame,
            image_type=texts(groups["CTImageFrameTypeSequence"], "FrameType") or texts(dataset, "ImageType"),
            position_mm=numbers(groups["PlanePositionSequence"], "ImagePositionPatient", 3),
            orientation=numbers(groups["PlaneOrientationSequence"], "ImageOrientationPatient", 6),
            pixel_spacing_mm=numbers(measures, "PixelSpacing", 2),
            slope=number(transformation, "RescaleSlope"),
            intercept=number(transformation, "RescaleIntercept"),
            rescale_type=text(transformation, "RescaleType"),
            slice_thickness_mm=number(measures, "SliceThickness"),
            kernel=text(groups["CTReconstructionSequence"], "ConvolutionKernel"),
        )

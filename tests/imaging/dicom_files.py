"""Writes synthetic CT series as DICOM files, with one fault at a time.

Every pixel's density is a linear function of where it lies in the patient (:func:`density_at`), so that a test can ask
of each voxel that was read: do you lie where your density says?
"""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

SIZE = 48
PIXEL_MM = 4.5
ANTERIOR_POSTERIOR_ROWS = 56
"""Rows, more than columns, so that swapped axes cannot go unnoticed."""

_HU_PER_MM = np.array([1.0, -0.5, 2.0])


def density_at(ras_mm: NDArray[np.float64]) -> NDArray[np.float64]:
    """HU of the phantom at RAS+ positions, shape (..., 3)."""
    return 40.0 + ras_mm @ _HU_PER_MM


def slice_dataset(
    height_mm: float, tilt_degrees: float = 0.0, *, number: int = 1, uids: tuple[str, str] | None = None
) -> Dataset:
    """One CT slice whose corner lies at ``height_mm`` above the origin, with the gantry tilted about the x axis."""
    tilt = np.radians(tilt_degrees)
    row, column = np.array([1.0, 0, 0]), np.array([0, np.cos(tilt), -np.sin(tilt)])
    corner = np.array([-PIXEL_MM * SIZE / 2, -PIXEL_MM * ANTERIOR_POSTERIOR_ROWS / 2, height_mm])
    j, i = np.mgrid[:ANTERIOR_POSTERIOR_ROWS, :SIZE]
    lps = corner + PIXEL_MM * (i[..., None] * row + j[..., None] * column)
    study, series = uids or ("1.2.826.0.1.3680043.8.498.1", "1.2.826.0.1.3680043.8.498.2")

    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = generate_uid()
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = study, series
    dataset.FrameOfReferenceUID = f"{study}.9"
    dataset.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    dataset.Modality = "CT"
    dataset.Manufacturer = "Phantom Works"
    dataset.PatientID, dataset.PatientName = "phantom", "Phantom^Linear"
    dataset.PatientBirthDate, dataset.PatientSex, dataset.StudyID = "", "O", "1"
    dataset.AccessionNumber, dataset.ReferringPhysicianName, dataset.PositionReferenceIndicator = "", "", ""
    dataset.SeriesNumber, dataset.InstanceNumber, dataset.AcquisitionNumber = 2, number, 1
    dataset.StudyDate = dataset.SeriesDate = dataset.AcquisitionDate = dataset.ContentDate = "20260131"
    dataset.StudyTime = dataset.SeriesTime = dataset.AcquisitionTime = dataset.ContentTime = "101500.25"
    dataset.TimezoneOffsetFromUTC = "+0100"
    dataset.SliceThickness, dataset.KVP, dataset.ConvolutionKernel = 5.0, 120, "H30s"
    dataset.ImagePositionPatient = [round(float(value), 6) for value in corner]
    dataset.ImageOrientationPatient = [round(float(value), 9) for value in (*row, *column)]
    dataset.PixelSpacing = [PIXEL_MM, PIXEL_MM]
    dataset.RescaleSlope, dataset.RescaleIntercept, dataset.RescaleType = 1, -1024, "HU"
    set_density(dataset, density_at(lps * [-1, -1, 1]))
    return dataset


def set_density(dataset: Dataset, hu: NDArray[np.float64], *, signed: bool = False) -> None:
    """Store densities, shape (rows, columns), by the slice's own rescale slope and intercept."""
    stored = np.rint((hu - float(dataset.RescaleIntercept)) / float(dataset.RescaleSlope))
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.Rows, dataset.Columns = stored.shape
    dataset.BitsAllocated, dataset.BitsStored, dataset.HighBit = 16, 16, 15
    dataset.PixelRepresentation = int(signed)
    dataset["PixelData"] = pixel_element(stored.astype("<i2" if signed else "<u2").tobytes())


def pixel_element(data: bytes) -> object:
    """The pixel data element of a 16-bit image."""
    from pydicom.dataelem import DataElement  # noqa: PLC0415 - beside its only use

    return DataElement(0x7FE00010, "OW", data)


def series(
    heights_mm: Sequence[float] = tuple(range(0, 60, 5)), tilt_degrees: float = 0.0, **changes: object
) -> list[Dataset]:
    """A series with one slice at each height; ``changes`` set attributes on all of them."""
    slices = [slice_dataset(height, tilt_degrees, number=n) for n, height in enumerate(heights_mm, start=1)]
    for one in slices:
        for keyword, value in changes.items():
            setattr(one, keyword, value)
    return slices


def changed(slices: list[Dataset], change: Callable[[int, Dataset], None]) -> list[Dataset]:
    """The same slices after ``change(k, slice)`` of each."""
    for k, one in enumerate(slices):
        change(k, one)
    return slices


def write(folder: Path, slices: Iterable[Dataset], prefix: str = "") -> Path:
    """Write slices under names that run against their order; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    slices = list(slices)
    for n, one in enumerate(slices):
        one.save_as(folder / f"{prefix}{len(slices) - n:04d}", enforce_file_format=True)
    return folder

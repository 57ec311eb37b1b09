"""What a DICOM file says of each CT slice in it, in plain types; ``dicom_parsing`` fills them from a file.

Attribute names follow DICOM PS3.3 (CT Image module C.8.2.1, Enhanced CT C.8.15, functional groups C.7.6.16).
"""

from dataclasses import dataclass

from imaging.file_content import FileContent


@dataclass(frozen=True, slots=True)
class ObjectHeader:
    """What one DICOM object says of all its frames. ``None``: it does not say."""

    content: FileContent
    transfer_syntax: str
    sop_class: str | None
    sop_uid: str | None = None
    series_uid: str | None = None
    study_uid: str | None = None
    patient_id: str | None = None
    """Compared between objects and never shown."""
    modality: str | None = None
    is_grey_scale: bool = False
    """One sample a pixel, larger values brighter: a measurement, not a picture."""
    rows: int = 0
    columns: int = 0
    frames: int = 1
    frame_of_reference_uid: str | None = None
    instance_number: int | None = None
    acquisition_number: int | None = None
    manufacturer: str | None = None
    tube_voltage_kv: float | None = None
    contrast_agent: str | None = None
    acquired_at: str | None = None
    is_lossy: bool = False
    padding: tuple[int, int] | None = None
    """Lowest and highest stored value that stands for 'not scanned'."""


@dataclass(frozen=True, slots=True)
class SliceHeader:
    """What DICOM says of one slice. ``None``: it does not say. Positions and directions are LPS, as in the file."""

    file: ObjectHeader
    frame: int = 0
    image_type: tuple[str, ...] = ()
    position_mm: tuple[float, ...] | None = None
    """Image Position (Patient): centre of the first pixel."""
    orientation: tuple[float, ...] | None = None
    """Image Orientation (Patient): unit vectors along a row, then along a column."""
    pixel_spacing_mm: tuple[float, ...] | None = None
    """Between rows, then between columns."""
    slope: float | None = None
    intercept: float | None = None
    rescale_type: str | None = None
    slice_thickness_mm: float | None = None
    kernel: str | None = None

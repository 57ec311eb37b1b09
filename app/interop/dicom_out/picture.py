"""The summary that every viewer shows: a Secondary Capture with the contact sheet, or with why there is no score."""

import io
import textwrap

import numpy as np
from highdicom.sc import SCImage
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from pydicom.dataset import Dataset

from app.interop.dicom_out.contents import NOT_FOR_CLINICAL_USE, Content
from app.interop.dicom_out.identity import MANUFACTURER, Kind
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making, stamp

_WIDTH_PX, _HEIGHT_PX = 960, 540
_LINE_CHARACTERS = 72
_TEXT, _WARNING = (235, 235, 235), (240, 228, 66)
_BITS = 8


def summary_picture(content: Content, sources: Sources, making: Making) -> Dataset | None:
    """Make the picture; ``None`` for a scored reading of which no contact sheet was kept."""
    if content.is_scored and content.drawn is None:
        return None
    pixels = _sheet(content) if content.drawn is not None else _refusal(content)
    document = SCImage(
        pixel_array=pixels,
        photometric_interpretation="RGB",
        bits_allocated=_BITS,
        coordinate_system="PATIENT",
        study_instance_uid=sources.study_uid,
        series_instance_uid=making.identity.series(Kind.PICTURE),
        series_number=Kind.PICTURE.series_number,
        sop_instance_uid=making.identity.instance(Kind.PICTURE),
        instance_number=making.instance_number,
        manufacturer=MANUFACTURER,
        patient_orientation=("L", "P"),
    )
    document.ImageType = ["DERIVED", "SECONDARY"]
    document.ConversionType = "WSD"
    document.BurnedInAnnotation = "YES"
    # Several slices and text: no one direction holds. Laterality is that of a paired part, which the brain is not; both
    # stay as empty elements (PS3.3 C.7.6.1 and C.7.3.1, type 2C).
    for keyword in ("PatientOrientation", "Laterality"):
        setattr(document, keyword, None)
    document.DerivationDescription = "Contact sheet of the scan with the ASPECTS regions, drawn by software"
    document.SourceImageSequence = [_reference(instance) for instance in sources.instances]
    return stamp(document, making, Kind.PICTURE)


def _reference(instance: Dataset) -> Dataset:
    item = Dataset()
    item.ReferencedSOPClassUID = instance.SOPClassUID
    item.ReferencedSOPInstanceUID = instance.SOPInstanceUID
    return item


def _sheet(content: Content) -> NDArray[np.uint8]:
    assert content.drawn is not None  # noqa: S101 -- the caller has looked
    with Image.open(io.BytesIO(content.drawn.sheet_png)) as sheet:
        return np.array(sheet.convert("RGB"))


def _refusal(content: Content) -> NDArray[np.uint8]:
    refusal = content.reading["refusal"]
    picture = Image.new("RGB", (_WIDTH_PX, _HEIGHT_PX), "black")
    draw = ImageDraw.Draw(picture)
    y = _write(draw, 24, f"NOT FOR DIAGNOSIS   ASPECTS: NO SCORE ({refusal['code']})", 22, _WARNING)
    for text in (refusal["text"], refusal["remedy"], NOT_FOR_CLINICAL_USE):
        y = _write(draw, y + 20, text, 20, _TEXT)
    return np.array(picture)


def _write(draw: ImageDraw.ImageDraw, y: int, text: str, size: int, colour: tuple[int, int, int]) -> int:
    """Write a paragraph and return where the next one may begin."""
    font = ImageFont.load_default(size)
    for line in textwrap.wrap(text, _LINE_CHARACTERS):
        draw.text((24, y), line, fill=colour, font=font)
        y += round(size * 1.4)
    return y

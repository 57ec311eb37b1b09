"""The regions as a binary segmentation on the scan's own slices, wherever those lie: tilted or unevenly spaced."""

from typing import Literal

import numpy as np
from highdicom import AlgorithmIdentificationSequence
from highdicom.color import CIELabColor
from highdicom.seg import SegmentAlgorithmTypeValues, Segmentation, SegmentationTypeValues, SegmentDescription
from highdicom.sr import CodedConcept
from numpy.typing import NDArray
from pydicom.dataset import Dataset

from app.interop.dicom_out import codes
from app.interop.dicom_out.contents import Content, region_values
from app.interop.dicom_out.identity import DEVICE_NAME, MANUFACTURER, MODEL, SERIAL_NUMBER, VERSION, Kind, unique
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making, stamp
from imaging.slice_picture import COLOURS
from scoring.regions import Region, Side, Status

Which = Literal["affected", "all"]
Place = tuple[Side, Region]

_WORDS = {Status.AFFECTED: "affected", Status.UNAFFECTED: "unaffected", Status.NOT_ASSESSABLE: "not assessable"}


def segmentation(content: Content, sources: Sources, making: Making, which: Which) -> Dataset | None:
    """Make one segment for each region.

    Parameters
    ----------
    which : ``"affected"``: the regions called affected, on either side; ``"all"``: all twenty that are in the scan.

    Returns
    -------
    ``None`` where there is nothing to outline, no label map was kept, the slices name no frame of reference,
    or lie in several multi-frame objects.
    """
    if not content.is_scored or content.drawn is None or "FrameOfReferenceUID" not in sources.frames[0].instance:
        return None
    places = _places(content, content.drawn.labels, which)
    is_split = sources.frames[0].number is not None and len(sources.instances) > 1
    if not places or is_split:
        return None
    document = Segmentation(
        source_images=sources.instances,
        pixel_array=_segment_numbers(content.drawn.labels, sources, places),
        segmentation_type=SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(content, making, n, place) for n, place in enumerate(places, start=1)],
        series_instance_uid=making.identity.series(Kind.REGIONS),
        series_number=Kind.REGIONS.series_number,
        sop_instance_uid=making.identity.instance(Kind.REGIONS),
        instance_number=making.instance_number,
        manufacturer=MANUFACTURER,
        manufacturer_model_name=MODEL,
        software_versions=VERSION,
        device_serial_number=SERIAL_NUMBER,
        content_label="ASPECTS",
        content_description=f"ASPECTS regions ({which}), outlines of the atlas",
    )
    _name_dimensions(document, unique("dimensions", making.identity.instance(Kind.REGIONS)))
    return stamp(document, making, Kind.REGIONS)


def _name_dimensions(document: Dataset, uid: str) -> None:
    """Give the organisation of the frames an identifier that follows from the content, too."""
    for item in (*document.DimensionOrganizationSequence, *document.DimensionIndexSequence):
        item.DimensionOrganizationUID = uid


def _places(content: Content, labels: NDArray[np.uint8], which: Which) -> list[Place]:
    """The regions that get a segment: asked for, and with at least one voxel."""
    present = set(np.unique(labels).tolist())
    return [
        (side, region)
        for (side, region), value in region_values().items()
        if value in present and (which == "all" or content.status(side, region) is Status.AFFECTED)
        if not content.is_edited or side is content.side
    ]


def _segment_numbers(labels: NDArray[np.uint8], sources: Sources, places: list[Place]) -> NDArray[np.uint8]:
    """Segment numbers as highdicom wants them: shape (frame, row, column), frames in the order of the sources."""
    values = region_values()
    numbers = np.zeros(256, dtype=np.uint8)
    for number, place in enumerate(places, start=1):
        numbers[values[place]] = number
    in_slices = numbers[labels.transpose(2, 1, 0)]
    first = sources.frames[0]
    if first.number is None:
        return in_slices
    frames = np.zeros((int(first.instance.NumberOfFrames), *in_slices.shape[1:]), dtype=np.uint8)
    frames[[frame.number - 1 for frame in sources.frames if frame.number is not None]] = in_slices
    return frames


def _description(content: Content, making: Making, number: int, place: Place) -> SegmentDescription:
    side, region = place
    status = content.status(side, region)
    description = SegmentDescription(
        segment_number=number,
        segment_label=f"{region.value} {side.value}, {_WORDS[status]}",
        segmented_property_category=codes.BODY_STRUCTURE,
        segmented_property_type=codes.REGION[region],
        algorithm_type=(
            SegmentAlgorithmTypeValues.SEMIAUTOMATIC if content.is_edited else SegmentAlgorithmTypeValues.AUTOMATIC
        ),
        algorithm_identification=AlgorithmIdentificationSequence(
            DEVICE_NAME, family=codes.ALGORITHM_FAMILY, version=VERSION, source=MANUFACTURER
        ),
        tracking_uid=making.identity.segment(f"{region.value} {side.value}"),
        tracking_id=f"ASPECTS {region.value} {side.value}",
        anatomic_regions=[codes.ANATOMY[region][0]],
        display_color=CIELabColor.from_rgb(*COLOURS[status]),
    )
    description.AnatomicRegionSequence[0].AnatomicRegionModifierSequence = [CodedConcept(*codes.LATERALITY[side][:3])]
    return description

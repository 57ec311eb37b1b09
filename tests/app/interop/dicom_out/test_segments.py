"""The segmentation marks the label map's own voxels, each on the very image that it came from."""

import io
from pathlib import Path
from typing import Any

import highdicom as hd
import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom.dataset import Dataset
from pydicom.uid import generate_uid

from app.interop.dicom_out import codes
from app.interop.dicom_out.contents import Content, region_values
from app.interop.dicom_out.sources import Sources
from scoring.regions import Region, Side, Status
from tests.app.interop.dicom_out.conftest import Made
from tests.app.interop.dicom_out.made import UNUSUAL, documents, scored
from tests.imaging.dicom_files import series

UNEVEN_MM = (0, 4, 8, 12, 16, 20, 27, 34, 41, 48, 55)


def read_back(document: Dataset) -> Any:
    buffer = io.BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return hd.seg.segread(buffer)


def segments_of(segmentation: Any) -> dict[tuple[Side, Region], int]:
    """Side and region, by their codes, to the segment's number."""
    sides = {code.value: side for side, code in codes.LATERALITY.items()}
    regions = {code.value: region for region, code in codes.REGION.items()}
    found = {}
    for number in segmentation.segment_numbers:
        description = segmentation.get_segment_description(number)
        (place,) = description.AnatomicRegionSequence
        (side,) = place.AnatomicRegionModifierSequence
        found[sides[side.CodeValue], regions[description.segmented_property_type.value]] = int(number)
    return found


def assert_marks_the_label_map(segmentation: Any, content: Content, sources: Sources) -> None:
    """Every pixel of every source image and segment is that of the label map."""
    assert content.drawn is not None
    for key, number in segments_of(segmentation).items():
        masks = segmentation.get_pixels_by_source_instance(
            sources.sop_uids, segment_numbers=[number], assert_missing_frames_are_empty=True
        )[..., 0]
        expected = (content.drawn.labels == region_values()[key]).transpose(2, 1, 0)
        np.testing.assert_array_equal(masks.astype(bool), expected)


def positions_of(segmentation: Any) -> dict[str, list[float]]:
    """Source image to the position that the segmentation gives its frames."""
    found = {}
    for frame in segmentation.PerFrameFunctionalGroupsSequence:
        (source,) = frame.DerivationImageSequence[0].SourceImageSequence
        found[str(source.ReferencedSOPInstanceUID)] = frame.PlanePositionSequence[0].ImagePositionPatient
    return found


@pytest.mark.parametrize(
    "slices",
    [series(), series(tilt_degrees=18.5), series(UNEVEN_MM, tilt_degrees=-16.0), series(list(range(60, 0, -5)))],
    ids=["plain", "tilted", "tilted and unevenly spaced", "head first in file"],
)
def test_masks_are_the_label_map_on_the_source_images(tmp_path: Path, slices: list[Dataset]) -> None:
    content, sources = scored(tmp_path, slices)
    made = documents(content, sources, segments="all")["SEG"]
    segmentation = read_back(made)

    assert_marks_the_label_map(segmentation, content, sources)
    assert set(segments_of(segmentation)) == set(region_values())
    assert made.FrameOfReferenceUID == slices[0].FrameOfReferenceUID
    placed = {str(one.SOPInstanceUID): one.ImagePositionPatient for one in slices}
    for uid, position in positions_of(segmentation).items():
        np.testing.assert_allclose(position, placed[uid], atol=1e-5)
    shared = made.SharedFunctionalGroupsSequence[0]
    orientation = shared.PlaneOrientationSequence[0].ImageOrientationPatient
    np.testing.assert_allclose(orientation, slices[0].ImageOrientationPatient, atol=1e-6)


def test_only_affected_regions_are_outlined_unless_all_are_asked_for(made: Made) -> None:
    affected = {key for key, (status, *_) in UNUSUAL.items() if status == Status.AFFECTED}
    segmentation = read_back(made.documents["SEG"])
    assert set(segments_of(segmentation)) == affected
    assert_marks_the_label_map(segmentation, made.content, made.sources)
    assert segmentation.get_segment_description(1).segment_label == "L left, affected"


def test_segments_and_report_speak_of_the_same_regions_by_the_same_identifiers(made: Made) -> None:
    assert {one.TrackingUID for one in made.documents["SEG"].SegmentSequence} <= tracking_uids(made.documents["SR"])


def tracking_uids(dataset: Dataset) -> set[str]:
    return {str(item.UID) for item in items_of(dataset) if item.ValueType == "UIDREF"}


def items_of(dataset: Dataset) -> list[Dataset]:
    """All content items below a data set."""
    items = list(dataset.get("ContentSequence", []))
    return items + [deeper for item in items for deeper in items_of(item)]


def test_nothing_is_outlined_where_nothing_is_affected(tmp_path: Path) -> None:
    content, sources = scored(tmp_path, series())
    for side in Side:
        for region in content.reading["regions"][side.value].values():
            region["status"] = "unaffected"
    assert set(documents(content, sources)) == {"SR", "OT", "DOC"}


def test_frames_of_a_multi_frame_scan_are_marked_one_by_one(tmp_path: Path) -> None:
    slices = series(list(range(55, -5, -5)), tilt_degrees=10)
    converted = LegacyConvertedEnhancedCTImage(slices, generate_uid(), 7, generate_uid(), 1)
    content, sources = scored(tmp_path, [converted])
    made = documents(content, sources, segments="all")
    assert content.drawn is not None
    segmentation = read_back(made["SEG"])
    frames = [frame.number for frame in sources.frames]

    for key, number in segments_of(segmentation).items():
        masks = segmentation.get_pixels_by_source_frame(
            sources.sop_uids[0], frames, segment_numbers=[number], assert_missing_frames_are_empty=True
        )[..., 0]
        expected = (content.drawn.labels == region_values()[key]).transpose(2, 1, 0)
        np.testing.assert_array_equal(masks.astype(bool), expected)
    images = [item for item in items_of(made["SR"]) if item.ValueType == "IMAGE"]
    assert {int(one.ReferencedSOPSequence[0].ReferencedFrameNumber) for one in images} <= set(frames)


def test_a_scan_without_frame_of_reference_gets_no_segmentation(tmp_path: Path) -> None:
    slices = series()
    for one in slices:
        del one.FrameOfReferenceUID
    content, sources = scored(tmp_path, slices)
    assert "SEG" not in documents(content, sources)

"""Multi-frame CT objects, made by highdicom from a single-frame series, read to the same volume."""

from pathlib import Path

import numpy as np
import pytest
from highdicom.legacy import LegacyConvertedEnhancedCTImage
from pydicom.dataset import Dataset
from pydicom.uid import EnhancedCTImageStorage, generate_uid

from imaging.read_limits import ReadLimits
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import read_volume
from tests.imaging.dicom_files import series, write


def multi_frame(slices: list[Dataset]) -> Dataset:
    return LegacyConvertedEnhancedCTImage(slices, generate_uid(), 7, generate_uid(), 1)


def enhanced(slices: list[Dataset]) -> Dataset:
    """The same object as an Enhanced CT: its frame type stands where that class keeps it."""
    converted = multi_frame(slices)
    converted.SOPClassUID = converted.file_meta.MediaStorageSOPClassUID = EnhancedCTImageStorage
    return converted


@pytest.mark.parametrize("make", [multi_frame, enhanced])
@pytest.mark.parametrize("tilt_degrees", [0.0, 15.0])
def test_multi_frame_equals_its_single_frames(tmp_path: Path, make: object, tilt_degrees: float) -> None:
    slices = series(tilt_degrees=tilt_degrees)
    single = read_volume(write(tmp_path / "single", slices))
    multi = read_volume(next(write(tmp_path / "multi", [make(slices)]).iterdir()))

    np.testing.assert_array_equal(multi.hu, single.hu)
    np.testing.assert_allclose(multi.slice_origins_mm, single.slice_origins_mm, atol=1e-6)
    np.testing.assert_allclose(multi.step_j_mm, single.step_j_mm, atol=1e-6)
    assert len(set(multi.acquisition.sop_uids)) == 1
    assert len(multi.acquisition.sop_uids) == multi.slice_count


def refusal_of(folder: Path, dataset: Dataset, limits: ReadLimits | None = None) -> RefusalCode:
    with pytest.raises(ScanRefused) as caught:
        read_volume(write(folder, [dataset]), limits or ReadLimits())
    return caught.value.code


def test_a_missing_frame_is_a_missing_slice(tmp_path: Path) -> None:
    slices = series()

    assert refusal_of(tmp_path, multi_frame([*slices[:5], *slices[6:]])) == RefusalCode.SLICES_MISSING


def test_frames_that_are_not_described_are_refused(tmp_path: Path) -> None:
    dataset = multi_frame(series())
    del dataset.PerFrameFunctionalGroupsSequence[3]

    assert refusal_of(tmp_path, dataset) == RefusalCode.CORRUPT_FILE


def test_absurd_number_of_frames_is_refused(tmp_path: Path) -> None:
    dataset = multi_frame(series())
    dataset.NumberOfFrames = 100_000

    assert refusal_of(tmp_path, dataset) == RefusalCode.TOO_LARGE


def test_too_few_pixels_for_the_frames_are_refused(tmp_path: Path) -> None:
    dataset = multi_frame(series())
    dataset["PixelData"].value = dataset.PixelData[: len(dataset.PixelData) // 2]

    assert refusal_of(tmp_path, dataset) == RefusalCode.CORRUPT_FILE

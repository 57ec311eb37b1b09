"""Calibration by air and fat: what is measured, when a reader is told, when a scan is refused."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from imaging.hounsfield import HounsfieldMarks, check_calibration, hounsfield_marks
from imaging.reading import read_volume_of
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import CtVolume
from tests.imaging.phantom import plain_phantom


def with_scalp_fat(shift_hu: float = 0.0, scale: float = 1.0) -> CtVolume:
    """The phantom with 6 mm of fat around it, its densities scaled and shifted."""
    volume = plain_phantom()
    body = volume.hu > -500
    near = ndimage.binary_dilation(body, np.ones((13, 13, 1), dtype=bool)) & ~body
    noise = np.random.default_rng(4).normal(0, 8, volume.hu.shape)
    hu = np.where(near, -95 + noise, volume.hu)
    return replace(volume, hu=(hu * scale + shift_hu).astype(np.float32))


def test_air_and_fat_are_measured() -> None:
    marks = hounsfield_marks(with_scalp_fat())
    assert marks.air_hu == pytest.approx(-1000, abs=3)
    assert marks.fat_hu == pytest.approx(-95, abs=4)
    assert marks.warning is None


@pytest.mark.parametrize(("shift_hu", "scale"), [(40.0, 1.0), (0.0, 0.93)])
def test_a_shift_or_a_wrong_slope_is_told(shift_hu: float, scale: float) -> None:
    marks = hounsfield_marks(with_scalp_fat(shift_hu, scale))
    assert marks.warning is not None
    assert marks.warning.code == "HU_CALIBRATION"
    assert f"{marks.air_hu:.0f} HU" in marks.warning.text


def test_a_reading_carries_marks_and_warning() -> None:
    reading, _ = read_volume_of(with_scalp_fat(12.0, 0.95))
    assert reading.quality["air_hu"] == pytest.approx(-938, abs=4)
    assert "HU_CALIBRATION" in {warning.code for warning in reading.warnings}


def test_clipped_air_and_too_little_fat_say_nothing() -> None:
    volume = plain_phantom()
    marks = hounsfield_marks(replace(volume, hu=np.maximum(volume.hu, -900)))
    assert marks == HounsfieldMarks(None, None)
    assert marks.warning is None


def test_air_far_off_is_refused() -> None:
    check_calibration(HounsfieldMarks(-1010.0, None))
    check_calibration(HounsfieldMarks(None, -90.0))
    with pytest.raises(ScanRefused) as caught:
        check_calibration(HounsfieldMarks(-780.0, None))
    assert caught.value.code is RefusalCode.NOT_HU

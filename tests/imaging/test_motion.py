"""Motion: streaks and jumps are seen, still heads are left alone, noise and thick slices included."""

from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from imaging.motion import SECTORS, Motion, check_motion, turn_degrees
from imaging.reading import read_volume_of
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import CtVolume
from tests.imaging.phantom import make_phantom, plain_phantom, plain_reading


def streaked(amplitude_hu: float) -> CtVolume:
    """Bands across three slices, each time at another angle."""
    volume = plain_phantom()
    hu = volume.hu.copy()
    i, j = np.indices(hu.shape[:2])
    for k, angle in zip((14, 15, 16), (0.3, 1.4, 2.5), strict=True):
        bands = np.sin((i * np.cos(angle) + j * np.sin(angle)) * 2 * np.pi / 30)
        hu[:, :, k] += np.where(hu[:, :, k] > -500, amplitude_hu * bands, 0).astype(np.float32)
    return replace(volume, hu=hu)


def displaced(step_mm: float, turn_degrees: float) -> CtVolume:
    """The head lies elsewhere from the 16th slice on."""
    volume = plain_phantom()
    hu = volume.hu.copy()
    cosine, sine = np.cos(np.radians(turn_degrees)), np.sin(np.radians(turn_degrees))
    turn, middle = np.array([[cosine, -sine], [sine, cosine]]), (np.array(hu.shape[:2]) - 1) / 2
    offset = middle - turn @ middle - np.array([step_mm, 0.0])
    for k in range(15, hu.shape[2]):
        hu[:, :, k] = ndimage.affine_transform(hu[:, :, k], turn, offset, order=1, cval=-1000)
    return replace(volume, hu=hu)


def code_of(volume: CtVolume) -> RefusalCode | None:
    reading, _ = read_volume_of(volume)
    return reading.refusal.code if reading.refusal else None


def test_strong_streaks_are_refused() -> None:
    assert code_of(streaked(10.0)) is RefusalCode.MOTION_ARTEFACT


def test_streaks_as_dense_as_blood_are_a_suspicion_of_blood_first_that_tells_of_motion() -> None:
    reading, _ = read_volume_of(streaked(25.0))
    assert reading.refusal is not None
    assert reading.refusal.code is RefusalCode.HAEMORRHAGE_SUSPECTED
    assert "moved" in reading.refusal.text
    assert "scan again" in reading.refusal.remedy


@pytest.mark.parametrize(("step_mm", "turn_degrees"), [(12.0, 0.0), (0.0, 14.0)])
def test_a_head_that_lies_elsewhere_is_refused(step_mm: float, turn_degrees: float) -> None:
    assert code_of(displaced(step_mm, turn_degrees)) is RefusalCode.MOTION_ARTEFACT


def test_a_small_jump_is_scored_with_a_warning() -> None:
    reading, _ = read_volume_of(displaced(7.0, 0.0))
    assert reading.status == "scored"
    assert "MOTION_SUSPECTED" in {warning.code for warning in reading.warnings}
    assert reading.quality["motion"]["step_mm"] == pytest.approx(7.0, abs=1.0)


def test_still_heads_are_left_alone() -> None:
    noisy = read_volume_of(make_phantom(noise_hu=14.0, slice_mm=2.5))[0]
    thick = read_volume_of(make_phantom(slice_mm=9.0, tilt_degrees=15.0))[0]
    for reading in (plain_reading()[0], noisy, thick):
        assert reading.status == "scored"
        assert "MOTION_SUSPECTED" not in {warning.code for warning in reading.warnings}
        assert reading.quality["motion"]["step_mm"] < 2
        assert reading.quality["motion"]["turn_degrees"] <= 4


def test_noise_that_all_slices_share_is_no_motion() -> None:
    assert not Motion(streaks_hu=9.0, quiet_hu=7.0, step_mm=0.0, turn_degrees=0.0).is_suspected
    assert Motion(streaks_hu=9.0, quiet_hu=3.0, step_mm=0.0, turn_degrees=0.0).is_severe
    with pytest.raises(ScanRefused) as caught:
        check_motion(Motion(streaks_hu=1.0, quiet_hu=1.0, step_mm=9.0, turn_degrees=0.0))
    assert "Scan again" in caught.value.remedy


DIRECTIONS = np.arange(SECTORS) * 2 * np.pi / SECTORS
OVAL_MM = 80 + 8 * np.cos(2 * DIRECTIONS)


def test_a_turned_outline_tells_its_angle() -> None:
    assert turn_degrees(OVAL_MM, np.roll(OVAL_MM, 6)) == 12
    assert turn_degrees(OVAL_MM, np.roll(OVAL_MM, -4)) == 8


def test_outlines_of_other_shapes_have_not_turned() -> None:
    """A cap of bone near the vertex looks a little more like the slice below it when it is turned."""
    other = 60 + 8 * np.cos(3 * DIRECTIONS) + 2 * np.cos(2 * (DIRECTIONS - 0.2))
    assert turn_degrees(OVAL_MM, other) == 0

"""What is so much darker than its mirror image that it must be fluid, and what is not."""

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.atlas import load_atlas
from imaging.old_infarct import scars, with_margin
from imaging.reading import read_volume_of
from scoring.regions import Region, Side, Status
from tests.imaging.phantom import make_phantom, with_ball

Floats = NDArray[np.float64]


def grid() -> Floats:
    x, y, z = np.meshgrid(np.arange(-70.0, -4, 2), np.arange(-60.0, 40, 2), np.arange(-10.0, 50, 2), indexing="ij")
    return np.asarray(np.stack([x, y, z], axis=-1).reshape(-1, 3))


def differences(depth_hu: float, radius_mm: float) -> Floats:
    off = np.linalg.norm(grid() - np.array([-46.0, -16.0, 20.0]), axis=1)
    return np.asarray(np.random.default_rng(1).normal(0, 2.5, len(off)) - depth_hu * (off < radius_mm))


@pytest.mark.parametrize(
    ("depth_hu", "radius_mm", "is_old"),
    [(20.0, 12.0, True), (14.0, 12.0, True), (8.0, 20.0, False), (20.0, 2.5, False), (0.0, 12.0, False)],
)
def test_depth_and_width_tell_an_old_infarct(depth_hu: float, radius_mm: float, is_old: bool) -> None:
    everywhere = np.ones(len(grid()), dtype=bool)
    left, right = scars(grid(), differences(depth_hu, radius_mm), everywhere, load_atlas())
    assert (left.sum() * 0.008 > 1.0) == is_old
    assert not right.any()
    swapped, other = scars(grid(), -differences(depth_hu, radius_mm), everywhere, load_atlas())
    assert np.array_equal(other, left)
    assert not swapped.any()


def test_a_scar_takes_its_margin_with_it() -> None:
    everywhere = np.ones(len(grid()), dtype=bool)
    left, _ = scars(grid(), differences(20.0, 12.0), everywhere, load_atlas())
    wider = with_margin(left, grid(), load_atlas())
    assert (wider & left).sum() == left.sum()
    assert 1.5 < wider.sum() / left.sum() < 4


@pytest.mark.parametrize("brain_hu_off", [0.0, -9.0])
def test_an_old_infarct_is_known_by_its_mirror_image_whatever_the_calibration(brain_hu_off: float) -> None:
    """Fluid at 13 HU below the brain is no infarct of hours, also on a scan that reads 9 HU too low."""
    volume = make_phantom(lesion={})
    volume.hu[(volume.hu > -50) & (volume.hu < 100)] += brain_hu_off
    volume = with_ball(volume, (-50.0, -20.0, 40.0), 14.0, 33.0 + brain_hu_off - 15.0)
    reading, _ = read_volume_of(volume)
    assert "OLD_INFARCT" in {warning.code for warning in reading.warnings}
    assert reading.total == 10
    assert all(one.status is not Status.AFFECTED for one in reading.regions[Side.LEFT].values())
    assert reading.regions[Side.LEFT][Region.M5].status in {Status.NOT_ASSESSABLE, Status.UNAFFECTED}

"""The side difference and the tissue that it is taken from."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.densitometry import (
    CELL_MM,
    FEWEST_PAIRS,
    MEAN_TOLERANCE_HU,
    _drift,
    cell_medians,
    mode_of,
    region_difference,
)
from imaging.head import find_head
from imaging.reduction import Blocks, block_mean, upright
from imaging.tissue import TissueMap, brain_mode_hu, sort_tissue
from imaging.volume import CtVolume
from tests.imaging.phantom import plain_phantom, with_ball

M5_LEFT_MM = (-45.0, -20.0, 38.0)


def sorted_tissue(volume: CtVolume) -> TissueMap:
    head = find_head(upright(block_mean(volume, Blocks(2, 2, 1)), 2.4))
    assert head is not None
    mode_hu = brain_mode_hu(head)
    assert mode_hu is not None
    return sort_tissue(volume, head, mode_hu)


def millilitres(mask: np.ndarray, tissue: TissueMap) -> float:
    return float(mask.sum(axis=(0, 1)) @ tissue.slice_ml)


@given(st.lists(st.floats(-15, 15), min_size=FEWEST_PAIRS, max_size=200))
def test_mode_is_odd(values: list[float]) -> None:
    sample = np.array(values)
    there, back = mode_of(sample), mode_of(-sample)
    assert there is not None
    assert back is not None
    assert min(abs(there + back), abs(abs(there) - abs(back))) < 0.3  # equal peaks may be taken in either order


def test_mode_finds_the_commonest_difference_among_outliers() -> None:
    rng = np.random.default_rng(3)
    sample = np.concatenate([rng.normal(-3.3, 1.5, 700), rng.uniform(-15, 15, 300)])
    assert mode_of(sample) == pytest.approx(-3.3, abs=0.4)


def test_mode_of_too_little_is_unknown() -> None:
    assert mode_of(np.zeros(FEWEST_PAIRS - 1)) is None
    assert region_difference(np.zeros(FEWEST_PAIRS - 1)) is None


def test_a_dark_infarct_in_less_than_half_of_a_region_is_not_passed_over() -> None:
    rng = np.random.default_rng(4)
    for sign in (-1, 1):
        sample = np.concatenate([rng.normal(0, 1.5, 600), rng.normal(sign * 8, 2, 400)])
        assert mode_of(sample) == pytest.approx(0, abs=0.5)
        assert sign * (region_difference(sample) or 0) > 2


def test_a_few_stray_voxels_leave_the_mode_alone() -> None:
    rng = np.random.default_rng(4)
    sample = np.concatenate([rng.normal(-3, 1.5, 950), np.full(50, -3 + MEAN_TOLERANCE_HU * 10)])
    assert region_difference(sample) == mode_of(sample)


def test_slow_differences_show_in_the_medians_of_cells_and_noise_does_not() -> None:
    rng = np.random.default_rng(6)
    at = rng.uniform(-72, 72, (30_000, 3))
    noise = rng.normal(0, 2, len(at))
    waves = 1.5 * np.sign(np.sin(at[:, 1] / CELL_MM * np.pi))
    assert np.abs(cell_medians(at, noise)).max() < 0.8
    assert np.median(np.abs(cell_medians(at, noise + waves))) > 1.0
    assert cell_medians(at[:50], noise[:50]).size == 0  # too few to say


def test_drift_is_found_beside_an_infarct() -> None:
    rng = np.random.default_rng(5)
    at = np.stack([rng.uniform(-65, -2, 4000), rng.uniform(-90, 60, 4000), rng.uniform(-30, 66, 4000)], axis=1)
    truth = 0.8 + 0.5 * at[:, 1] / 50 - 0.4 * (at[:, 2] - 20) / 40
    seen = truth + rng.normal(0, 1.5, 4000)
    infarct = (at[:, 1] < -60) & (at[:, 2] < 20)
    seen[infarct] -= 9
    found = _drift(at, seen, np.ones(4000, dtype=bool))
    terms = np.stack([np.ones(4000), at[:, 1], at[:, 2], np.abs(at[:, 0])], axis=1)
    naive = terms @ np.linalg.lstsq(terms, seen, rcond=None)[0]
    assert np.abs(found - truth).max() < 1.0
    assert np.abs(found - truth).mean() < np.abs(naive - truth).mean() / 3


def test_drift_is_not_guessed_from_few_points() -> None:
    at = np.zeros((300, 3))
    assert not _drift(at, np.full(300, 5.0), np.ones(300, dtype=bool)).any()


def test_fluid_is_dropped_and_a_broad_pale_infarct_is_kept() -> None:
    mode_hu = sorted_tissue(plain_phantom()).mode_hu
    for hu, least, most in ((mode_hu - 10, 0.0, 0.02), (8.0, 0.9, 1.0)):
        volume = with_ball(plain_phantom(), M5_LEFT_MM, 20.0, hu)
        ball = volume.hu != plain_phantom().hu
        tissue = sorted_tissue(volume)
        dropped = (tissue.fluid | tissue.sulcus) & ball
        assert least <= dropped.sum() / ball.sum() <= most
        assert (tissue.broad_fluid & ball).any() == (hu < mode_hu - 20)


def test_calcium_is_dropped_with_a_margin() -> None:
    tissue = sorted_tissue(with_ball(plain_phantom(), M5_LEFT_MM, 3.0, 200.0))
    assert 2 < millilitres(tissue.dense, tissue) < 6
    assert millilitres(tissue.near_excluded & ~tissue.fluid, tissue) > millilitres(tissue.dense, tissue)


def test_slices_share_the_space_between_them() -> None:
    volume = plain_phantom()
    tissue = sorted_tissue(volume)
    total = float(tissue.slice_ml.sum())
    assert total == pytest.approx(5.0 * volume.slice_count / 1000, rel=1e-6)

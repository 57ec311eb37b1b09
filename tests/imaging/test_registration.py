"""Head mask and registration on a phantom whose pose is known."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.atlas import load_atlas
from imaging.head import find_head
from imaging.labelling import scanned
from imaging.reduction import Blocks, block_mean, blocks_for, upright
from imaging.refusals import RefusalCode, ScanRefused
from imaging.registration import Registration, register, turn_degrees
from imaging.tissue import brain_mode_hu
from imaging.volume import CtVolume
from tests.imaging.phantom import POSE_DEGREES, SCALE, make_phantom, plain_phantom, pose_matrix


def registered(volume: CtVolume) -> Registration:
    coarse = block_mean(volume, blocks_for(volume, 2.0, 5.0))
    head = find_head(upright(coarse, 2.4))
    assert head is not None
    mode_hu = brain_mode_hu(head)
    assert mode_hu is not None
    return register(head, load_atlas(), mode_hu)


def region_points() -> np.ndarray:
    atlas = load_atlas()
    index = np.argwhere(atlas.labels > 0)[::997]
    return index + atlas.labels_affine[:3, 3]


@pytest.fixture(scope="module")
def plain() -> Registration:
    return registered(plain_phantom())


def test_block_mean_keeps_positions_and_density() -> None:
    volume = plain_phantom()
    small = block_mean(volume, Blocks(2, 2, 3))
    assert small.hu.shape == (104, 104, volume.slice_count // 3)
    at = np.array([3.0, 5.0, 2.0])
    expected = volume.index_to_world(np.array([6.5, 10.5, 7.0]))
    assert small.index_to_world(at) == pytest.approx(expected)
    assert small.hu[3, 5, 2] == pytest.approx(volume.hu[6:8, 10:12, 6:9].mean(), abs=1e-3)


def test_slices_with_a_wide_gap_are_not_joined() -> None:
    volume = plain_phantom()
    origins = volume.slice_origins_mm.copy()
    origins[:, 2] = np.cumsum(np.where(np.arange(len(origins)) == 9, 6.0, 1.0))
    assert blocks_for(replace(volume, slice_origins_mm=origins), 1.0, 5.0).k == 1


def test_upright_grid_of_a_tilted_stack_is_orthogonal_and_in_place() -> None:
    volume = make_phantom(tilt_degrees=18.0, slice_mm=8.0, noise_hu=0.0)
    grid = upright(volume, 2.4)
    axes = grid.affine[:3, :3] / grid.step_mm
    assert axes.T @ axes == pytest.approx(np.eye(3), abs=1e-9)
    k = 8
    point = volume.index_to_world(np.array([100.0, 90.0, float(k)]))
    index = np.rint(grid.index(point)).astype(int)
    assert grid.hu[tuple(index)] == pytest.approx(float(volume.hu[98:103, 88:93, k].mean()), abs=6)


def test_head_volume_is_that_of_the_phantom() -> None:
    atlas = load_atlas()
    head = find_head(upright(block_mean(plain_phantom(), Blocks(2, 2, 1)), 2.4))
    assert head is not None
    voxel_ml = float(np.linalg.det(atlas.template_affine[:3, :3])) / 1000
    true_ml = float(atlas.intracranial.sum()) * voxel_ml * float(np.prod(SCALE))
    assert 0.8 < head.volume_ml / true_ml < 1.05
    assert head.bone_rim_fraction > 0.9


def test_finds_the_pose(plain: Registration) -> None:
    points = region_points()
    truth = points @ pose_matrix(POSE_DEGREES, SCALE).T
    error = np.linalg.norm(plain.template_to_scan(points) - truth, axis=1)
    assert np.median(error) < 1.5
    assert np.percentile(error, 95) < 4
    assert plain.scale == pytest.approx(float(np.cbrt(np.prod(SCALE))), rel=0.03)
    assert plain.affine_ncc > 0.95


def test_there_and_back_again(plain: Registration) -> None:
    points = region_points()
    assert plain.scan_to_template(plain.template_to_scan(points)) == pytest.approx(points, abs=1.0)


@pytest.mark.parametrize("degrees", [(-25.0, 0.0, 0.0), (0.0, 20.0, 35.0)])
def test_finds_a_turned_head_on_tilted_slices(degrees: tuple[float, float, float]) -> None:
    found = registered(make_phantom(degrees=degrees, tilt_degrees=15.0, slice_mm=7.0))
    points = region_points()
    error = np.linalg.norm(found.template_to_scan(points) - points @ pose_matrix(degrees, SCALE).T, axis=1)
    assert np.median(error) < 2.5


def test_a_head_that_faces_backwards_is_refused() -> None:
    with pytest.raises(ScanRefused) as caught:
        registered(make_phantom(degrees=(0.0, 0.0, 180.0)))
    assert caught.value.code is RefusalCode.ORIENTATION_UNKNOWN


def test_a_head_that_stands_upside_down_is_refused() -> None:
    volume = plain_phantom()
    with pytest.raises(ScanRefused) as caught:
        registered(replace(volume, hu=volume.hu[:, :, ::-1].copy()))
    assert caught.value.code in {RefusalCode.REGISTRATION_FAILED, RefusalCode.ORIENTATION_UNKNOWN}


def test_turn_ignores_scale() -> None:
    affine = np.eye(4)
    affine[:3, :3] = pose_matrix((0.0, 0.0, 40.0), (0.9, 1.1, 0.8))
    assert turn_degrees(affine) == pytest.approx(40.0, abs=8)
    affine[:3, :3] = pose_matrix((0.0, 0.0, 40.0), (0.9, 0.9, 0.9))
    assert turn_degrees(affine) == pytest.approx(40.0, abs=1e-6)


def test_scanned_includes_half_a_voxel_round_the_stack() -> None:
    volume = plain_phantom()
    first, last = volume.index_to_world(np.array([[100.0, 100.0, 0.0], [100.0, 100.0, volume.slice_count - 1.0]]))
    near, far = np.array([0, 0, 2.4]), np.array([0, 0, 2.6])
    points = np.stack([first - near, first - far, last + near, last + far])
    assert scanned(volume, points).tolist() == [True, False, True, False]

"""On regular series, which highdicom reads too, both must agree on densities and on where each voxel lies."""

from pathlib import Path

import numpy as np
import pytest
from highdicom import get_volume_from_series
from pydicom.dataset import Dataset
from scipy.spatial.transform import Rotation

from imaging.scan_file import read_volume
from imaging.volume import CtVolume
from tests.imaging.dicom_files import changed, series, set_density, write

pytestmark = pytest.mark.peers

_RAS_OF_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])


def turn(slices: list[Dataset], rotation: Rotation) -> list[Dataset]:
    """The same images, lying in the patient as if the whole stack had been turned about the origin."""

    def change(_: int, one: Dataset) -> None:
        one.ImagePositionPatient = [float(x) for x in rotation.apply(one.ImagePositionPatient)]
        axes = rotation.apply(np.reshape(one.ImageOrientationPatient, (2, 3)))
        one.ImageOrientationPatient = [float(x) for x in axes.ravel()]

    return changed(slices, change)


def rescaled(slices: list[Dataset]) -> list[Dataset]:
    def change(k: int, one: Dataset) -> None:
        hu = one.pixel_array.astype(float) - 1024
        one.RescaleIntercept, one.RescaleSlope = -1000 - k, 0.5
        set_density(one, hu)

    return changed(slices, change)


def assert_same(volume: CtVolume, slices: list[Dataset]) -> None:
    """The first axis of the peer runs along the slices, in either direction, its second down the rows."""
    peer = get_volume_from_series(slices)
    values, affine = np.asarray(peer.array), _RAS_OF_LPS @ np.asarray(peer.affine)
    index = np.argwhere(np.ones(values.shape, dtype=bool))[::37]
    ours = np.rint(volume.world_to_index(index @ affine[:3, :3].T + affine[:3, 3]))

    np.testing.assert_allclose(
        volume.index_to_world(ours), index @ affine[:3, :3].T + affine[:3, 3], atol=1e-4, err_msg="positions differ"
    )
    np.testing.assert_allclose(volume.hu[tuple(ours.astype(int).T)], values[tuple(index.T)], atol=1e-3)


@pytest.mark.parametrize(
    "slices",
    [
        series(),
        rescaled(series()),
        series(list(range(60, 0, -4))),
        turn(series(), Rotation.from_euler("xyz", [12, 0, 0], degrees=True)),
        turn(series(), Rotation.from_euler("xyz", [8, -15, 25], degrees=True)),
        turn(series(), Rotation.from_euler("xyz", [0, 0, 180], degrees=True)),
        turn(series(), Rotation.from_euler("xyz", [180, 0, 0], degrees=True)),
    ],
    ids=["plain", "rescale of each slice", "head first in file", "pitched", "oblique", "prone", "feet up"],
)
def test_regular_series_equals_highdicom(tmp_path: Path, slices: list[Dataset]) -> None:
    assert_same(read_volume(write(tmp_path, slices)), slices)

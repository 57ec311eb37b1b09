"""Reading NIfTI: every voxel where its density says; headers that contradict themselves or promise too much."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from imaging.read_limits import ReadLimits
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import read_volume
from imaging.volume import OUTSIDE_SCAN_HU, CtVolume
from tests.imaging.dicom_files import density_at
from tests.imaging.nifti_files import SHAPE, grid, phantom, save

Edit = Callable[[np.ndarray], None]


def assert_in_place(volume: CtVolume) -> None:
    index = np.stack(np.meshgrid(*(np.arange(n) for n in volume.hu.shape), indexing="ij"), axis=-1)
    np.testing.assert_allclose(volume.hu, density_at(volume.index_to_world(index)), atol=0.51)


def refusal_of(path: Path, limits: ReadLimits | None = None) -> ScanRefused:
    with pytest.raises(ScanRefused) as caught:
        read_volume(path, limits or ReadLimits())
    assert caught.value.text.endswith(".")
    assert caught.value.remedy.endswith(".")
    return caught.value


def turned(degrees: float, axis: int) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    matrix = np.eye(3)
    first, second = (axis + 1) % 3, (axis + 2) % 3
    matrix[first, first], matrix[first, second] = cosine, -sine
    matrix[second, first], matrix[second, second] = sine, cosine
    return matrix


@pytest.mark.parametrize("name", ["scan.nii", "scan.nii.gz", "misnamed.dcm"])
@pytest.mark.parametrize("flips", [(1, 1, 1), (-1, 1, 1), (1, -1, -1)])
def test_plain_grids_lie_where_their_density_says(tmp_path: Path, name: str, flips: tuple[int, int, int]) -> None:
    image = phantom(grid(rotation=np.diag(flips).astype(float)))
    saved = save(image, tmp_path / ("scan.nii" if name == "misnamed.dcm" else name))
    volume = read_volume(saved.rename(tmp_path / name))

    assert volume.hu.shape == SHAPE
    assert volume.hu.dtype == np.int16  # whole numbers stay whole
    assert volume.slice_origins_mm[-1, 2] > volume.slice_origins_mm[0, 2]
    assert volume.acquisition.source_format == "nifti"
    assert_in_place(volume)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_oblique_grids_keep_their_angle(tmp_path: Path, axis: int) -> None:
    volume = read_volume(save(phantom(grid(rotation=turned(20, axis))), tmp_path / "scan.nii"))

    assert volume.hu.shape == SHAPE
    assert_in_place(volume)


@pytest.mark.parametrize("states_normal_distance", [True, False])
def test_sheared_grids_keep_their_tilt(tmp_path: Path, states_normal_distance: bool) -> None:
    affine = grid()
    affine[1, 2] = 2.0

    def edit(header: np.ndarray) -> None:
        header["pixdim"][0][3] = 5.0 if states_normal_distance else np.hypot(5, 2)
        header["qform_code"] = 0

    volume = read_volume(save(phantom(affine), tmp_path / "scan.nii", edit))

    assert volume.gantry_tilt_degrees == pytest.approx(np.degrees(np.arctan2(2, 5)))
    assert_in_place(volume)


@pytest.mark.parametrize("order", [(2, 0, 1), (1, 2, 0), (0, 2, 1)])
def test_sagittal_and_coronal_storage_is_stacked_headwards(tmp_path: Path, order: tuple[int, int, int]) -> None:
    volume = read_volume(save(phantom(grid((4, 4, 5), np.eye(3)[:, list(order)])), tmp_path / "scan.nii"))

    assert volume.slice_normal[2] == pytest.approx(1)
    assert any("reordered" in note for note in volume.acquisition.notes)
    assert_in_place(volume)


@pytest.mark.parametrize("dtype", ["<i2", ">i2", "<f4", "<f8", "<i4", "<u2"])
def test_number_types_and_scaling(tmp_path: Path, dtype: str) -> None:
    image = phantom(grid())
    image = nib.Nifti1Image(image.get_fdata() * 2 + 2048, image.affine, image.header.as_byteswapped(dtype[0]))
    image.set_data_dtype(dtype)
    image.header.set_slope_inter(1, 0)

    def edit(header: np.ndarray) -> None:
        header = header.view(header.dtype.newbyteorder(dtype[0]))
        header["scl_slope"], header["scl_inter"] = 0.5, -1024

    assert_in_place(read_volume(save(image, tmp_path / "scan.nii", edit)))


def test_nifti2(tmp_path: Path) -> None:
    nib.save(nib.Nifti2Image.from_image(phantom(grid())), tmp_path / "scan.nii")

    assert_in_place(read_volume(tmp_path / "scan.nii"))


def test_units_other_than_millimetres(tmp_path: Path) -> None:
    image = phantom(grid())
    metres = np.diag([0.001, 0.001, 0.001, 1]) @ image.affine
    image.set_sform(metres)
    image.set_qform(metres)
    image.header.set_xyzt_units("meter")

    assert_in_place(read_volume(save(image, tmp_path / "scan.nii")))


def test_one_volume_in_four_dimensions(tmp_path: Path) -> None:
    assert_in_place(read_volume(save(phantom(grid(), (*SHAPE, 1)), tmp_path / "scan.nii")))


def test_voxels_without_a_value_are_outside_the_scan(tmp_path: Path) -> None:
    image = phantom(grid())
    values = image.get_fdata().astype(np.float32)
    values[0, 0, 0], values[1, 0, 0], values[2, 0, 0] = np.nan, np.inf, -3024
    volume = read_volume(save(nib.Nifti1Image(values, image.affine), tmp_path / "scan.nii"))

    assert (volume.hu[:3, 0, 0] == OUTSIDE_SCAN_HU).all()
    assert volume.acquisition.notes == ("Voxels without a finite value, taken as not scanned: 2.",)


def test_sform_that_contradicts_the_voxel_size_gives_way_to_the_qform(tmp_path: Path) -> None:
    def edit(header: np.ndarray) -> None:
        header["srow_x"][0] *= 1.05

    volume = read_volume(save(phantom(grid()), tmp_path / "scan.nii", edit))

    assert volume.acquisition.notes == ("The sform contradicts the stated voxel size; the qform was used.",)
    assert_in_place(volume)


def no_orientation(header: np.ndarray) -> None:
    header["sform_code"] = header["qform_code"] = 0


def swapped_sides(header: np.ndarray) -> None:
    header["srow_x"] *= -1


def broken_sform_only(header: np.ndarray) -> None:
    header["srow_z"][0, 2] = 9
    header["qform_code"] = 0


def flat(header: np.ndarray) -> None:
    header["srow_z"] = header["srow_y"]
    header["qform_code"] = 0


def not_a_number(header: np.ndarray) -> None:
    header["pixdim"][0][1:4] = np.nan


def zero_spacing(header: np.ndarray) -> None:
    header["pixdim"][0][3] = 0


def no_rotation(header: np.ndarray) -> None:
    header["sform_code"] = 0
    header["quatern_b"] = 7


def negative_size(header: np.ndarray) -> None:
    header["dim"][0][2] = -46


def no_axes(header: np.ndarray) -> None:
    header["dim"][0][0] = 0


def too_many_axes(header: np.ndarray) -> None:
    header["dim"][0][0] = 9


def several_volumes(header: np.ndarray) -> None:
    header["dim"][0][:] = [4, 40, 46, 6, 2, 1, 1, 1]


def two_dimensions(header: np.ndarray) -> None:
    header["dim"][0][:] = [2, 40, 46, 1, 1, 1, 1, 1]


def colours(header: np.ndarray) -> None:
    header["datatype"] = 128


def unknown_type(header: np.ndarray) -> None:
    header["datatype"] = 9999


def huge(header: np.ndarray) -> None:
    header["dim"][0][1:4] = 32767


def large(header: np.ndarray) -> None:
    header["dim"][0][1:4] = [512, 512, 700]


def longer_than_the_file(header: np.ndarray) -> None:
    header["dim"][0][3] = 13


def voxels_within_the_header(header: np.ndarray) -> None:
    header["vox_offset"] = 100


def voxels_nowhere(header: np.ndarray) -> None:
    header["vox_offset"] = np.nan


def voxels_far_away(header: np.ndarray) -> None:
    header["vox_offset"] = 1e12


def no_intercept(header: np.ndarray) -> None:
    header["scl_slope"], header["scl_inter"] = 1, np.nan


def half_a_pair(header: np.ndarray) -> None:
    header["magic"] = b"ni1"


@pytest.mark.parametrize(
    ("edit", "code"),
    [
        (no_orientation, RefusalCode.ORIENTATION_UNKNOWN),
        (swapped_sides, RefusalCode.ORIENTATION_UNKNOWN),
        (broken_sform_only, RefusalCode.GEOMETRY_UNREADABLE),
        (flat, RefusalCode.GEOMETRY_UNREADABLE),
        (not_a_number, RefusalCode.GEOMETRY_UNREADABLE),
        (zero_spacing, RefusalCode.GEOMETRY_UNREADABLE),
        (no_rotation, RefusalCode.GEOMETRY_UNREADABLE),
        (several_volumes, RefusalCode.GEOMETRY_UNREADABLE),
        (two_dimensions, RefusalCode.COVERAGE_INCOMPLETE),
        (negative_size, RefusalCode.CORRUPT_FILE),
        (no_axes, RefusalCode.CORRUPT_FILE),
        (too_many_axes, RefusalCode.CORRUPT_FILE),
        (colours, RefusalCode.NOT_HU),
        (unknown_type, RefusalCode.CORRUPT_FILE),
        (huge, RefusalCode.TOO_LARGE),
        (large, RefusalCode.CORRUPT_FILE),
        (longer_than_the_file, RefusalCode.CORRUPT_FILE),
        (voxels_within_the_header, RefusalCode.CORRUPT_FILE),
        (voxels_nowhere, RefusalCode.CORRUPT_FILE),
        (voxels_far_away, RefusalCode.CORRUPT_FILE),
        (no_intercept, RefusalCode.CORRUPT_FILE),
        (half_a_pair, RefusalCode.CORRUPT_FILE),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_bad_headers_are_refused(tmp_path: Path, edit: Edit, code: RefusalCode, packed: bool) -> None:
    path = save(phantom(grid()), tmp_path / "scan.nii", edit)
    if packed:
        path.write_bytes(gzip.compress(path.read_bytes()))

    assert refusal_of(path).code == code


@pytest.mark.parametrize("spacing", [(0.05, 4, 5), (11, 4, 5), (4, 4, 61)])
def test_impossible_spacing_is_refused(tmp_path: Path, spacing: tuple[float, float, float]) -> None:
    path = save(phantom(grid(spacing)), tmp_path / "scan.nii")

    assert refusal_of(path).code == RefusalCode.GEOMETRY_UNREADABLE


def test_few_slices_are_refused(tmp_path: Path) -> None:
    path = save(phantom(grid(), (40, 46, 4)), tmp_path / "scan.nii")

    assert refusal_of(path).code == RefusalCode.COVERAGE_INCOMPLETE


def test_truncated_and_flipped_gzip_is_refused(tmp_path: Path) -> None:
    whole = gzip.compress(save(phantom(grid()), tmp_path / "scan.nii").read_bytes())
    cut = tmp_path / "cut.nii.gz"
    cut.write_bytes(whole[: len(whole) // 2])
    wrong_sum = tmp_path / "sum.nii.gz"
    wrong_sum.write_bytes(whole[:-8] + bytes(8))

    assert refusal_of(cut).code == RefusalCode.CORRUPT_FILE
    assert refusal_of(wrong_sum).code == RefusalCode.CORRUPT_FILE


def test_gzip_bomb_stops_at_the_limit(tmp_path: Path) -> None:
    image = phantom(grid())
    plain = save(image, tmp_path / "scan.nii").read_bytes()
    bomb = tmp_path / "bomb.nii.gz"
    bomb.write_bytes(gzip.compress(plain[:352] + bytes(1 << 22)))

    small = ReadLimits(max_uncompressed_bytes=20_000)
    assert refusal_of(bomb, small).code == RefusalCode.TOO_LARGE
    dense = ReadLimits(max_compression_ratio=2, ratio_free_bytes=10_000)
    assert refusal_of(bomb, dense).code == RefusalCode.TOO_LARGE
    assert read_volume(bomb).hu.shape == SHAPE  # what follows the voxels is never unpacked


def test_random_headers_never_escape_as_other_exceptions(tmp_path: Path) -> None:
    plain = bytearray(save(phantom(grid()), tmp_path / "scan.nii").read_bytes())
    generator = np.random.default_rng(7)
    path = tmp_path / "fuzzed.nii"
    refused = 0
    for _ in range(300):
        data = bytearray(plain)
        for at in generator.integers(4, 344, size=6):
            data[at] = generator.integers(256)
        path.write_bytes(data[: generator.integers(300, len(data))] if generator.random() < 0.2 else data)
        try:
            volume = read_volume(path)
        except ScanRefused:
            refused += 1
        else:
            assert np.isfinite(volume.hu).all()
    assert refused > 50


def test_reading_leaves_nothing_behind(tmp_path: Path) -> None:
    path = save(phantom(grid()), tmp_path / "scan.nii")
    read_volume(path)

    assert list(tmp_path.iterdir()) == [path]

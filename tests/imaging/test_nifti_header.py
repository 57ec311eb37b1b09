"""NIfTI headers as read and written here, held to nibabel; and that a reading loads no library in vain."""

import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from imaging.nifti_header import header_bytes, nifti_file, parsed_header

KINDS = {348: nib.Nifti1Header, 540: nib.Nifti2Header}


def drawn(seed: int, size: int, order: str) -> nib.Nifti1Header:
    """A header with every field that matters filled at random."""
    rng = np.random.default_rng(seed)
    header = KINDS[size](endianness=order)
    header.set_data_dtype(rng.choice(["u1", "i2", "i4", "f4", "f8", "u2", "i8"]))
    header.set_data_shape(rng.integers(1, 300, rng.integers(3, 6)))
    header["scl_slope"], header["scl_inter"] = rng.normal(), rng.normal()
    header["vox_offset"] = 352 + 16 * rng.integers(0, 9)
    header["xyzt_units"] = rng.integers(0, 4)
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * rng.uniform(0.3, 6, 3)
    affine[:3, 3] = rng.normal(0, 100, 3)
    header.set_qform(affine, code=1)
    header.set_sform(affine + np.pad(rng.normal(0, 0.2, (3, 4)), ((0, 1), (0, 0))), code=int(rng.integers(0, 3)))
    header["magic"] = rng.choice([b"n+1", b"ni1"] if size == 348 else [b"n+2", b"ni2"])
    return header


@pytest.mark.parametrize("size", [348, 540])
@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("seed", range(12))
def test_says_what_nibabel_says(seed: int, size: int, order: str) -> None:
    theirs = drawn(seed, size, order)
    head = theirs.binaryblock
    assert header_bytes(head + bytes(600)) == size
    ours = parsed_header(head)
    assert ours.sizes == tuple(int(n) for n in theirs.get_data_shape())
    assert ours.number_type == theirs.get_data_dtype()
    assert ours.is_pair == (bytes(theirs["magic"])[:2] == b"ni")
    assert (ours.slope, ours.intercept) == (float(theirs["scl_slope"]), float(theirs["scl_inter"]))
    assert (ours.voxels_from, ours.units) == (float(theirs["vox_offset"]), int(theirs["xyzt_units"]))
    assert ours.voxel_sizes == pytest.approx(np.abs(theirs["pixdim"][1:4].astype(float)))
    assert ours.qform == pytest.approx(theirs.get_qform(), abs=1e-4)
    if theirs["sform_code"] > 0:
        assert ours.sform == pytest.approx(theirs.get_sform())
    else:
        assert ours.sform is None


def test_a_quaternion_that_is_no_rotation_gives_no_matrix() -> None:
    header = drawn(1, 348, "<")
    header["quatern_b"], header["quatern_c"] = 0.9, 0.9
    assert (parsed_header(header.binaryblock).qform == 0).all()
    header["quatern_b"] = np.nan
    assert (parsed_header(header.binaryblock).qform == 0).all()


def test_number_types_and_axes_that_mean_nothing_are_unknown() -> None:
    header = drawn(2, 348, "<")
    header["datatype"], header["dim"][0] = 77, 9
    ours = parsed_header(header.binaryblock)
    assert (ours.number_type, ours.sizes) == (None, None)


@pytest.mark.parametrize("head", [b"", b"\x5c\x01\x00\x00", bytes(348), b"PK\x03\x04" + bytes(600)])
def test_other_bytes_are_no_header(head: bytes) -> None:
    assert header_bytes(head) is None


@pytest.mark.parametrize("number_type", [np.uint8, np.int16, np.float32])
def test_what_is_written_is_read_back_by_nibabel(tmp_path: Path, number_type: type[np.number]) -> None:
    values = np.arange(60).reshape(3, 4, 5).astype(number_type)
    affine = np.array([[-0.5, 0, 0, 10], [0, 0.5, 1.5, -20], [0, 0, 5, 30], [0, 0, 0, 1.0]])  # sheared, as by a tilt
    (tmp_path / "map.nii").write_bytes(nifti_file(values, affine, "a map", 0.1))
    image = nib.Nifti1Image.from_filename(tmp_path / "map.nii")
    assert np.asarray(image.dataobj) == pytest.approx(values * 0.1)
    assert image.affine == pytest.approx(affine)
    assert image.get_data_dtype() == number_type
    assert image.header.get_xyzt_units()[0] == "mm"
    assert bytes(image.header["descrip"]).rstrip(b"\0") == b"a map"


def test_reading_loads_no_library_that_the_file_does_not_need() -> None:
    loaded = subprocess.run(
        [sys.executable, "-c", "import imaging.reading, imaging.outputs, sys; print(*sys.modules)"],
        capture_output=True, text=True, check=True,
    ).stdout.split()  # fmt: skip
    assert not {"pydicom", "nibabel", "imaging.dicom"} & set(loaded)

"""Every reason for which a scan gets no score, reached with a file and through ``read_ct``; each with a remedy."""

import gzip
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from pydicom.uid import MRImageStorage

from imaging import read_ct
from imaging.nifti_header import nifti_file
from imaging.refusals import RefusalCode
from imaging.volume import CtVolume
from tests.imaging.dicom_files import series, write
from tests.imaging.phantom import make_phantom, plain_phantom, with_ball

OF_THE_SERVICE = {RefusalCode.READING_FAILED}
"""No scan can cause it."""

Maker = Callable[[Path], Path]


def saved(volume: CtVolume, folder: Path) -> Path:
    path = folder / "scan.nii"
    path.write_bytes(nifti_file(np.rint(volume.hu).astype(np.int16), volume.affine_ras_mm, "phantom"))
    return path


def changed(change: Callable[[np.ndarray], np.ndarray]) -> Maker:
    """The phantom with other densities."""
    return lambda folder: saved(replace(plain_phantom(), hu=change(plain_phantom().hu.copy())), folder)


def with_vessels(folder: Path) -> Path:
    volume = plain_phantom()
    for x in (-35.0, -15.0, 15.0, 35.0):
        for y in (-30.0, 10.0):
            volume = with_ball(volume, (x, y, 0.0), 1.5, 220.0)
    return saved(volume, folder)


def moved(folder: Path) -> Path:
    hu = plain_phantom().hu.copy()
    hu[:, :, 15:] = np.roll(hu[:, :, 15:], 12, axis=0)
    return saved(replace(plain_phantom(), hu=hu), folder)


def magnetic_resonance(folder: Path) -> Path:
    datasets = series()
    for dataset in datasets:
        dataset.Modality = "MR"
        dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = MRImageStorage
    return write(folder, datasets)


def without_positions(folder: Path) -> Path:
    datasets = series()
    for dataset in datasets:
        del dataset.ImagePositionPatient
    return write(folder, datasets)


def of_two_patients(folder: Path) -> Path:
    datasets = series()
    datasets[3].PatientID = "another"
    return write(folder, datasets)


def with_a_slice_missing(folder: Path) -> Path:
    datasets = series()
    return write(folder, datasets[:5] + datasets[6:])


def in_unknown_syntax(folder: Path) -> Path:
    for path in sorted(write(folder, series()).iterdir()):
        data = path.read_bytes()
        path.write_bytes(data.replace(b"1.2.840.10008.1.2.1\0", b"1.2.840.10008.1.2.9\0"))
    return folder


def without_orientation(folder: Path) -> Path:
    path = saved(plain_phantom(), folder)
    head = bytearray(path.read_bytes())
    head[252:256] = bytes(4)  # neither qform nor sform
    path.write_bytes(head)
    return path


def bomb(folder: Path) -> Path:
    path = folder / "scan.nii.gz"
    head = nifti_file(np.zeros((8, 8, 8), np.int16), np.diag([1.0, 1.0, 1.0, 1.0]), "")[:352]
    sizes = np.frombuffer(head, dtype="<i2", count=8, offset=40).copy()
    sizes[1:4] = 512, 512, 500
    path.write_bytes(gzip.compress(head[:40] + sizes.tobytes() + head[56:] + bytes(2 * 512 * 512 * 500)))
    return path


def noise_in_a_skull(folder: Path) -> Path:
    hu = plain_phantom().hu
    noise = np.random.default_rng(3).normal(35, 3, hu.shape)
    i, j, k = np.indices(hu.shape)
    ball = np.sqrt(
        (i - 104.0) ** 2 + (j - 104.0) ** 2 + (5 * (k - 14.0)) ** 2
    )  # a skull of another shape, no ventricles
    return saved(replace(plain_phantom(), hu=np.select([ball < 58, ball < 66], [noise, 900], -1000)), folder)


def water_bottle(folder: Path) -> Path:
    i, j, _ = np.indices(plain_phantom().hu.shape)
    hu = np.where(np.hypot(i - 104, j - 104) < 80, 30.0, -1000.0)
    hu[:8, :8] = 1000.0  # the table
    return saved(replace(plain_phantom(), hu=hu), folder)


MAKERS: dict[RefusalCode, Maker] = {
    RefusalCode.NOT_CT: magnetic_resonance,
    RefusalCode.NOT_HU: changed(lambda hu: np.clip(hu, 0, 80)),
    RefusalCode.NOT_A_HEAD: water_bottle,
    RefusalCode.NO_BRAIN: changed(lambda hu: np.where(hu > 200, hu, -1000)),
    RefusalCode.COVERAGE_INCOMPLETE: lambda folder: saved(make_phantom(z_range_mm=(14.0, 84.0), slice_mm=4.0), folder),
    RefusalCode.CONTRAST_ENHANCED: with_vessels,
    RefusalCode.BONE_KERNEL: lambda folder: saved(make_phantom(noise_hu=60.0, slice_mm=7.0), folder),
    RefusalCode.SLICES_TOO_THICK: lambda folder: saved(make_phantom(slice_mm=12.0), folder),
    RefusalCode.GEOMETRY_UNREADABLE: without_positions,
    RefusalCode.SLICES_MISSING: with_a_slice_missing,
    RefusalCode.REGISTRATION_FAILED: noise_in_a_skull,
    RefusalCode.HAEMORRHAGE_SUSPECTED: lambda folder: saved(
        with_ball(plain_phantom(), (-26.0, 0.0, 4.0), 10.0, 62.0), folder
    ),
    RefusalCode.ORIENTATION_UNKNOWN: without_orientation,
    RefusalCode.METAL_ARTEFACT: lambda folder: saved(
        with_ball(plain_phantom(), (-30.0, 10.0, 20.0), 1.0, 3000.0), folder
    ),
    RefusalCode.MOTION_ARTEFACT: moved,
    RefusalCode.SEVERAL_PATIENTS: of_two_patients,
    RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX: in_unknown_syntax,
    RefusalCode.TOO_LARGE: bomb,
    RefusalCode.CORRUPT_FILE: lambda folder: (folder / "scan.nii", (folder / "scan.nii").write_bytes(b"no scan"))[0],
}
"""For each code a file that is wrong in that one way."""


def test_every_code_has_a_file_that_reaches_it() -> None:
    assert set(MAKERS) == set(RefusalCode) - OF_THE_SERVICE


@pytest.mark.parametrize("code", MAKERS, ids=str)
def test_a_scan_is_refused_for_what_is_wrong_with_it(code: RefusalCode, tmp_path: Path) -> None:
    reading = read_ct(MAKERS[code](tmp_path))
    assert reading.refusal is not None, reading.total
    assert reading.refusal.code is code, reading.refusal.text
    for sentence in (reading.refusal.text, reading.refusal.remedy):
        assert sentence[0].isupper()
        assert sentence.endswith(".")
    words = reading.refusal.remedy.split()
    assert len(words) > 2
    assert any(word.strip(",.") in {"Send", "Scan", "Read", "Check", "Have", "Convert", "Export"} for word in words)
    answer = reading.to_json()
    assert answer["status"] == "refused"
    assert "total" not in answer

"""Real scans: each is read where it lies, or refused for what is wrong with it."""

import time
from pathlib import Path

import numpy as np
import pytest

from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import fingerprint, read_volume

pytestmark = pytest.mark.shared

LAST_FINE_SLICE = 13
"""Of ge-tilt-uneven, counted from 0; the first thick slice lies 1.1 mm above it."""


def test_tilted_uneven_head(shared: Path) -> None:
    volume = read_volume(shared / "scans/ge-tilt-uneven")

    assert volume.hu.shape == (512, 512, 28)
    assert volume.gantry_tilt_degrees == pytest.approx(18.5, abs=0.01)
    cosine = np.cos(np.radians(18.5))
    expected = [4.22 * cosine] * 13 + [1.14 * cosine] + [7.38 * cosine] * 13
    np.testing.assert_allclose(volume.gaps_mm, expected, atol=0.01)
    assert not volume.is_evenly_spaced
    np.testing.assert_allclose(volume.slice_origins_mm[0], [125, 123.5404569, 5.8360586], atol=1e-6)
    np.testing.assert_allclose(volume.step_i_mm, [-0.4882812, 0, 0], atol=1e-6)
    assert volume.hu.min() == -1024
    assert volume.acquisition.kernel == "STD+"
    assert volume.acquisition.notes == ("Slices are unevenly spaced (1.1 to 7.0 mm) and were kept as they are.",)


def test_thick_tilted_head(shared: Path) -> None:
    volume = read_volume(shared / "scans/siemens-thick-tilt")

    assert volume.hu.shape == (512, 512, 14)
    assert volume.gantry_tilt_degrees == pytest.approx(6, abs=0.01)
    assert set(volume.gaps_mm.round(1)) == {8.9, 9.0}
    assert volume.acquisition.slice_thickness_mm == 9
    assert volume.acquisition.tube_voltage_kv == 130
    assert volume.acquisition.acquired_at == "2020-01-01T16:07:22"
    assert volume.acquisition.notes == ()


def test_thin_nifti_head(shared: Path) -> None:
    for path in (shared / "scans/head-thin-nifti", shared / "scans/head-thin-nifti/Cranium.nii.gz"):
        volume = read_volume(path)
        assert volume.hu.shape == (256, 256, 108)
        assert volume.spacing_mm == pytest.approx((0.957031, 0.957031))
        assert volume.step_i_mm[0] < 0
        assert volume.gaps_mm == pytest.approx(1.5)


@pytest.mark.parametrize("name", ["CT_pitch.nii.gz", "CT_AVM.nii.gz"])
def test_files_with_sound_headers_are_left_to_the_checks(shared: Path, name: str) -> None:
    volume = read_volume(shared / "scans/not-a-head-ct" / name)

    assert volume.hu.min() == 0
    assert np.linalg.det(volume.affine_ras_mm) > 0


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("nm-multiframe-offset-hu.dcm", RefusalCode.NOT_CT),
        ("noise-gantry-tilt", RefusalCode.COVERAGE_INCOMPLETE),
        ("noise-gantry-tilt/001", RefusalCode.COVERAGE_INCOMPLETE),
        ("noise-missing-slice/001", RefusalCode.SLICES_MISSING),
        ("noise-missing-slice/002", RefusalCode.SLICES_MISSING),
        ("noise-missing-slice", RefusalCode.SLICES_MISSING),
    ],
)
def test_bad_headers_are_refused(shared: Path, name: str, code: RefusalCode) -> None:
    with pytest.raises(ScanRefused) as caught:
        read_volume(shared / "scans/bad-headers" / name)

    assert caught.value.code == code


@pytest.mark.parametrize("lost", range(1, 27))
def test_a_slice_lost_from_the_uneven_head_is_noticed(shared: Path, tmp_path: Path, lost: int) -> None:
    for path in sorted((shared / "scans/ge-tilt-uneven").iterdir()):
        (tmp_path / path.name).symlink_to(path)
    (tmp_path / f"{lost + 1:02d}.dcm").unlink()
    if lost == LAST_FINE_SLICE:
        # Its neighbour lies 1.1 mm away: without it the fine slices still meet the thick ones.
        assert read_volume(tmp_path).slice_count == 27
        return
    with pytest.raises(ScanRefused) as caught:
        read_volume(tmp_path)
    assert caught.value.code == RefusalCode.SLICES_MISSING


def test_fingerprints_are_stable_and_distinct(shared: Path) -> None:
    names = ("ge-tilt-uneven", "siemens-thick-tilt", "head-thin-nifti")
    first = [fingerprint(shared / "scans" / name) for name in names]

    assert first == [fingerprint(shared / "scans" / name) for name in names]
    assert len(set(first)) == 3


def test_reading_is_quick(shared: Path) -> None:
    """Measured 0.1 s; the allowance is for a busy machine."""
    fastest = min(_seconds(shared / "scans/ge-tilt-uneven") for _ in range(3))

    assert fastest < 1


def _seconds(path: Path) -> float:
    start = time.perf_counter()
    read_volume(path)
    return time.perf_counter() - start

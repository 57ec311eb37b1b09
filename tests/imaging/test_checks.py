"""Every gate, on the phantom with one thing wrong; and volumes that no gate was written for."""

from dataclasses import replace

import numpy as np
import pytest

from imaging import checks
from imaging.reading import read_volume_of
from imaging.refusals import RefusalCode, ScanRefused
from imaging.volume import Acquisition, CtVolume
from scoring.regions import Region, Side
from tests.imaging.phantom import make_phantom, plain_phantom, plain_reading, with_ball

FULL = {side: dict.fromkeys(Region, 1.0) for side in Side}


def refusal(volume: CtVolume) -> RefusalCode | None:
    reading, artefacts = read_volume_of(volume)
    assert (artefacts is None) == (reading.status == "refused")
    return reading.refusal.code if reading.refusal else None


def stack(hu: np.ndarray, spacing: tuple[float, float, float] = (1.0, 1.0, 5.0)) -> CtVolume:
    origins = np.zeros((hu.shape[2], 3))
    origins[:, 2] = np.arange(hu.shape[2]) * spacing[2]
    step_i, step_j = np.array([-spacing[0], 0, 0]), np.array([0, -spacing[1], 0])
    return CtVolume(hu.astype(np.float32), step_i, step_j, origins, Acquisition("nifti"))


def with_kernel(kernel: str) -> CtVolume:
    volume = plain_phantom()
    return replace(volume, acquisition=replace(volume.acquisition, kernel=kernel))


def test_a_window_is_not_hounsfield() -> None:
    volume = plain_phantom()
    assert refusal(replace(volume, hu=np.clip(volume.hu, 0, 80))) is RefusalCode.NOT_HU


def test_shifted_values_are_not_hounsfield() -> None:
    volume = plain_phantom()
    assert refusal(replace(volume, hu=volume.hu + np.float32(35))) is RefusalCode.NOT_HU


@pytest.mark.parametrize(
    ("shape", "spacing", "code"),
    [
        ((64, 64, 20), (1.0, 1.0, 5.0), RefusalCode.NOT_A_HEAD),
        ((600, 600, 6), (1.0, 1.0, 5.0), RefusalCode.NOT_A_HEAD),
        ((200, 200, 1), (1.0, 1.0, 5.0), RefusalCode.COVERAGE_INCOMPLETE),
        ((200, 200, 20), (1.0, 1.0, 1.0), RefusalCode.COVERAGE_INCOMPLETE),
        ((200, 200, 12), (1.0, 1.0, 12.0), RefusalCode.SLICES_TOO_THICK),
    ],
)
def test_size_and_spacing(shape: tuple[int, int, int], spacing: tuple[float, float, float], code: RefusalCode) -> None:
    assert refusal(stack(np.full(shape, -1000.0), spacing)) is code


def test_a_thick_slice_is_refused_even_if_slices_overlap() -> None:
    volume = plain_phantom()
    thick = replace(volume, acquisition=replace(volume.acquisition, slice_thickness_mm=12.0))
    assert refusal(thick) is RefusalCode.SLICES_TOO_THICK


def test_bone_without_brain() -> None:
    volume = plain_phantom()
    assert refusal(replace(volume, hu=np.where(volume.hu > 200, volume.hu, -1000))) is RefusalCode.NO_BRAIN


def test_a_water_cylinder_is_no_head() -> None:
    i, j, _ = np.indices((200, 200, 30))
    radius = np.hypot(i - 100, j - 100)
    hu = np.where(radius < 80, 30.0, -1000.0)
    hu[:8, :8] = 1000.0
    assert refusal(stack(hu)) is RefusalCode.NOT_A_HEAD


def test_noise_is_no_head() -> None:
    hu = np.random.default_rng(1).uniform(-1000, 2500, (200, 200, 24))
    assert refusal(stack(hu)) in {RefusalCode.NO_BRAIN, RefusalCode.NOT_A_HEAD}


@pytest.mark.parametrize("kernel", ["BONEPLUS", "H70h", "Hr64f/3", "EDGE", "B80s", "FC30", "YE"])
def test_bone_kernels_by_name(kernel: str) -> None:
    assert refusal(with_kernel(kernel)) is RefusalCode.BONE_KERNEL


@pytest.mark.parametrize("kernel", ["STANDARD", "SOFT", "H30s", "J40s", "FC26", "UB", "Hr38f", "STD+"])
def test_soft_kernels_pass(kernel: str) -> None:
    checks.check_kernel(with_kernel(kernel), 5.0)


def test_noise_like_that_of_a_bone_kernel() -> None:
    assert refusal(make_phantom(noise_hu=60.0, slice_mm=7.0)) is RefusalCode.BONE_KERNEL


def test_noise_is_measured() -> None:
    reading, _ = plain_reading()
    assert reading.quality["noise_hu"] == pytest.approx(3.0, abs=0.4)


@pytest.mark.parametrize("z_range_mm", [(-62.0, 8.0), (14.0, 84.0)])
def test_half_a_head_is_refused(z_range_mm: tuple[float, float]) -> None:
    code = refusal(make_phantom(z_range_mm=z_range_mm, slice_mm=4.0))
    assert code in {RefusalCode.COVERAGE_INCOMPLETE, RefusalCode.REGISTRATION_FAILED}


def test_coverage_counts_both_sides_and_levels() -> None:
    checks.check_coverage(FULL)
    one = {**FULL, Side.LEFT: {**FULL[Side.LEFT], Region.M1: 0.2}}
    checks.check_coverage(one)
    without_level = {**FULL, Side.RIGHT: {**FULL[Side.RIGHT], **dict.fromkeys((Region.M4, Region.M5, Region.M6), 0.1)}}
    with pytest.raises(ScanRefused, match="M4, M5, M6"):
        checks.check_coverage(without_level)
    two_deep = {**FULL, Side.LEFT: {**FULL[Side.LEFT], Region.C: 0.0, Region.L: 0.3}}
    with pytest.raises(ScanRefused, match="C, L"):
        checks.check_coverage(two_deep)


def test_enhanced_vessels_are_contrast() -> None:
    volume = plain_phantom()
    for x in (-35.0, -15.0, 15.0, 35.0):
        for y in (-30.0, 10.0):
            volume = with_ball(volume, (x, y, 0.0), 1.5, 220.0)
    assert refusal(volume) is RefusalCode.CONTRAST_ENHANCED


def test_recorded_contrast_needs_less_to_be_believed() -> None:
    volume = plain_phantom()
    recorded = replace(volume, acquisition=replace(volume.acquisition, contrast_agent="IOHEXOL"))
    checks.check_contrast(recorded, 0.5)
    checks.check_contrast(volume, 5.0)
    with pytest.raises(ScanRefused):
        checks.check_contrast(recorded, 5.0)


def test_metal_in_scored_slices() -> None:
    assert refusal(with_ball(plain_phantom(), (-30.0, 10.0, 20.0), 1.0, 3000.0)) is RefusalCode.METAL_ARTEFACT


def test_refusals_say_what_to_do_and_nothing_about_the_patient() -> None:
    with pytest.raises(ScanRefused) as caught:
        checks.check_brain_density(None)
    assert caught.value.remedy.startswith("Send")
    assert caught.value.text.endswith(".")


def test_noise_that_hides_the_brain_is_told_as_such() -> None:
    volume = plain_phantom()
    noise = np.random.default_rng(8).normal(0, 200, volume.hu.shape).astype(np.float32)
    assert refusal(replace(volume, hu=np.clip(volume.hu + noise, -1024, 3071))) is RefusalCode.BONE_KERNEL


def test_metal_in_the_brain_is_named_before_it_spoils_the_registration() -> None:
    volume = with_ball(plain_phantom(), (-25.0, -5.0, 20.0), 5.0, 3050.0)
    assert refusal(volume) is RefusalCode.METAL_ARTEFACT

"""Which series of an upload is read, and that the choice is told."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from imaging.kernels import is_sharp
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import read_volume
from imaging.volume import CtVolume
from tests.imaging.dicom_files import series, write

HEIGHTS = tuple(range(0, 130, 5))


def named(uid: str, heights: tuple[float, ...] = HEIGHTS, **changes: object) -> list[Dataset]:
    return series(heights, SeriesInstanceUID=f"1.2.3.{uid}", **changes)


def chosen(folder: Path, *candidates: list[Dataset]) -> CtVolume:
    for n, slices in enumerate(candidates):
        write(folder, slices, prefix=f"{n}-")
    return read_volume(folder)


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        (named("1"), named("2", ConvolutionKernel="H70h")),
        (named("1"), named("2", ContrastBolusAgent="Iodine")),
        (named("1"), named("2", ImageType=["DERIVED", "SECONDARY", "MPR"])),
        (named("1"), named("2", ImageOrientationPatient=[0, 1, 0, 0, 0, -1])),
        (named("1"), named("2", (0, 5, 10, 15, 20, 25))),
        (named("1"), named("2", SliceThickness=0.6, heights=tuple(range(60)))),
        (named("1"), named("2", AcquisitionDate="20240101")),
        (named("1", ConvolutionKernel="FC21"), named("2", AcquisitionDate="20240101", SliceThickness=5)),
        (
            named("1", ImageType=["DERIVED", "SECONDARY", "AXIAL"]),
            named("2", ImageType=["DERIVED", "SECONDARY", "MIP"]),
        ),
    ],
    ids=["kernel", "contrast", "primary", "axial", "length", "thickness", "latest", "latest over all", "no projection"],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_plain_axial_soft_series_is_read(
    tmp_path: Path, wanted: list[Dataset], other: list[Dataset], first: bool
) -> None:
    volume = chosen(tmp_path, *((wanted, other) if first else (other, wanted)))

    assert volume.acquisition.series_uid == "1.2.3.1"
    assert volume.acquisition.notes


def test_a_reformatted_series_is_read_if_there_is_no_other(tmp_path: Path) -> None:
    volume = chosen(tmp_path, named("1", ImageType=["DERIVED", "SECONDARY", "REFORMATTED", "AVERAGE"]))

    assert volume.acquisition.notes == ("The images are marked as computed after the scan (secondary).",)


def test_two_kernels_under_one_series_uid_are_two_stacks(tmp_path: Path) -> None:
    volume = chosen(tmp_path, named("1"), named("1", ConvolutionKernel="BONE"))

    assert volume.acquisition.kernel == "H30s"
    assert volume.acquisition.notes == ("2 stacks of slices were found; one of 26 slices was read.",)


def test_a_broken_series_gives_way_to_another_of_its_study(tmp_path: Path) -> None:
    broken = named("1")
    del broken[10]
    volume = chosen(tmp_path, broken, named("2", SliceThickness=7))

    assert volume.acquisition.series_uid == "1.2.3.2"
    assert "A series that seemed better was passed over (SLICES_MISSING)." in volume.acquisition.notes


def test_a_broken_series_never_gives_way_to_another_day(tmp_path: Path) -> None:
    broken = named("1")
    del broken[10]
    with pytest.raises(ScanRefused) as caught:
        chosen(tmp_path, broken, named("2", StudyInstanceUID="1.2.3.99", AcquisitionDate="20240101"))

    assert caught.value.code == RefusalCode.SLICES_MISSING


def test_several_studies_are_told(tmp_path: Path) -> None:
    older = named("2", StudyInstanceUID="1.2.3.99", AcquisitionDate="20240101")
    volume = chosen(tmp_path, named("1"), older)

    assert volume.acquisition.notes[1].startswith("The upload holds 2 studies")


@pytest.mark.parametrize("kernel", ["H60s", "Hr64f/3", "J70h", "BONEPLUS", "EDGE", "LUNG", "YD", "E", "FC30", "FC81"])
def test_sharp_kernels(kernel: str) -> None:
    assert is_sharp(kernel)


@pytest.mark.parametrize(
    "kernel", ["H30s", "Hr36f/2", "J40s", "STANDARD", "STD+", "SOFT", "UB", "B", "FC21", "FC68", None]
)
def test_soft_kernels(kernel: str | None) -> None:
    assert not is_sharp(kernel)

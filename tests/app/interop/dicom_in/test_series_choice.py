"""Which series of a study is read, and what is said of the others."""

from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from app.interop.dicom_in.series_choice import Choice, choose
from app.interop.dicom_in.sorting import headers_of
from imaging.dicom_headers import SliceHeader
from tests.imaging.dicom_files import series, write

HEAD = tuple(range(0, 125, 5))


def headers(folder: Path, *groups: list[Dataset]) -> list[SliceHeader]:
    found: list[SliceHeader] = []
    for number, group in enumerate(groups):
        for one in group:
            one.SeriesInstanceUID = f"1.2.{number}"
        for path in write(folder / str(number), group).iterdir():
            found += headers_of(path)
    return found


def codes(choice: Choice) -> dict[str, str]:
    return {account.series_uid or "": account.code for account in choice.accounts}


@pytest.mark.parametrize(
    ("worse", "code"),
    [
        ({"ConvolutionKernel": "H70h"}, "BONE_KERNEL"),
        ({"ContrastBolusAgent": "Iomeprol"}, "CONTRAST"),
        ({"ImageType": ["DERIVED", "SECONDARY", "AXIAL"]}, "COMPUTED"),
        ({"ImageOrientationPatient": [1, 0, 0, 0, 0, -1]}, "NOT_AXIAL"),
        ({"SliceThickness": 0.6}, "SLICE_THICKNESS"),
        ({"AcquisitionDate": "20250101"}, "EARLIER_DAY"),
        ({}, "SAME_AS_TAKEN"),
    ],
)
def test_the_plain_head_series_is_taken_and_the_other_is_left_for_the_reason_that_decided(
    tmp_path: Path, worse: dict[str, object], code: str
) -> None:
    choice = choose(headers(tmp_path, series(HEAD), series(HEAD, **worse)), [])
    assert codes(choice) == {"1.2.0": "TAKEN", "1.2.1": code}
    assert len(choice.slices) == len(HEAD)
    assert {one.file.series_uid for one in choice.slices} == {"1.2.0"}


def test_a_series_shorter_than_a_head_and_a_single_slice_are_left(tmp_path: Path) -> None:
    choice = choose(headers(tmp_path, series(HEAD), series(HEAD[:4]), series(HEAD[:1])), [])
    assert codes(choice) == {"1.2.0": "TAKEN", "1.2.1": "SHORT", "1.2.2": "SINGLE_SLICE"}


def test_a_better_series_that_does_not_stack_is_named_with_its_reason(tmp_path: Path) -> None:
    broken = series(HEAD)
    for one in broken:
        del one.ImagePositionPatient
    choice = choose(headers(tmp_path, broken, series(HEAD, ConvolutionKernel="H70h")), [])
    assert codes(choice)["1.2.1"] == "TAKEN"
    assert codes(choice)["1.2.0"] in {"GEOMETRY_UNREADABLE", "ORIENTATION_UNKNOWN", "SHORT"}


def test_objects_that_are_no_slices_are_counted_by_series_and_reason(tmp_path: Path) -> None:
    choice = choose(headers(tmp_path, series(HEAD)), [("1.2.9", "NOT_CT", "It is none.")] * 3)
    assert [(one.series_uid, one.code, one.images) for one in choice.accounts[1:]] == [("1.2.9", "NOT_CT", 3)]


def test_nothing_readable_is_told_as_such(tmp_path: Path) -> None:
    assert choose([], [("1.2.9", "NOT_CT", "It is none.")]).refusal == "NOT_CT"
    different = choose(headers(tmp_path, series(HEAD, RescaleType="IODINE")), [])
    assert different.slices == ()
    assert different.refusal == "NOT_HU"


def test_free_text_of_the_files_is_no_part_of_the_account(tmp_path: Path) -> None:
    one = series(HEAD, SeriesDescription="MILLER JOHN", ConvolutionKernel="MILLER JOHN " * 4)
    (account,) = choose(headers(tmp_path, one), []).accounts
    assert "MILLER" not in str(account.to_json())

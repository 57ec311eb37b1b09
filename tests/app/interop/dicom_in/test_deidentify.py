"""De-identified copies: what a name that was written anywhere must never do, and that the reading stays the same."""

import zipfile
from io import BytesIO
from pathlib import Path

import pydicom
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.datadict import DicomDictionary, dictionary_keyword, dictionary_VR
from pydicom.dataset import Dataset
from pydicom.uid import SecondaryCaptureImageStorage

from app.interop.dicom_in.deidentify import NotDeidentifiable, Pseudonyms, deidentify
from app.interop.dicom_in.deidentify_folder import deidentify_folder
from imaging.reading import read_ct
from tests.imaging.dicom_files import series

KEY = b"k" * 32
NAME = "ZQXWVJ"
SAMPLE = Path(__file__).parents[4] / "sample_data" / "head_ct_left_mca_dicom.zip"
_TEXT_VRS = {"AE", "AS", "CS", "LO", "LT", "PN", "SH", "ST", "UC", "UR", "UT"}
TEXTS = sorted(
    tag for tag in DicomDictionary
    if dictionary_VR(tag) in _TEXT_VRS and dictionary_keyword(tag) and 0x0008 <= tag >> 16 < 0x7FE0
)  # fmt: skip


def bytes_of(dataset: Dataset) -> bytes:
    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    return stream.getvalue()


@given(
    tags=st.lists(st.sampled_from(TEXTS), min_size=1, max_size=20),
    private=st.integers(min_value=0x0009, max_value=0x7F01).filter(lambda group: group % 2 == 1),
    nested=st.booleans(),
)
def test_a_name_in_any_text_private_element_preamble_or_trailing_byte_never_survives(
    tags: list[int], private: int, nested: bool
) -> None:
    original = series((0, 5))[0]
    for tag in tags:
        original.add_new(tag, dictionary_VR(tag), NAME)
    original.add_new((private, 0x0010), "LO", NAME)
    original.add_new((private, 0x1001), "UT", NAME)
    original.preamble = NAME.encode().ljust(128, b"\0")
    original["PixelData"].value += NAME.encode()
    if nested:
        item = Dataset()
        item.PatientName = item.ImageComments = NAME
        original.RequestAttributesSequence = [item]
        original.SharedFunctionalGroupsSequence = [item]
    if original.get("BurnedInAnnotation") == NAME:
        del original.BurnedInAnnotation
    copy = deidentify(original, Pseudonyms(KEY))
    written = bytes_of(copy)
    assert NAME.encode() not in written
    assert copy.pixel_array.tobytes() == series((0, 5))[0].pixel_array.tobytes()
    assert copy.PatientIdentityRemoved == "YES"
    assert [item.CodeValue for item in copy.DeidentificationMethodCodeSequence] == ["113100", "113107"]


def test_identifiers_are_replaced_alike_within_a_key_and_differently_beyond_it() -> None:
    first, second = series((0, 5))
    copies = [deidentify(one, Pseudonyms(KEY)) for one in (first, second)]
    other = deidentify(first, Pseudonyms(b"x" * 32))
    assert copies[0].StudyInstanceUID == copies[1].StudyInstanceUID != first.StudyInstanceUID
    assert copies[0].SOPInstanceUID != copies[1].SOPInstanceUID
    assert copies[0].PatientID == copies[1].PatientID != other.PatientID
    assert other.StudyInstanceUID != copies[0].StudyInstanceUID
    assert all(uid.is_valid for uid in (copies[0].StudyInstanceUID, copies[0].SOPInstanceUID))
    assert copies[0].StudyDate == copies[0].AcquisitionDate != first.StudyDate


@pytest.mark.parametrize(
    "change",
    [
        {"SOPClassUID": SecondaryCaptureImageStorage},
        {"BurnedInAnnotation": "YES"},
        {"ImageType": ["DERIVED", "SECONDARY"]},
        {"ImageType": ["ORIGINAL", "PRIMARY", "PATIENT_INFO"]},
    ],
)
def test_what_may_show_a_name_is_refused(change: dict[str, object]) -> None:
    original = series((0, 5))[0]
    for keyword, value in change.items():
        setattr(original, keyword, value)
    with pytest.raises(NotDeidentifiable):
        deidentify(original, Pseudonyms(KEY))


def test_a_quantity_that_is_no_density_does_not_become_one() -> None:
    assert deidentify(series((0, 5), RescaleType="IODINE")[0], Pseudonyms(KEY)).RescaleType == "OTHER"


def test_the_copies_read_to_the_same_result(tmp_path: Path) -> None:
    with zipfile.ZipFile(SAMPLE) as archive:
        archive.extractall(tmp_path / "scan")
    (tmp_path / "scan" / "notes.txt").write_text("no DICOM")
    copies = deidentify_folder(tmp_path / "scan", tmp_path / "copies", KEY)
    assert (copies.written > 10, len(copies.refused)) == (True, 1)
    before, after = (read_ct(tmp_path / name).to_json() for name in ("scan", "copies"))
    assert before["status"] == "scored"
    assert {name: after[name] for name in ("status", "side", "total", "regions")} == {
        name: before[name] for name in ("status", "side", "total", "regions")
    }
    assert pydicom.dcmread(tmp_path / "copies" / "00000.dcm").preamble == bytes(128)


@pytest.mark.shared
def test_copies_of_a_real_scan_read_to_the_same_result(tmp_path: Path, shared: Path) -> None:
    scan = shared / "scans" / "ge-tilt-uneven"
    assert deidentify_folder(scan, tmp_path / "copies", KEY).refused == ()
    before, after = (read_ct(path).to_json() for path in (scan, tmp_path / "copies"))
    assert (after["status"], after["total"], after["regions"]) == (before["status"], before["total"], before["regions"])

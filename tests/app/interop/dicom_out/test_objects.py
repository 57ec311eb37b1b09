"""Picture, page and what all objects share: what a viewer and our own reader make of them."""

import io
from datetime import datetime
from pathlib import Path

import pytest
from PIL import Image
from pydicom import dcmread
from pydicom.dataset import Dataset

from app.interop.dicom_out.documents import build_documents, write_documents
from app.interop.dicom_out.faults import SourcesUnusable
from app.interop.dicom_out.identity import Identity
from app.interop.dicom_out.page import report_page
from app.interop.dicom_out.page_words import limits, region_rows, score_line, signature_line, state_line, triage_lines
from app.interop.dicom_out.sources import read_sources
from app.interop.dicom_out.stamp import Making
from imaging.scan_file import read_volume
from scoring.regions import Region, Side
from tests.app.interop.dicom_out.conftest import Made
from tests.app.interop.dicom_out.made import MADE_AT, documents, refused, scored, signed
from tests.imaging.dicom_files import series, write


def page_of(document: Dataset) -> bytes:
    return bytes(document.EncapsulatedDocument[: document.EncapsulatedDocumentLength])


def test_the_picture_says_that_it_is_burnt_in_derived_and_of_no_side(made: Made) -> None:
    picture = made.documents["OT"]
    assert made.content.drawn is not None
    with Image.open(io.BytesIO(made.content.drawn.sheet_png)) as sheet:
        assert (picture.Columns, picture.Rows) == sheet.size
        assert bytes(picture.PixelData[:3]) == bytes(sheet.convert("RGB").getpixel((0, 0)))
    assert (picture.BurnedInAnnotation, picture.ImageType) == ("YES", ["DERIVED", "SECONDARY"])
    assert picture["Laterality"].is_empty, "an element without value"
    assert {item.ReferencedSOPInstanceUID for item in picture.SourceImageSequence} == set(made.sources.sop_uids)


def test_a_refused_scan_has_a_picture_and_a_page_but_no_segments(made_refused: Made) -> None:
    assert set(made_refused.documents) == {"SR", "OT", "DOC"}
    picture = made_refused.documents["OT"].pixel_array
    assert picture.any(), "the reason is written in it"


def test_the_page_is_one_page_of_pdf_in_an_even_number_of_bytes(made: Made) -> None:
    document = made.documents["DOC"]
    page = page_of(document)
    assert page.startswith(b"%PDF-")
    assert page.rstrip().endswith(b"%%EOF")
    assert page.count(b"/Type /Page\n") == 1
    assert len(document.EncapsulatedDocument) % 2 == 0
    assert document.MIMETypeOfEncapsulatedDocument == "application/pdf"


def test_the_page_stays_one_page_with_every_warning_and_a_long_answer(made: Made) -> None:
    triage = {
        "evt_summary": {"text": "Recommended. " * 120},
        "time": {"anchor_at": None},
        "evaluated_at": "2026-03-14T14:20:00+00:00",
        "transfer": {"action_text": "Transfer now", "destination": "Central"},
        "missing": ["core_volume_ml"] * 40,
        "warnings": ["Something to mind. " * 20] * 20,
        "versions": {"rules": "sha256:0"},
    }
    page = page_of(documents(type(made.content)(made.content.reading, triage), made.sources)["DOC"])
    assert page.count(b"/Type /Page\n") == 1


def test_the_page_is_the_same_bytes_for_the_same_content(made: Made) -> None:
    making = Making(Identity("1.2", "1.3", "0" * 64), made.sources.header, MADE_AT)
    assert report_page(made.content, made.sources, making) == report_page(made.content, made.sources, making)


def test_a_page_takes_signs_that_its_font_lacks(tmp_path: Path) -> None:
    content, sources = scored(tmp_path, series(SpecificCharacterSet="ISO_IR 192", PatientName="山田^太郎"))
    assert page_of(documents(content, sources)["DOC"]).startswith(b"%PDF-")


def test_sentences_of_the_page_are_those_of_the_reading(made: Made, made_refused: Made) -> None:
    rows = {row.cells[0]: row.cells for row in region_rows(made.content, Side.LEFT)}
    assert score_line(made.content) == "ASPECTS 8 (interval 6 to 9), left side"
    assert rows["L"][:4] == ("L", "AFFECTED", "0.99", "-3.4")
    assert rows["M3"][:4] == ("M3", "not assessable", "-", "-")
    assert rows["IC"][4:] == ("AFFECTED", "0.60")
    assert set(rows) == {region.value for region in Region}
    assert score_line(made_refused.content) == "No score: UNSUPPORTED_TRANSFER_SYNTAX"
    assert limits(made_refused.content)[:2] == [
        "The images are compressed in a way that is not read here.",
        "Send them uncompressed.",
    ]


def test_the_page_says_who_has_signed_and_until_then_that_nobody_has(made: Made) -> None:
    assert state_line(made.content).startswith("PRELIMINARY")
    assert signature_line(made.content).startswith("Clinician confirmed: [")
    final = type(made.content)(made.content.reading, sign_off=signed())
    assert state_line(final).startswith("FINAL")
    assert signature_line(final) == "Clinician confirmed: [X]   Meyer, Ida, St Elsewhere, 2026-03-14 10:05 UTC"


def test_the_answer_is_shown_with_its_score_and_with_times_that_name_their_zone() -> None:
    triage = {
        "evt_summary": {"text": "Recommended."},
        "time": {"anchor_at": "2026-03-14T13:45:00+01:00"},
        "evaluated_at": "2026-03-14T14:20:00+00:00",
        "transfer": {"action_text": "Treat here", "destination": None},
        "missing": [],
        "aspects": {"total": 8, "side": "right", "source": "region_findings"},
    }
    assert triage_lines(triage) == [
        "Recommended.",
        "Judged with ASPECTS 8, right side (region findings).",
        "Counted from 2026-03-14 13:45 UTC+0100 to 2026-03-14 14:20 UTC.",
        "Treat here.",
    ]


def test_our_own_objects_beside_the_images_are_not_read_as_a_scan(tmp_path: Path) -> None:
    content, sources = scored(tmp_path / "scan", series())
    before = read_volume(tmp_path / "scan")
    write_documents(list(documents(content, sources, segments="all").values()), tmp_path / "scan")
    after = read_volume(tmp_path / "scan")

    assert after.acquisition.sop_uids == before.acquisition.sop_uids
    assert (after.hu == before.hu).all()


def test_a_folder_gets_one_file_of_each_kind_and_no_more_on_a_second_run(made: Made, tmp_path: Path) -> None:
    for _ in range(2):
        write_documents(list(made.documents.values()), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["page.dcm", "regions.dcm", "report.dcm", "summary.dcm"]
    assert dcmread(tmp_path / "report.dcm").SOPInstanceUID == made.documents["SR"].SOPInstanceUID


def test_a_moment_without_zone_is_an_error_of_the_caller(made: Made) -> None:
    with pytest.raises(ValueError, match="time zone"):
        build_documents(made.content, made.sources, made_at=datetime(2026, 3, 14))  # noqa: DTZ001


def test_values_that_break_the_rules_are_kept_where_archives_sort_by_them_and_dropped_elsewhere(tmp_path: Path) -> None:
    slices = series(PatientSex="X", PatientAge="0Y", PatientIdentityRemoved="YES")
    report = documents(*scored(tmp_path, slices))["SR"]
    assert (report.PatientID, report.PatientSex, "PatientAge" in report) == ("phantom", "", False)
    assert report.DeidentificationMethod == "not stated by the source images"


def test_files_of_several_patients_get_no_result(tmp_path: Path) -> None:
    other = series(PatientID="another", SeriesInstanceUID="1.2.3.4")
    with pytest.raises(SourcesUnusable, match="more than one patient"):
        refused(tmp_path, [*series(), *other])


@pytest.mark.parametrize(
    "change",
    [{"SOPClassUID": "1.7.840.10008.5.1.4.1.1.2"}, {"StudyInstanceUID": "1.02.3"}, {"SeriesInstanceUID": ""}],
    ids=["unknown class", "no UID", "no series"],
)
def test_files_that_do_not_name_their_study_series_and_class_get_no_result(
    tmp_path: Path, change: dict[str, str]
) -> None:
    with pytest.raises(SourcesUnusable, match="no result can point to them"):
        refused(tmp_path, series(**change))


def test_a_scan_that_is_no_dicom_gets_no_result(tmp_path: Path) -> None:
    (tmp_path / "note.txt").write_text("no scan")
    with pytest.raises(SourcesUnusable, match="no DICOM"):
        read_sources(tmp_path, None, None)


def test_other_files_than_those_that_were_read_are_refused(tmp_path: Path) -> None:
    volume = read_volume(write(tmp_path / "read", series()))
    with pytest.raises(SourcesUnusable, match="not those that were read"):
        read_sources(write(tmp_path / "other", series()), volume, None)

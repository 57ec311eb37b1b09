"""What goes into the structured report comes out of it again, read by a library and by code that knows only DICOM."""

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import highdicom as hd
import pytest
from pydicom.dataset import Dataset

from app.interop.dicom_out import codes
from app.interop.dicom_out.contents import region_values
from app.interop.dicom_out.documents import build_documents
from scoring.regions import Region, Side, Status
from tests.app.interop.dicom_out.conftest import Made
from tests.app.interop.dicom_out.made import (
    MADE_AT,
    UNUSUAL,
    as_bytes,
    documents,
    refused_reading,
    scored,
    scored_reading,
    signed,
)
from tests.imaging.dicom_files import series

_STATUS_OF = {code.value: status.value for status, code in codes.PRESENCE.items()}
_SIDE_OF = {code.value: side.value for side, code in codes.LATERALITY.items()}
_REGION_OF = {code.value: region.value for region, code in codes.REGION.items()}


def read_back(document: Dataset) -> Any:
    """The report as highdicom reads it from a file."""
    buffer = io.BytesIO()
    document.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    return hd.sr.srread(buffer)


def regions_of(report: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """Side and region to what the report says of it."""
    found = {}
    for group in report.content.get_image_measurement_groups():
        if group.finding_type.value != codes.ACUTE_CHANGE.value:
            continue
        names = [site.value.value for site in group.finding_sites]
        sides = {site.laterality.value for site in group.finding_sites}
        numbers = {measurement.name.value: measurement for measurement in group.get_measurements()}
        (call,) = group.get_qualitative_evaluations(codes.ACUTE_CHANGE)
        (region,) = [_REGION_OF[name] for name in names if name in _REGION_OF]
        (side,) = [_SIDE_OF[side] for side in sides]
        found[side, region] = {
            "status": _STATUS_OF[call.value.value],
            "numbers": {name: (number.value, number.unit.value) for name, number in numbers.items()},
            "images": {
                image.ReferencedSOPSequence[0].ReferencedSOPInstanceUID
                for image in group[0].ContentSequence
                if image.ValueType == "IMAGE"
            },
        }
    return found


def texts_of(document: Dataset) -> list[str]:
    return [item.TextValue for item in document.ContentSequence if item.ValueType == "TEXT"]


def test_every_region_of_both_sides_comes_back_with_its_status_and_numbers(made: Made) -> None:
    found = regions_of(read_back(made.documents["SR"]))

    assert set(found) == {(side.value, region.value) for side in Side for region in Region}
    for (side, region), said in found.items():
        put = scored_reading()["regions"][side][region]
        expected = {
            codes.PROBABILITY.value: (put["probability"], "1"),
            codes.SIDE_DIFFERENCE.value: (put["delta_hu"], "[hnsf'U]"),
            codes.ATTENUATION.value: (put["hu"], "[hnsf'U]"),
        }
        assert said["status"] == put["status"]
        assert said["numbers"] == {name: pair for name, pair in expected.items() if pair[0] is not None}


def test_a_region_that_is_not_assessable_has_no_number(made: Made) -> None:
    found = regions_of(read_back(made.documents["SR"]))
    assert UNUSUAL[Side.LEFT, Region.M3][0] == Status.NOT_ASSESSABLE
    assert found["left", "M3"] | {"images": None} == {"status": "not_assessable", "numbers": {}, "images": None}


def test_each_region_names_the_slices_that_it_lies_on(made: Made) -> None:
    content, sources = made.content, made.sources
    found = regions_of(read_back(made.documents["SR"]))
    assert content.drawn is not None
    for (side, region), value in region_values().items():
        here = {
            sources.sop_uids[k] for k in range(len(sources.frames)) if (content.drawn.labels[:, :, k] == value).any()
        }
        assert found[side.value, region.value]["images"] == here


def test_the_total_stands_with_its_interval_and_side(made: Made) -> None:
    report = read_back(made.documents["SR"])
    (group,) = [
        one
        for one in report.content.get_image_measurement_groups()
        if one.finding_type.value == codes.ASPECTS_SCORE.value
    ]
    totals = {one.name.value: one.value for one in group.get_measurements()}
    assert totals == {codes.ASPECTS_SCORE.value: 8, codes.LOWEST_TOTAL.value: 6, codes.HIGHEST_TOTAL.value: 9}
    assert [site.laterality.value for site in group.finding_sites] == [codes.LATERALITY[Side.LEFT].value]


def test_no_side_is_named_where_none_stands_out(tmp_path: Path) -> None:
    content, sources = scored(tmp_path, series())
    content.reading["side"] = None  # type: ignore[index]
    report = read_back(documents(content, sources)["SR"])
    total = report.content.get_image_measurement_groups()[0]
    assert [site.laterality for site in total.finding_sites] == [None]


def test_a_refusal_has_its_reason_and_remedy_and_no_number(made_refused: Made) -> None:
    report = made_refused.documents["SR"]
    (group,) = read_back(report).content.get_image_measurement_groups()
    evaluations = {one.name.value: one.value.value for one in group.get_qualitative_evaluations()}
    refusal = refused_reading()["refusal"]

    assert evaluations == {codes.READING_STATUS.value: "REFUSED", codes.REFUSAL_REASON.value: refusal["code"]}
    assert group.get_measurements() == []
    assert "NUM" not in {item.ValueType for item in group[0].ContentSequence}
    assert any(refusal["text"] in text and refusal["remedy"] in text for text in texts_of(report))


def test_the_report_is_preliminary_until_it_is_signed(made: Made) -> None:
    report = made.documents["SR"]
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert "Not confirmed by a clinician." in texts_of(report)
    assert any("Not for clinical use" in text for text in texts_of(report))


def test_a_signed_report_is_final_and_names_who_when_and_for_whom(tmp_path: Path) -> None:
    report = documents(*scored(tmp_path, series(), sign_off=signed()))["SR"]
    (observer,) = report.VerifyingObserverSequence
    assert (report.PreliminaryFlag, report.VerificationFlag, report.CompletionFlag) == ("FINAL", "VERIFIED", "COMPLETE")
    assert (observer.VerifyingObserverName, observer.VerifyingOrganization) == ("Meyer^Ida", "St Elsewhere")
    assert observer.VerificationDateTime == "20260314100500+0000"
    assert "Not confirmed by a clinician." not in texts_of(report)


def test_the_evidence_is_all_images_that_were_read(made: Made) -> None:
    (study,) = made.documents["SR"].CurrentRequestedProcedureEvidenceSequence
    (evidence,) = study.ReferencedSeriesSequence
    assert {item.ReferencedSOPInstanceUID for item in evidence.ReferencedSOPSequence} == set(made.sources.sop_uids)


def test_the_same_result_made_again_has_the_same_identifiers(tmp_path: Path) -> None:
    content, sources = scored(tmp_path, series())
    first = documents(content, sources)
    content.reading["timing_seconds"]["read"] = 9.9
    again = {one.Modality: one for one in build_documents(content, sources, made_at=MADE_AT + timedelta(days=1))}
    assert {kind: one.SOPInstanceUID for kind, one in again.items()} == {
        kind: one.SOPInstanceUID for kind, one in first.items()
    }


def test_the_same_result_made_at_the_same_moment_is_the_same_bytes(made: Made) -> None:
    for kind, again in documents(made.content, made.sources).items():
        assert as_bytes(again) == as_bytes(made.documents[kind])


@pytest.mark.parametrize("change", ["total", "signed"])
def test_another_result_has_other_identifiers_in_the_same_series(tmp_path: Path, change: str) -> None:
    content, sources = scored(tmp_path, series())
    first = documents(content, sources)
    if change == "total":
        content.reading["total"] = 7  # type: ignore[index]
    else:
        content = type(content)(content.reading, drawn=content.drawn, sign_off=signed())
    other = documents(content, sources)
    for kind, one in other.items():
        assert one.SOPInstanceUID != first[kind].SOPInstanceUID
        assert one.SeriesInstanceUID == first[kind].SeriesInstanceUID


def test_patient_and_study_are_those_of_the_images_in_any_script(tmp_path: Path) -> None:
    slices = series(
        SpecificCharacterSet="ISO_IR 144", PatientName="Люксембург", PatientID="Д-17", StudyDescription="Голова"
    )
    for one in documents(*scored(tmp_path, slices)).values():
        buffer = io.BytesIO()
        one.save_as(buffer, enforce_file_format=True)
        buffer.seek(0)
        read = hd.io._wrapped_dcmread(buffer)
        assert (str(read.PatientName), read.PatientID, read.StudyDescription) == ("Люксембург", "Д-17", "Голова")
        assert (read.StudyInstanceUID, read.TimezoneOffsetFromUTC) == (slices[0].StudyInstanceUID, "+0100")
        assert (read.ContentDate, read.ContentTime) == ("20260314", "105030"), "on the clock of the study"

"""What is written holds to the standard as dciodvfy judges it, and DCMTK reads the report."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom.dataset import Dataset

from app.interop.dicom_out.contents import Content, Drawn
from app.interop.dicom_out.documents import write_documents
from app.interop.dicom_out.sources import read_sources
from imaging.reading import read_with_artefacts
from tests.app.interop.dicom_out.made import documents, refused, scored, signed
from tests.conftest import ROOT
from tests.imaging.dicom_files import series
from tests.peers.orthanc import missing_program

pytestmark = pytest.mark.peers

SAMPLE = ROOT / "sample_data" / "head_ct_left_mca_dicom.zip"


def faults(folder: Path, made: dict[str, Dataset]) -> list[str]:
    """The errors that dciodvfy finds."""
    validator = Path(sys.executable).parent / "dciodvfy"
    if not validator.exists():
        missing_program("dciodvfy")
    found = []
    for path in write_documents(list(made.values()), folder):
        judged = subprocess.run([validator, str(path)], capture_output=True, text=True, check=False)
        said = (judged.stdout + judged.stderr).splitlines()
        assert len(said) > 0, "dciodvfy names at least the kind of object"
        found += [f"{path.name}: {line}" for line in said if line.startswith(("Error", "Abort")) or " Error " in line]
    return found


def read_scan(path: Path) -> dict[str, Dataset]:
    """The objects of a real reading."""
    reading, artefacts = read_with_artefacts(path)
    sources = read_sources(path, artefacts.scan if artefacts else None, reading.input["series_uid"])
    drawn = Drawn.of(reading, artefacts) if artefacts else None
    return documents(Content(reading.to_json(), drawn=drawn), sources, segments="all")


@pytest.mark.parametrize("which", ["affected", "all"])
@pytest.mark.parametrize("tilt", [0.0, 12.0])
def test_objects_of_a_scored_reading_have_no_error(tmp_path: Path, which: str, tilt: float) -> None:
    made = documents(*scored(tmp_path / "scan", series(tilt_degrees=tilt)), segments=which)
    assert set(made) == {"SR", "OT", "SEG", "DOC"}
    assert faults(tmp_path / "out", made) == []


def test_objects_of_a_signed_reading_have_no_error(tmp_path: Path) -> None:
    assert faults(tmp_path / "out", documents(*scored(tmp_path / "scan", series(), sign_off=signed()))) == []


def test_objects_of_a_refused_reading_have_no_error(tmp_path: Path) -> None:
    assert faults(tmp_path / "out", documents(*refused(tmp_path / "scan", series()))) == []


def test_objects_have_no_error_where_the_images_say_little(tmp_path: Path) -> None:
    slices = series()
    for one in slices:
        for keyword in ("PatientBirthDate", "PatientSex", "StudyID", "AccessionNumber", "TimezoneOffsetFromUTC"):
            delattr(one, keyword)
        one.PatientAge, one.PatientSize, one.PatientIdentityRemoved = "0Y", 0, "YES"
    assert faults(tmp_path / "out", documents(*scored(tmp_path / "scan", slices))) == []


def test_objects_of_the_sample_scan_have_no_error(tmp_path: Path) -> None:
    made = read_scan(SAMPLE)
    assert set(made) == {"SR", "OT", "SEG", "DOC"}
    assert faults(tmp_path, made) == []


@pytest.mark.shared
@pytest.mark.parametrize("name", ["ge-tilt-uneven", "siemens-thick-tilt"])
def test_objects_of_real_scans_have_no_error(tmp_path: Path, shared: Path, name: str) -> None:
    made = read_scan(shared / "scans" / name)
    assert set(made) == {"SR", "OT", "SEG", "DOC"}
    assert faults(tmp_path, made) == []


@pytest.mark.shared
def test_objects_of_a_real_scan_that_is_refused_have_no_error(tmp_path: Path, shared: Path) -> None:
    made = read_scan(shared / "scans" / "bad-headers" / "noise-gantry-tilt")
    assert set(made) == {"SR", "OT", "DOC"}
    assert faults(tmp_path, made) == []


def test_a_wrong_object_is_found_out(tmp_path: Path) -> None:
    """What the tests above rest on: the validator does find errors."""
    made = documents(*refused(tmp_path / "scan", series()))
    made["DOC"].MIMETypeOfEncapsulatedDocument = ""
    assert len(faults(tmp_path / "out", made)) > 0


def test_dcmtk_reads_the_report(tmp_path: Path) -> None:
    made = documents(*scored(tmp_path / "scan", series()))
    program = shutil.which("dsrdump", path="/usr/bin") or shutil.which("dsrdump")
    if program is None:
        missing_program("dsrdump")
    (path,) = write_documents([made["SR"]], tmp_path / "out")
    dumped = subprocess.run([str(program), str(path)], capture_output=True, text=True, check=False)
    assert dumped.returncode == 0
    assert dumped.stdout.count('"Acute ischaemic change")=(52101004,SCT,"Present")') == 3
    assert dumped.stdout.count('"Acute ischaemic change")=(373068000,SCT,"Undetermined")') == 1
    assert dumped.stdout.count('"Acute ischaemic change")=(2667000,SCT,"Absent")') == 16
    assert '"Alberta Stroke Program Early CT score")="8" ({score},UCUM,"score")' in dumped.stdout

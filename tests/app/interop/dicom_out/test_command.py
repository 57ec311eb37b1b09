"""The commands as their users run them: what they write, say and end with."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.cli import app
from app.interop.dicom_out.documents import write_documents
from tests.app.interop.dicom_out.conftest import Made
from tests.conftest import ROOT
from tests.imaging.dicom_files import series, write

SAMPLES = ROOT / "sample_data"


def run(*words: object, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    result = CliRunner().invoke(app, ["dicom", *map(str, words)], env=environment, catch_exceptions=False)
    return result.exit_code, result.stdout, result.stderr


def nodes_file(folder: Path) -> dict[str, str]:
    file = folder / "nodes.yaml"
    file.write_text("nodes:\n  pacs: {ae_title: PACS, host: 127.0.0.1, port: 1}\n")
    return {"ASPECTS_DICOM_NODES_FILE": str(file)}


@pytest.fixture
def written(made: Made, tmp_path: Path) -> Path:
    write_documents(list(made.documents.values()), tmp_path / "written")
    return tmp_path / "written"


def test_the_sample_scan_with_its_case_becomes_four_objects(tmp_path: Path) -> None:
    case = SAMPLES / "cases" / "early_small_core.json"
    code, out, _ = run("write", SAMPLES / "head_ct_left_mca_dicom.zip", "--out", tmp_path / "out", "--case", case)
    assert code == 0
    names = ["report.dcm", "summary.dcm", "regions.dcm", "page.dcm"]
    assert out.split() == [str(tmp_path / "out" / name) for name in names]


def test_a_refused_scan_is_reported_and_is_no_failure(tmp_path: Path) -> None:
    scan = write(tmp_path / "scan", series(Modality="MR"))
    code, out, _ = run("write", scan, "--out", tmp_path / "out")
    assert code == 0
    assert [Path(line).name for line in out.split()] == ["report.dcm", "summary.dcm", "page.dcm"]


@pytest.mark.parametrize(
    ("scan", "said"),
    [("head_ct_normal.nii.gz", "is no DICOM"), ("cases.csv", "is no DICOM")],
)
def test_what_belongs_to_no_study_gets_no_objects(tmp_path: Path, scan: str, said: str) -> None:
    code, _, told = run("write", SAMPLES / scan, "--out", tmp_path / "out")
    assert code == 2
    assert said in told
    assert not (tmp_path / "out").exists()


def test_results_are_not_taken_for_a_scan(written: Path, tmp_path: Path) -> None:
    code, _, told = run("write", written, "--out", tmp_path / "out")
    assert code == 2
    assert "no images" in told


def test_a_bad_case_is_told_before_anything_is_written(tmp_path: Path) -> None:
    case = tmp_path / "case.json"
    case.write_text('{"facts": {"age_years": "many"}}')
    code, _, told = run("write", SAMPLES / "head_ct_left_mca_dicom.zip", "--out", tmp_path / "out", "--case", case)
    assert code == 2
    assert "age_years" in told
    assert "many" not in told
    assert not (tmp_path / "out").exists()


def test_every_object_that_did_not_arrive_is_listed(written: Path, tmp_path: Path) -> None:
    code, out, _ = run("send", written, "--node", "pacs", **nodes_file(tmp_path))
    assert code == 1
    assert out.count("UNREACHABLE") == 4


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--node", "elsewhere"], "known: pacs"),
        (["--node", "pacs", "--by", "stow"], "no dicomweb_url"),
        (["--node", "pacs", "--by", "pigeon"], "dicom-store or stow"),
    ],
)
def test_options_that_cannot_be_used_are_told(written: Path, tmp_path: Path, words: list[str], said: str) -> None:
    code, _, told = run("send", written, *words, **nodes_file(tmp_path))
    assert code == 2
    assert said in told


def test_images_of_the_scan_are_never_sent(tmp_path: Path) -> None:
    for number, one in enumerate(series(Manufacturer="ASPECTS triage")):
        one.save_as(tmp_path / f"{number}.dcm", enforce_file_format=True)
    code, _, told = run("send", tmp_path, "--node", "pacs", **nodes_file(tmp_path))
    assert code == 2
    assert "no DICOM object that aspects dicom write has written" in told

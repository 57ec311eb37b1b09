"""A BIDS data set read as a BIDS App does: participants, then the group, with derivatives laid down."""

import csv
import json
import sys
from pathlib import Path

import pytest

from app.batch.scans.bids.command import main
from app.batch.scans.run import Limits
from app.version import __version__

FAKE = Path(__file__).parents[2] / "scans" / "fake_worker.py"


def bids(*arguments: str | Path, behaviour: str = "scores") -> int:
    limits = Limits(2, 20, 4096, (sys.executable, str(FAKE), behaviour))
    return main([str(argument) for argument in arguments], limits)


def table(out: Path) -> dict[str, dict[str, str]]:
    with (out / "desc-aspects_results.tsv").open(newline="") as stream:
        return {row["filename"]: row for row in csv.DictReader(stream, delimiter="\t")}


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Three participants: one with two sessions, one in ``anat`` beside an MRI, one with contrast."""
    folder = tmp_path / "raw"
    for name in (
        "sub-01/ses-a/ct/sub-01_ses-a_ct.nii.gz",
        "sub-01/ses-b/ct/sub-01_ses-b_run-2_ct.nii.gz",
        "sub-02/anat/sub-02_ct.nii",
        "sub-02/anat/sub-02_T1w.nii.gz",
        "sub-03/ct/sub-03_ce-iodine_ct.nii.gz",
        "sub-03/ct/sub-03_acq-late_ct.nii.gz",
        "derivatives/other/sub-01/ct/sub-01_ct.nii.gz",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (folder / "sub-03/ct/sub-03_acq-late_ct.json").write_text(json.dumps({"ContrastBolusIngredient": "IODINE"}))
    told = {"Name": "Heads", "BIDSVersion": "1.9.0", "DatasetDOI": "doi:10.1/2"}
    (folder / "dataset_description.json").write_text(json.dumps(told))
    return folder


def test_participants_then_the_group(dataset: Path, tmp_path: Path) -> None:
    out, before = tmp_path / "out", sorted(dataset.rglob("*"))
    assert bids(dataset, out, "participant") == 0
    described = json.loads((out / "dataset_description.json").read_text())
    assert described["DatasetType"] == "derivative"
    assert described["GeneratedBy"] == [{"Name": "aspects-bids", "Version": __version__}]
    assert described["SourceDatasets"] == [{"DOI": "doi:10.1/2"}]
    one = json.loads((out / "sub-01/ses-b/ct/sub-01_ses-b_run-2_desc-aspects_ct.json").read_text())
    assert one["Sources"] == ["bids:raw:sub-01/ses-b/ct/sub-01_ses-b_run-2_ct.nii.gz"]
    assert one["reading"]["total"] == 8
    assert bids(dataset, out, "group") == 0
    found = table(out)
    assert sorted(found) == [
        "sub-01/ses-a/ct/sub-01_ses-a_ct.nii.gz",
        "sub-01/ses-b/ct/sub-01_ses-b_run-2_ct.nii.gz",
        "sub-02/anat/sub-02_ct.nii",
        "sub-03/ct/sub-03_acq-late_ct.nii.gz",
        "sub-03/ct/sub-03_ce-iodine_ct.nii.gz",
    ]
    scored = found["sub-01/ses-a/ct/sub-01_ses-a_ct.nii.gz"]
    assert (scored["participant_id"], scored["session_id"], scored["aspects_total"]) == ("sub-01", "ses-a", "8")
    assert (scored["side"], scored["L"], scored["probability_left_L"]) == ("left", "affected", "0.5")
    refused = found["sub-03/ct/sub-03_ce-iodine_ct.nii.gz"]
    assert (refused["status"], refused["reason"], refused["aspects_total"]) == ("refused", "CONTRAST_ENHANCED", "n/a")
    assert found["sub-03/ct/sub-03_acq-late_ct.nii.gz"]["reason"] == "CONTRAST_ENHANCED", "as its sidecar says"
    dictionary = json.loads((out / "desc-aspects_results.json").read_text())
    assert set(dictionary) == set(scored), "every column is described, and no other"
    assert "sub-02/anat/sub-02_ct.nii" in (out / "contact_sheet.html").read_text()
    assert sorted(dataset.rglob("*")) == before, "nothing is written to the data set"


@pytest.mark.parametrize("spelling", ["--participant-label", "--participant_label"])
def test_participants_by_label_in_either_spelling(dataset: Path, tmp_path: Path, spelling: str) -> None:
    out = tmp_path / "out"
    assert bids(dataset, out, "participant", spelling, "sub-02", "03", "02") == 0
    assert sorted(path.name for path in out.glob("sub-*")) == ["sub-02", "sub-03"]
    assert bids(dataset, out, "participant", spelling, "01", "--session-label", "ses-b") == 0
    assert bids(dataset, out, "group") == 0
    assert {row["session_id"] for row in table(out).values()} == {"ses-b", "n/a"}
    assert len(table(out)) == 4, "results of an earlier call stay"


def test_images_that_fail_are_listed_and_tried_again(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert bids(dataset, out, "participant", behaviour="fault") == 1
    assert "3 failed, 2 refused" in capsys.readouterr().err
    assert bids(dataset, out, "group") == 1
    assert table(out)["sub-02/anat/sub-02_ct.nii"]["status"] == "failed"
    assert bids(dataset, out, "participant") == 0
    assert bids(dataset, out, "participant", behaviour="fault") == 0, "what is finished is not read again"
    assert bids(dataset, out, "group") == 0


def test_unusable_data_sets_and_options_are_refused(
    dataset: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, before = tmp_path / "out", (dataset / "dataset_description.json").read_bytes()
    for arguments, words in (
        ((tmp_path / "nothing", out, "participant"), "not a folder"),
        ((dataset, out, "participant", "--participant-label", "99"), "no participant 99"),
        ((dataset, out, "participant", "--session-label", "z"), "no CT image"),
        ((dataset, out, "participant", "--tls-ca", "x.pem"), "need --scheduler"),
        ((dataset, out, "group"), "not a folder"),
        ((dataset, dataset / "sub-01", "group"), "run the level 'participant' first"),
        ((dataset, dataset, "participant"), "a folder of their own"),
    ):
        assert bids(*arguments) == 2, arguments
        said = capsys.readouterr()
        assert words in said.err
        assert said.out == ""
        assert len(said.err.splitlines()) == 1
    for arguments in ([dataset, out], [dataset, out, "session"], [dataset, out, "participant", "--workers", "0"]):
        with pytest.raises(SystemExit) as ended:
            bids(*arguments)
        assert ended.value.code == 2
    assert not list(out.glob("sub-*"))
    assert (dataset / "dataset_description.json").read_bytes() == before


def test_a_folder_that_does_not_describe_itself_is_read_when_asked(dataset: Path, tmp_path: Path) -> None:
    (dataset / "dataset_description.json").write_text("{")
    assert bids(dataset, tmp_path / "out", "participant") == 2
    assert bids(dataset, tmp_path / "out", "participant", "--skip-bids-validation") == 0
    (dataset / "sub-02/anat/sub-02_ct.nii.gz").write_text("twice")
    assert bids(dataset, tmp_path / "out", "participant", "--skip_bids_validation") == 2

"""A run over a folder of scans: every entry accounted for, nothing read twice, and a killed run carried on."""

import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from app.batch.faults import TableUnusable
from app.batch.scans import results
from app.batch.scans.folder import find_scans
from app.batch.scans.run import Counts, Limits, run_scans
from app.cli import app

ROOT = Path(__file__).parents[4]
SAMPLES = ROOT / "sample_data"
FAKE = ROOT / "tests" / "app" / "scans" / "fake_worker.py"


def run(folder: Path, out: Path, behaviour: str = "scores", *, workers: int = 1, seconds: float = 20) -> Counts:
    return run_scans(folder, out, Limits(workers, seconds, 4096, (sys.executable, str(FAKE), behaviour)))


def lines_of(out: Path) -> dict[str, dict[str, str]]:
    with (out / "results.csv").open(newline="") as stream:
        return {row["case_id"]: row for row in csv.DictReader(stream)}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two NIfTI files of different content, a copy of one, and a DICOM folder."""
    folder = tmp_path / "scans"
    (folder / "sub").mkdir(parents=True)
    (folder / "a.nii").write_bytes(b"a")
    (folder / "b.nii.gz").write_bytes(b"b")
    (folder / "sub" / "copy of a.nii").write_bytes(b"a")
    (folder / "sub" / "notes.txt").write_text("no scan")
    (folder / "dicom").mkdir()
    for number in range(3):
        (folder / "dicom" / f"{number}").write_bytes(bytes(128) + b"DICM" + bytes([number]))
    return folder


def test_finds_what_can_be_a_scan_and_nothing_else(folder: Path, tmp_path: Path) -> None:
    (folder / ".hidden.nii").write_bytes(b"x")
    (folder / "out").mkdir()
    (folder / "out" / "old.nii").write_bytes(b"x")
    (folder / "dicom" / "later").mkdir()
    (folder / "dicom" / "later" / "0").write_bytes(bytes(128) + b"DICM")
    found = {entry.name: len(entry.files) for entry in find_scans(folder, leave_out=folder / "out")}
    assert found == {"a.nii": 1, "b.nii.gz": 1, "dicom": 3, "dicom/later": 1, "sub/copy of a.nii": 1}


def test_a_folder_is_known_by_its_content_and_not_by_names(folder: Path, tmp_path: Path) -> None:
    (entry,) = [entry for entry in find_scans(folder, leave_out=tmp_path / "out") if entry.is_folder]
    renamed = tmp_path / "renamed"
    renamed.mkdir()
    for number, path in enumerate(entry.files):
        shutil.copy(path, renamed / f"slice {9 - number}")
    (other,) = find_scans(renamed, leave_out=tmp_path / "out")
    assert other.name == "."
    assert entry.digest() == other.digest()


def test_every_scan_has_a_line_and_equal_scans_are_read_once(folder: Path, tmp_path: Path) -> None:
    before = sorted(path.relative_to(folder) for path in folder.rglob("*"))
    counts = run(folder, tmp_path / "out", workers=3)
    assert (counts.scans, counts.earlier, counts.statuses) == (4, 1, {"scored": 4})
    found = lines_of(tmp_path / "out")
    assert sorted(found) == ["a.nii", "b.nii.gz", "dicom", "sub/copy of a.nii"]
    assert found["a.nii"]["aspects_total"] == "8"
    assert (found["a.nii"]["side"], found["a.nii"]["L"], found["a.nii"]["M6"]) == ("left", "affected", "unaffected")
    assert (found["a.nii"]["probability_left_C"], found["a.nii"]["probability_right_M6"]) == ("0.5", "0.5")
    assert len(list((tmp_path / "out" / "scans").iterdir())) == 3
    assert sorted(path.relative_to(folder) for path in folder.rglob("*")) == before, "nothing is written beside scans"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_progress_is_told_on_a_terminal_and_nowhere_else(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(folder, tmp_path / "quiet")
    assert capsys.readouterr() == ("", "")
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(folder, tmp_path / "told")
    told = terminal.getvalue().split("\r")
    assert [line.split(",")[0] for line in told[1:]] == [f"{number} of 4 scans" for number in (1, 2, 3, 4)]
    assert all("read a minute, about" in line and "min left" in line for line in told[1:])


def test_finished_scans_are_not_read_again_unless_versions_change(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    run(folder, out)
    assert run(folder, out, "fault").earlier == 4, "what is finished is not read again"
    monkeypatch.setattr(results, "__version__", "another")
    assert run(folder, out).earlier == 1


@pytest.mark.parametrize("behaviour", ["segmentation fault", "out of memory", "fault", "never ends", "ends silently"])
def test_scans_that_break_their_reader_fail_alone_and_are_tried_again(
    folder: Path, tmp_path: Path, behaviour: str
) -> None:
    out = tmp_path / "out"
    counts = run(folder, out, behaviour, workers=4, seconds=1 if behaviour == "never ends" else 20)
    assert counts.statuses == {"failed": 4}
    assert {row["reason"] for row in lines_of(out).values()} <= {"TOO_LARGE", "CORRUPT_FILE"}
    assert run(folder, out).statuses == {"scored": 4}


def test_half_written_and_foreign_results_are_not_believed(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(folder, out)
    one, two, three = sorted((out / "scans").glob("*.json"))
    one.write_bytes(one.read_bytes()[:100])
    two.write_text("[]")
    three.write_text(json.dumps({"made_by": results.versions(), "reading": None}))
    assert run(folder, out).earlier == 1  # the copy, once its twin was read


def test_unusable_folders_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("x")
    for folder, out in (("empty", "out"), ("file", "out"), ("nothing", "out"), ("empty", "file")):
        done = CliRunner().invoke(app, ["batch-ct", str(tmp_path / folder), "--out", str(tmp_path / out)])
        assert isinstance(done.exception, SystemExit)
        assert done.exit_code == 2
        assert str(tmp_path / (out if out == "file" else folder)) in done.stderr


def test_readers_that_cannot_start_end_the_run(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(TableUnusable, match="could be started"):
        run(folder, tmp_path / "out", "never starts", workers=2)


def test_two_runs_do_not_write_to_one_folder(folder: Path, tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415

    out = tmp_path / "out"
    run(folder, out)
    with (out / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(TableUnusable, match="another run"):
            run(folder, out)


def test_a_killed_run_is_carried_on(tmp_path: Path) -> None:
    """With the real reader, as the shell would: killed after the first result, then run again."""
    folder, out = tmp_path / "scans", tmp_path / "out"
    folder.mkdir()
    for name in ("head_ct_left_mca.nii.gz", "head_ct_normal.nii.gz"):
        shutil.copy(SAMPLES / name, folder)
    with zipfile.ZipFile(SAMPLES / "head_ct_left_mca_dicom.zip") as archive:
        archive.extractall(folder / "dicom")
    (folder / "broken.nii").write_bytes(b"no scan")
    command = [sys.executable, "-c", "from app.cli import main; main()", "batch-ct", str(folder), "--out", str(out)]
    first = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not list(out.glob("scans/[0-9a-f]*.json")) and time.monotonic() < deadline:
        time.sleep(0.05)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    finished = {path: path.stat().st_mtime_ns for path in out.glob("scans/[0-9a-f]*.json")}
    assert 1 <= len(finished) < 4
    assert not (out / "results.csv").exists()
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert again.returncode == 0, again.stderr
    assert again.stdout == ""
    assert {path: path.stat().st_mtime_ns for path in finished} == finished, "finished scans are left alone"
    found = lines_of(out)
    assert len(found) == 4
    assert {name: row["status"] for name, row in found.items() if row["status"] != "scored"} == {
        "broken.nii": "refused"
    }
    assert found["head_ct_left_mca.nii.gz"]["aspects_total"] == "7"

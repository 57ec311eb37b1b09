"""The command line: data on standard output, everything else on standard error, exit codes as documented."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from app.answers.scan_schemas import ScanAnswer
from app.answers.schemas import TriageAnswer
from app.api.examples import TRIAGE_EXAMPLES
from app.cli import app
from app.version import __version__

ROOT = Path(__file__).parents[2]
CASE = next(iter(TRIAGE_EXAMPLES.values()))


def aspects(*arguments: str, stdin: str = "", **environment: str) -> Result:
    """Run a command in this process: starting one takes longer than most commands."""
    return CliRunner().invoke(app, arguments, input=stdin, env=environment)


def aspects_process(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a command as the shell would."""
    command = [sys.executable, "-c", "from app.cli import main; main()", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, cwd=ROOT)


def check_stopped(run: Result, *words: str) -> None:
    """One sentence on standard error, nothing on standard output, exit code 2."""
    assert run.exit_code == 2
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1
    for word in words:
        assert word in run.stderr


@pytest.fixture
def case_file(tmp_path: Path) -> Path:
    path = tmp_path / "case.json"
    path.write_text(json.dumps(CASE))
    return path


def test_a_case_gets_a_note(case_file: Path) -> None:
    run = aspects_process("triage", str(case_file))
    assert run.returncode == 0
    assert run.stderr == ""
    assert "ASPECTS 7 (bounds 6 to 7), left" in run.stdout
    assert "3 h 00 min since last known well" in run.stdout


def test_a_case_gets_the_answer_of_the_api(case_file: Path) -> None:
    from_file = json.loads(aspects("triage", str(case_file), "--json").stdout)
    from_stdin = json.loads(aspects("triage", "-", "--json", stdin=case_file.read_text()).stdout)
    assert from_file == from_stdin
    assert TriageAnswer.model_validate(from_file).evt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", ["-:", "empty"]),
        ('{"facts": {"age_years": "70"}}', ["facts.age_years"]),
        ('{"facts": {"aspects_totle": 7}}', ["facts.aspects_totle"]),
        ('{"facts": {"inr": 1, "inr": 2}}', ["twice"]),
        ('{"facts": {}, "site_id": "nowhere"}', ["site_id"]),
        ('{"facts": {"last_known_well_at": "2026-03-01T09:30:00"}}', ["facts.last_known_well_at", "offset"]),
    ],
)
def test_an_unusable_case_is_one_sentence(text: str, words: list[str]) -> None:
    check_stopped(aspects("triage", "-", stdin=text), *words)


def test_a_contradiction_is_one_sentence() -> None:
    facts = {"last_known_well_at": "2026-03-01T07:00:00+00:00", "minutes_since_last_known_well": 30}
    case = {"evaluated_at": "2026-03-01T10:00:00+00:00", "facts": facts}
    check_stopped(aspects("triage", "-", stdin=json.dumps(case)), "minutes_since_last_known_well")


def test_missing_files_and_wrong_options_are_told_without_a_traceback(tmp_path: Path) -> None:
    check_stopped(aspects("triage", str(tmp_path / "none.json")), "No such file")
    check_stopped(aspects("triage", str(tmp_path)), "directory")
    for arguments in (["triage"], ["triage", "-", "--scan", "/nowhere"], ["read-ct", "/nowhere"], ["no-such"]):
        run = aspects(*arguments)
        assert run.exit_code == 2
        assert run.stdout == ""
        assert run.stderr


def test_an_unusable_case_ends_a_process_without_a_traceback(tmp_path: Path) -> None:
    run = aspects_process("triage", str(tmp_path / "none.json"))
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr == f"aspects: {tmp_path / 'none.json'}: No such file or directory.\n"


def test_a_site_of_the_network_file(tmp_path: Path) -> None:
    network = tmp_path / "sites.yaml"
    network.write_text(
        "spoke-1: {capability: primary, minutes_to_thrombectomy_centre: 70, door_to_groin_minutes: 60}\n"
    )
    case = {**CASE, "site_id": "spoke-1"}
    del case["site"]
    run = aspects("triage", "-", "--json", stdin=json.dumps(case), ASPECTS_SITE_NETWORK_FILE=str(network))
    assert json.loads(run.stdout)["transfer"]["estimates"]["minutes_to_thrombectomy_centre"] == 70


def test_the_rule_book_can_be_read() -> None:
    listed = aspects("rules", "list").stdout.splitlines()
    clauses = json.loads(aspects("rules", "list", "--json").stdout)["rules"]
    assert len(listed) == len(clauses)
    first = listed[0].split()[0]
    assert first == clauses[0]["id"]
    shown = aspects("rules", "show", first)
    assert shown.exit_code == 0
    assert clauses[0]["title"] in shown.stdout
    assert json.loads(aspects("rules", "show", first, "--json").stdout) == clauses[0]
    check_stopped(aspects("rules", "show", "no-such-clause"))
    checked = aspects("rules", "check")
    assert checked.exit_code == 0
    assert checked.stdout.startswith(f"{len(clauses)} clauses")


def test_version() -> None:
    assert re.fullmatch(rf"aspects {re.escape(__version__)}, rules sha256:\w+\n", aspects("version").stdout)


@pytest.mark.parametrize(
    "environment",
    [
        {"ASPECTS_SCAN_PROCESSES": "many"},
        {"ASPECTS_SITE_NETWORK_FILE": "/nowhere"},
        {"ASPECTS_SITE_TIME_ZONE": "Europe/Atlantis"},
    ],
)
def test_an_unusable_setting_is_one_sentence(environment: dict[str, str]) -> None:
    run = aspects("serve", **environment)
    assert run.exit_code == 2
    assert next(iter(environment)) in run.stderr or "/nowhere" in run.stderr


@pytest.mark.parametrize("scan", ["", "not a scan", "\x1f\x8b\x08 neither"])
def test_a_file_that_is_no_scan_is_refused_which_is_an_answer(tmp_path: Path, scan: str) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_text(scan)
    run = aspects("read-ct", str(path), "--json")
    assert run.exit_code == 0
    assert json.loads(run.stdout)["status"] == "refused"
    note = aspects("read-ct", str(path))
    assert note.exit_code == 0
    assert note.stdout.startswith("Not scored:")


def test_a_case_with_a_scan_that_is_refused_is_judged_without_it(case_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "scan.nii"
    path.write_bytes(b"no scan")
    run = aspects("triage", str(case_file), "--scan", str(path), "--json")
    answer: dict[str, Any] = json.loads(run.stdout)
    assert ScanAnswer.model_validate(answer).reading.status == "refused"
    assert answer["triage"]["aspects"]["total"] == 7


@pytest.mark.shared
def test_a_real_head_is_read_and_judged(shared: Path, case_file: Path) -> None:
    scan = shared / "scans" / "head-thin-nifti" / "Cranium.nii.gz"
    run = aspects("triage", str(case_file), "--scan", str(scan))
    assert run.exit_code == 0, run.stderr
    assert run.stderr.startswith("Reading")
    assert "Made by software" in run.stdout
    assert "differs from the findings given" in run.stdout


@pytest.mark.shared
def test_a_real_reading_is_written_whole(shared: Path, tmp_path: Path) -> None:
    scan = shared / "scans" / "head-thin-nifti" / "Cranium.nii.gz"
    run = aspects("read-ct", str(scan), "--out", str(tmp_path / "out"))
    assert run.exit_code == 0, run.stderr
    assert {path.name for path in (tmp_path / "out").iterdir()} >= {"reading.json", "overlay.png"}
    (tmp_path / "file").write_bytes(b"")
    assert aspects("read-ct", str(scan), "--out", str(tmp_path / "file")).exit_code == 2


@pytest.mark.parametrize(
    ("code", "unwanted"),
    [
        ("import app.cli", ["fastapi", "numpy", "pydantic", "uvicorn"]),
        ("import app.intake.case_file, app.answers.note", ["fastapi", "numpy", "pydantic_settings", "uvicorn"]),
        ("import imaging.reading, app.cli, app.answers.reading_note", ["fastapi", "pydantic", "uvicorn", "yaml"]),
    ],
)
def test_commands_load_only_what_they_need(code: str, unwanted: list[str]) -> None:
    program = f"import sys\n{code}\nprint([name for name in {unwanted!r} if name in sys.modules])"
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_a_policy_that_cannot_be_used_is_a_sentence(tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("cautions: 3")
    case = tmp_path / "case.json"
    case.write_text('{"facts": {}}')
    command = [sys.executable, "-c", "from app.cli import main; main()", "triage", str(case)]
    environment = {**os.environ, "ASPECTS_LOCAL_POLICY_FILE": str(policy)}
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("aspects: policy.yaml: ")
    assert "Traceback" not in ended.stderr

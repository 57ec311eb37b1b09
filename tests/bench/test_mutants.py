"""Mutation testing tells what tests notice from what they do not, and measures nothing where tests fail anyway."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def try_mutants(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "bench" / "mutants.py"), *arguments], capture_output=True, text=True, check=False
    )


def test_mutants_are_killed_by_tests_of_what_they_change() -> None:
    told = try_mutants("ternary", "--tests", "tests/scoring/test_ternary.py")
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "ternary: 12 tried, 12 killed"


def test_a_mutant_that_no_test_notices_is_left_and_shown(tmp_path: Path) -> None:
    careless = tmp_path / "test_careless.py"
    careless.write_text("from scoring.ternary import any_of\n\n\ndef test_any_of():\n    any_of([])\n")
    told = try_mutants("ternary", "--only", "scoring.ternary.x_any_of__mutmut_3", "--tests", str(careless))
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines() == [
        "scoring.ternary.x_any_of__mutmut_3: survived ",
        "-    if Ternary.MET in seen:",
        "+    if Ternary.MET not in seen:",
        "ternary: 1 tried, 1 survived",
    ]


def test_nothing_is_measured_by_tests_that_fail_without_a_mutant(tmp_path: Path) -> None:
    failing = tmp_path / "test_failing.py"
    failing.write_text("def test_failing():\n    assert False\n")
    told = try_mutants("ternary", "--tests", str(failing))
    assert told.returncode != 0
    assert "Nothing was measured" in told.stderr


def test_a_mutant_of_what_makes_constants_is_tried_on_code_that_was_loaded_with_it() -> None:
    told = try_mutants(
        "facts", "--only", "scoring.facts.x__boolean__mutmut_3", "--tests", "tests/scoring/test_facts.py"
    )
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1] == "facts: 1 tried, 1 killed"

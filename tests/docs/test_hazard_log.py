"""The hazard log names real tests, each hazard once."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROWS = re.findall(
    r"^\| ([A-Z]\d+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$",
    (ROOT / "docs" / "hazard-log.md").read_text(),
    re.MULTILINE,
)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


@cache
def names_in(file: str) -> frozenset[str]:
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_the_log_holds_hazards_enough_to_be_one() -> None:
    assert len(ROWS) >= 25


def test_each_hazard_has_a_number_of_its_own() -> None:
    numbers = [row[0] for row in ROWS]
    assert len(numbers) == len(set(numbers))


@pytest.mark.parametrize("row", ROWS, ids=[row[0] for row in ROWS])
def test_the_test_that_holds_the_control_exists(row: tuple[str, ...]) -> None:
    named = TEST.findall(row[4])
    assert named, "the last column names no test"
    for file, test in named:
        assert (ROOT / file).is_file(), file
        assert test in names_in(file), f"{file} has no {test}"

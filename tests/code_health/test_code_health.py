"""Habits of the house that no off-the-shelf linter knows."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PACKAGES = ("app", "imaging", "scoring")
LONGEST_FILE_LINES = 500
LONGEST_FUNCTION_LINES = 60
NOT_OURS = {".git", ".venv", "build", "dist", "node_modules", "__pycache__", "results"}
CACHES = re.compile(r"\.(\w+_cache|hypothesis)$")
CLOCKS = {"now", "utcnow", "today", "time", "time_ns", "monotonic", "perf_counter", "localtime", "gmtime"}
EMPTY_NAMES = {"utils", "util", "common", "helpers", "helper", "manager", "misc"}


def files_of_the_project(*suffixes: str) -> Iterator[Path]:
    pending = [ROOT]
    while pending:
        for path in sorted(pending.pop().iterdir()):
            if path.is_dir():
                if path.name not in NOT_OURS and not CACHES.match(path.name):
                    pending.append(path)
            elif path.suffix in suffixes or not suffixes:
                yield path


def modules(*packages: str) -> list[Path]:
    found = [path for package in packages for path in sorted((ROOT / package).rglob("*.py"))]
    assert found, f"no modules under {packages}"
    return found


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def clock_calls(source: str) -> list[int]:
    """Lines that read a clock: a bare ``now()`` of any object, ``date.today()``, or anything of the module time."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        called = isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCKS
        imported = isinstance(node, ast.Import) and any(alias.name == "time" for alias in node.names)
        taken = isinstance(node, ast.ImportFrom) and node.module == "time"
        if called or imported or taken:
            lines.append(node.lineno)
    return lines


@pytest.mark.parametrize("path", modules("scoring"), ids=name_of)
def test_scoring_reads_no_clock(path: Path) -> None:
    assert clock_calls(path.read_text()) == []


@pytest.mark.parametrize(
    "source", ["import time", "from time import monotonic", "datetime.now(tz=UTC)", "datetime.date.today()"]
)
def test_clock_search_finds_clocks(source: str) -> None:
    assert clock_calls(source) == [1]


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name_of)
def test_files_and_functions_stay_calm(path: Path) -> None:
    source = path.read_text()
    assert source.count("\n") <= LONGEST_FILE_LINES
    long = [
        f"{node.name}: {node.end_lineno - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.end_lineno
        and node.end_lineno - node.lineno >= LONGEST_FUNCTION_LINES
    ]
    assert long == []


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [name_of(path) for path in files_of_the_project(".py") if path.stem in EMPTY_NAMES] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_every_folder_of_modules_is_a_package(package: str) -> None:
    """Without an ``__init__.py`` the import contracts do not see a folder."""
    folders = {path.parent for path in modules(package)}
    assert [name_of(folder) for folder in folders if not (folder / "__init__.py").is_file()] == []


@pytest.mark.parametrize("path", modules(*PACKAGES), ids=name_of)
def test_first_silencing_of_a_lint_in_a_file_says_why(path: Path) -> None:
    explained: set[str] = set()
    silent = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        if found := re.search(r"# noqa(?:: ([A-Z0-9, ]+?))?( --? \S.*)?$", line):
            codes = set((found.group(1) or "").split(", "))
            if found.group(2):
                explained |= codes
            elif not codes <= explained:
                silent.append(f"line {number}")
    assert silent == []


def test_nothing_names_a_place_on_this_machine() -> None:
    places = [str(place) for place in (ROOT, ROOT.parent, Path.home()) if len(place.parts) > 2 or place == ROOT]
    hits = []
    for path in files_of_the_project():
        content = path.read_bytes()
        hits += [f"{name_of(path)}: {place}" for place in places if f"{place}/".encode() in content]
    assert hits == []


def test_nothing_is_left_unfinished() -> None:
    word = re.compile(r"\b(TO" + r"DO|FIX" + r"ME)\b")
    files = [
        path for path in files_of_the_project(".py", ".js", ".html", ".yaml", ".toml") if "static" not in path.parts
    ]
    assert [name_of(path) for path in files if word.search(path.read_text())] == []

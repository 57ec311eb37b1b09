"""The locks: complete, hashed, of one mind, free of what is not used, and silent about where packages come from."""

import ast
import re
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PIN = re.compile(r"^([a-z0-9-]+)==(\S+)", re.MULTILINE)

LOADED_BY_OTHERS = {
    "pyjpegls": "pydicom decodes JPEG-LS with it",
    "pylibjpeg": "pydicom decodes JPEG 2000 with it and the next",
    "pylibjpeg-openjpeg": "see above",
    "python-multipart": "FastAPI reads forms with it",
    "tzdata": "zoneinfo reads it where the system has no time zones",
    "uvicorn": "its extra 'standard' brings the fast event loop and parser",
}


def pins(name: str) -> dict[str, set[str]]:
    """Versions by package; one package may have two, for different platforms or Python versions."""
    found: dict[str, set[str]] = {}
    for package, version in PIN.findall((ROOT / "requirements" / f"{name}.txt").read_text()):
        found.setdefault(package, set()).add(version)
    return found


def declared(requirements: list[object]) -> set[str]:
    words = (re.match(r"[A-Za-z0-9._-]+", one) for one in requirements if isinstance(one, str))
    return {re.sub(r"[._-]+", "-", word.group()).lower() for word in words if word}


def test_there_are_locks() -> None:
    assert {path.stem for path in LOCKS} == {"run", "hospital", "dev", "build", "uv"}


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_every_package_is_pinned_and_hashed(path: Path) -> None:
    entries = re.split(r"\n(?=\S)", path.read_text().strip())
    assert entries
    faulty = [entry.splitlines()[0] for entry in entries if not (PIN.match(entry) and "--hash=sha256:" in entry)]
    assert faulty == []


@pytest.mark.parametrize("path", LOCKS, ids=lambda path: path.name)
def test_no_lock_names_an_index_or_a_folder(path: Path) -> None:
    assert not re.search(r"://|--(extra-)?index[-]url|--find-links|^-[fi] | @ ", path.read_text(), re.MULTILINE)


def test_locks_hold_what_the_project_declares() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert declared(project["project"]["dependencies"]) <= pins("run").keys()
    groups = project["dependency-groups"]
    assert declared(groups["dev"]) | declared(groups["atlas"]) <= pins("dev").keys()


def test_development_uses_the_versions_that_run() -> None:
    run, dev = pins("run"), pins("dev")
    assert {package: versions for package, versions in run.items() if dev.get(package) != versions} == {}


def imported_packages() -> set[str]:
    """Distributions that the product imports anywhere, at the top of a file or inside a function."""
    modules = set()
    for path in (path for package in ("app", "imaging", "scoring") for path in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                modules.add(node.module.partition(".")[0])
    names = packages_distributions()
    return declared([distribution for module in modules for distribution in names.get(module, [])])


def test_the_product_declares_nothing_that_it_does_not_use() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert declared(project["project"]["dependencies"]) - imported_packages() - LOADED_BY_OTHERS.keys() == set()

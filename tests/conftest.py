"""What every test may use: where real scans lie, if there are any, and how random examples are drawn."""

import functools
import os
import sys
from pathlib import Path
from types import ModuleType

import hypothesis
import pytest

from scoring import rule_files
from scoring.rulebook import RuleBook

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
"""Real scans, vectors and tables of which the project holds no copy; on most machines there is no such folder."""

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


MUTANTS_ARE_TRIED = "MUTANT_UNDER_TEST" in os.environ
"""mutmut changes one function at a time in a process that has run it before: what was kept must be worked out anew."""


def pytest_configure() -> None:
    if MUTANTS_ARE_TRIED:
        forget_what_is_kept()
        if "__mutmut_" in os.environ["MUTANT_UNDER_TEST"]:
            _read_the_rules_once()
        for name in [name for name, module in sys.modules.items() if _is_test(module)]:
            del sys.modules[name]  # its constants were made by the functions as they were


def _read_the_rules_once() -> None:
    """Most test files read the rule book when they are loaded: once is enough for a mutant, and much faster."""
    read = getattr(rule_files.read_rulebook, "__wrapped__", rule_files.read_rulebook)
    once = functools.cache(read)

    @functools.wraps(read)
    def read_rulebook(*folder: Path) -> RuleBook:
        return read(*folder) if folder else once()

    rule_files.read_rulebook = read_rulebook  # type: ignore[assignment]  # the default folder is meant


@pytest.fixture(autouse=MUTANTS_ARE_TRIED)
def nothing_is_kept() -> None:
    """While mutmut finds out which tests run which function, each runs all that it needs, and nothing from a cache."""
    if os.environ["MUTANT_UNDER_TEST"] == "stats":
        forget_what_is_kept()


def forget_what_is_kept() -> None:
    for module in [module for name, module in sys.modules.items() if name.startswith("scoring.")]:
        for value in vars(module).values():
            if callable(forget := getattr(value, "cache_clear", None)):
                forget()


def _is_test(module: ModuleType) -> bool:
    path = getattr(module, "__file__", None)
    return path is not None and Path(path).name.startswith("test_") and Path(path).is_relative_to(ROOT / "tests")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    long = {item.path for item in items if _starts_programs(item)}
    items.sort(key=lambda item: item.path not in long)  # at the end, a long file would leave all other cores idle
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="the folder of real scans, vectors and tables is not on this machine")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)


def _starts_programs(item: pytest.Item) -> bool:
    return any(item.get_closest_marker(marker) for marker in ("browser", "peers"))


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans, vectors and tables; for tests that carry the marker of this name."""
    return SHARED

"""What every test may use: where real scans lie, if there are any, and how random examples are drawn."""

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
"""Real scans, vectors and tables of which the project holds no copy; on most machines there is no such folder."""

hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


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

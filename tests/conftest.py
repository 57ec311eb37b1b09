"""What every test may use: where real scans lie, if there are any, how random examples are drawn, what runs first."""

import math
import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
"""Real scans, vectors and tables of which the project holds no copy; on most machines there is no such folder."""

hypothesis.settings.register_profile(
    "repeatable",
    derandomize=True,
    deadline=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],  # as the deadline: no test hangs on how busy a machine is
)
hypothesis.settings.register_profile("explore", max_examples=2000, deadline=None)
hypothesis.settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeatable"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = _places_of_files_that_start_programs(items)
    items.sort(key=lambda item: places.get(item.path, math.inf))
    if SHARED.is_dir():
        return
    skip = pytest.mark.skip(reason="the folder of real scans, vectors and tables is not on this machine")
    for item in items:
        if item.get_closest_marker("shared"):
            item.add_marker(skip)


def _places_of_files_that_start_programs(items: list[pytest.Item]) -> dict[Path, int]:
    """They begin, for at the end a long one would leave all other cores idle.

    They take turns: a browser keeps a core busy, other programs are mostly waited for.
    """
    places: dict[Path, int] = {}
    for marker in ("browser", "peers"):
        files = dict.fromkeys(item.path for item in items if item.get_closest_marker(marker))
        places |= {path: place for place, path in enumerate(files)}
    return places


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of real scans, vectors and tables; for tests that carry the marker of this name."""
    return SHARED

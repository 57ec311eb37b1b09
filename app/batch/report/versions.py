"""Which versions have computed what a report says."""

import platform
from importlib.metadata import version

from app.version import __version__


def versions() -> str:
    """Name the software, Python, and the libraries that compute and draw, each with its version."""
    parts = [f"{name} {version(name)}" for name in ("numpy", "scipy", "polars", "matplotlib")]
    return ", ".join([f"aspects {__version__}", f"Python {platform.python_version()}", *parts])

"""Whoever installs no extra has a whole service: nothing that it imports belongs to an extra."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

WITHOUT = """
import importlib.abc, importlib.util, sys

class Absent(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ABSENT:
            raise ModuleNotFoundError(name, name=name)

ABSENT = set(sys.argv[1:])
sys.meta_path.insert(0, Absent())
import app.cli
from app.serving.server_process import make_app
import imaging.reading
print(len(make_app().routes))
"""

MODULES = {
    "alembic": "alembic", "dbos": "dbos", "dicomweb-client": "dicomweb_client", "distributed": "distributed",
    "highdicom": "highdicom", "httpx": "httpx", "hl7": "hl7", "joserfc": "joserfc", "limits": "limits",
    "matplotlib": "matplotlib", "obstore": "obstore", "polars": "polars", "prometheus-client": "prometheus_client",
    "psycopg": "psycopg", "pyarrow": "pyarrow", "pynetdicom": "pynetdicom", "python-gdcm": "gdcm",
    "reportlab": "reportlab", "scikit-learn": "sklearn", "sqlalchemy": "sqlalchemy", "structlog": "structlog",
    "statsmodels": "statsmodels",
}  # fmt: skip
"""What a package of an extra is imported as."""


def extras() -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    base = {_name(line) for line in project["dependencies"]}
    return {_name(line) for lines in project["optional-dependencies"].values() for line in lines} - base


def _name(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found
    return found[0].lower().replace("_", "-")


def test_the_service_starts_without_any_extra() -> None:
    absent = [MODULES[name] for name in sorted(extras())]
    assert "sqlalchemy" in absent
    told = subprocess.run(
        [sys.executable, "-c", WITHOUT, *absent], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert told.returncode == 0, told.stderr[-2000:]
    assert int(told.stdout) > 0

"""What the documentation offers to Python programs can be imported without the web service's libraries."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PROGRAM = """
import sys
for name in ("fastapi", "starlette", "uvicorn", "typer", "multipart"):
    sys.modules[name] = None  # as if it were not installed
import polars as pl
from datetime import UTC, datetime
from app.batch import triage_frame
from app.triage import triage
from imaging import read_ct
from scoring import *
from scoring import Case, Facts, Findings, Region, Side, Status, score_aspects
now = datetime(2026, 11, 22, tzinfo=UTC)
print(score_aspects(Findings(Side.LEFT, dict.fromkeys(Region, Status.UNAFFECTED))).total)
print(triage(Case(evaluated_at=now, facts=Facts(age_years=70)), {"evt"})["evt"][0]["outcome"])
print(triage_frame(pl.DataFrame({"age_years": [70]}), now=now)["status"][0])
print(read_ct("sample_data/head_ct_normal.nii.gz").to_json()["status"])
"""


def test_the_python_interface_needs_no_web_service() -> None:
    run = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=False, cwd=ROOT)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["10", "NEED_DATA", "judged", "scored"]

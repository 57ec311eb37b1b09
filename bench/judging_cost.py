"""What judging one patient costs in this process: known cells and new ones, part by part, beside the writing of JSON.

A patient whose facts lie in the same cells as an earlier one's gets what was kept; the first of its kind pays in full.
Both are told, because a ward sees new patients and a load test sees the same one.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from pydantic_core import to_json  # noqa: E402 -- the checkout's own packages come first

from app.answers.judged import judge_case  # noqa: E402
from app.answers.text import answer_text  # noqa: E402
from app.intake.case_file import read_case  # noqa: E402
from app.triage import PARTS, rulebook, triage, triage_text  # noqa: E402
from scoring.case import Case  # noqa: E402
from scoring.derived import assess  # noqa: E402
from scoring.eligibility import judge, outcomes  # noqa: E402
from scoring.facts import OCCLUSION_SITES  # noqa: E402

Figures = dict[str, Any]
ROUNDS = 7
CALLS = 200
NEW_PATIENTS = 400


def measure() -> Figures:
    """Microseconds a patient: the best of several rounds for known cells, the median patient for new ones."""
    case = sample_case()
    judged = judge_case(case, rulebook())
    assess_us = _best(lambda: assess(case))
    known = {
        "outcomes alone": assess_us + _best(lambda: outcomes(judged.grid, judged.values)),
        "answers with reasons and missing facts": assess_us + _best(lambda: judge(judged.grid, judged.values)),
        "the whole answer": _best(lambda: triage(case)),
        "the whole answer as JSON text": _best(lambda: triage_text(case)),
    }
    new = {
        "outcomes alone": _median(lambda one: outcomes(judged.grid, assess(one).values), seed=1),
        "answers with reasons and missing facts": _median(lambda one: judge(judged.grid, assess(one).values), seed=2),
        "the whole answer": _median(triage, seed=3),
        "the whole answer as JSON text": _median(triage_text, seed=4),
    }
    frame_us = _best(lambda: answer_text(judged, []))
    parts = {
        name: _best(lambda part=part: answer_text(judged, [part])) - frame_us  # type: ignore[misc]
        for name, part in PARTS.items()
    }
    return {
        "known_us": known,
        "new_us": new,
        "parts_us": {"reading the case": assess_us, **parts},
        "json_bytes": len(to_json(triage(case))),
    }


def sample_case() -> Case:
    return read_case((ROOT / "sample_data" / "cases" / "early_small_core.json").read_bytes())


def new_patients(seed: int) -> Iterator[Case]:
    """Patients that differ from one another in nearly every fact, so that few share their cells."""
    draw, case = random.Random(seed), sample_case()  # noqa: S311 -- patients, not secrets
    for _ in range(NEW_PATIENTS):
        facts = replace(
            case.facts,
            age_years=draw.uniform(10, 95),
            nihss_total=draw.randint(0, 30),
            prestroke_mrs=draw.randint(0, 4),
            occlusion_site=draw.choice(OCCLUSION_SITES),
            aspects_total=draw.randint(0, 10),
            mass_effect=draw.choice([True, False, None]),
            core_volume_ml=draw.choice([None, draw.uniform(0, 160)]),
            tmax6_volume_ml=draw.choice([None, draw.uniform(20, 300)]),
            collaterals=draw.choice([None, "poor", "moderate", "good"]),
        )
        yield replace(case, facts=facts, findings=None)


def _best(call: Callable[[], object]) -> float:
    call()
    rounds = []
    for _ in range(ROUNDS):
        started = time.perf_counter()
        for _ in range(CALLS):
            call()
        rounds.append((time.perf_counter() - started) / CALLS)
    return min(rounds) * 1e6


def _median(call: Callable[[Case], object], seed: int) -> float:
    took = []
    for case in new_patients(seed):
        started = time.perf_counter()
        call(case)
        took.append(time.perf_counter() - started)
    return sorted(took)[len(took) // 2] * 1e6


def table(figures: Figures) -> str:
    lines = [f"Judging one patient, microseconds ({figures['json_bytes']} bytes of JSON)"]
    lines.append(f"  {'':<42}{'known cell':>12}{'new cell':>12}")
    for name, known in figures["known_us"].items():
        lines.append(f"  {name:<42}{known:>12.0f}{figures['new_us'][name]:>12.0f}")
    lines.append("  where the time of the JSON text goes, known cell:")
    lines += [f"    {name:<40}{us:>12.0f}" for name, us in figures["parts_us"].items()]
    return "\n".join([*lines, ""])

"""Make ``expected/``: what the product answers to every sample case and scan, for physicians to read and tests to hold.

``python sample_data/make_expected.py`` writes the files; nothing else does. Read the difference before committing it:
each changed line is a changed answer. Kept is what a decision rests on, named below; prose, sources, reasons and what
would change have tests of their own; versions and times taken change by themselves.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.intake.case_file import read_case
from app.scans.findings import with_reading
from app.triage import triage
from imaging.reading import read_ct

HERE = Path(__file__).resolve().parent
CASES, EXPECTED = HERE / "cases", HERE / "expected"
SCANS = ("head_ct_left_mca.nii.gz", "head_ct_left_mca_dicom.zip", "head_ct_normal.nii.gz")
SCAN_OF = {"spoke_left_m1": "head_ct_left_mca.nii.gz"}
"""Cases that come with a scan, which supplies the findings that they lack."""

TRIAGE = {
    "aspects": ("total", "low", "high", "side", "band", "source", "regions", "warnings"),
    "pc_aspects": ("total", "low", "high"),
    "time": ("anchor", "minutes_since_anchor", "window", "window_closes_at", "minutes_to_projected_puncture"),
    "evt": ("ruleset", "outcome", "level", "clause", "group", "missing", "at_projected_puncture"),
    "evt_summary": ("verdict", "agree"),
    "ivt": ("ruleset", "outcome", "level", "clause", "contraindicated", "missing"),
    "transfer": ("action", "clause", "missing"),
}
"""Parts of a triage answer and what is kept of them."""
READING = ("status", "side", "side_stands_out", "total", "total_low", "total_high")
REGION = ("status", "probability", "hu", "hu_other_side", "delta_hu")

Json = dict[str, Any]


def triage_of(case: str, reading: Mapping[str, Any] | None = None) -> Json:
    """What is compared of the answer to a case, with a reading of its scan if there is one."""
    patient = read_case((CASES / f"{case}.json").read_bytes())
    warnings: list[str] = []
    if reading is not None:
        patient, warnings = with_reading(patient, reading)
    answer = json.loads(json.dumps(triage(patient)))  # as a caller gets it: no tuples, no enumerations
    kept = {name: _kept(answer[name], names) for name, names in TRIAGE.items()}
    return {**kept, "missing": answer["missing"], "warnings": [*answer["warnings"], *warnings]}


def reading_of(scan: str) -> Json:
    """The reading of a scan as the HTTP answer holds it."""
    return read_ct(HERE / scan).to_json()


def essence(reading: Mapping[str, Any]) -> Json:
    """What is compared of a reading."""
    kept: Json = {name: reading[name] for name in READING if name in reading}
    kept["warnings"] = [warning["code"] for warning in reading["warnings"]]
    if "refusal" in reading:
        kept["refusal"] = reading["refusal"]["code"]
    regions = reading.get("regions", {}).items()
    kept["regions"] = {
        side: {region: _kept(values, REGION) for region, values in by_region.items()} for side, by_region in regions
    }
    return kept


def readable(answer: Mapping[str, Any]) -> str:
    """JSON with one line for each item of the first and second level."""
    lines = []
    for name, value in answer.items():
        text = json.dumps(value, ensure_ascii=False)
        if isinstance(value, list) and value:
            text = "[\n    " + ",\n    ".join(json.dumps(item, ensure_ascii=False) for item in value) + "\n  ]"
        elif isinstance(value, dict) and any(isinstance(inner, dict) for inner in value.values()):
            text = readable(value).rstrip().replace("\n", "\n  ")
        lines.append(f"  {json.dumps(name)}: {text}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _kept(part: Any, names: Sequence[str]) -> Any:
    """The named values of a part, of each of its items if it is a list; ``None`` stays ``None``."""
    if part is None:
        return None
    if isinstance(part, list):
        return [_kept(item, names) for item in part]
    return {name: part[name] for name in names}


def main() -> int:
    readings = {scan: reading_of(scan) for scan in SCANS}
    files = {f"readings/{scan.split('.', 1)[0]}.json": essence(reading) for scan, reading in readings.items()}
    for path in sorted(CASES.glob("*.json")):
        files[f"triage/{path.name}"] = triage_of(path.stem)
    for case, scan in SCAN_OF.items():
        files[f"triage_with_scan/{case}.json"] = triage_of(case, readings[scan])
    for name, content in files.items():
        (EXPECTED / name).parent.mkdir(parents=True, exist_ok=True)
        (EXPECTED / name).write_text(readable(content), encoding="utf-8")
    print(f"{len(files)} files written to {EXPECTED}; read the difference before committing it.")
    return 0


if __name__ == "__main__":
    sys.exit(main())

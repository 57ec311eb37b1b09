"""Make ``expected/``: what the product answers to every sample case and scan, for physicians to read and tests to hold.

``python sample_data/make_expected.py`` writes the files; nothing else does. Read the difference before committing it:
each changed line is a changed answer. Left out is what may change without the answer changing: prose that stands in the
rule files, sources, reasons (they have tests of their own), versions, times taken, and of a scan all but the score, the
side, the regions and the codes of warnings.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.case_file import read_case
from app.scan_findings import with_reading
from app.triage import triage
from imaging.reading import read_ct

HERE = Path(__file__).resolve().parent
CASES, EXPECTED = HERE / "cases", HERE / "expected"
SCANS = ("head_ct_left_mca.nii.gz", "head_ct_left_mca_dicom.zip", "head_ct_normal.nii.gz")
SCAN_OF = {"spoke_left_m1": "head_ct_left_mca.nii.gz"}
"""Cases that come with a scan, which supplies the findings that they lack."""

PROSE = {"title", "text", "clause_title", "outcome_text", "action_text", "note", "source", "not_for_clinical_use"}
LEFT_OUT = PROSE | {"versions", "left_out", "kind", "reasons", "stance", "prognostic_band", "after"}
MEASURED = ("status", "probability", "hu", "hu_other_side", "delta_hu")

Json = dict[str, Any]


def triage_of(case: str, reading: Mapping[str, Any] | None = None) -> Json:
    """The answer to a case, with a reading if there is one, without what is left out."""
    patient = read_case((CASES / f"{case}.json").read_bytes())
    warnings: list[str] = []
    if reading is not None:
        patient, warnings = with_reading(patient, reading)
    answer = triage(patient)
    answer["warnings"] = [*answer["warnings"], *warnings]
    kept: Json = json.loads(json.dumps(_without_prose(answer)))  # as a caller gets it: no tuples, no enumerations
    return kept


def reading_of(scan: str) -> Json:
    """The reading of a scan as the HTTP answer holds it."""
    return read_ct(HERE / scan).to_json()


def essence(reading: Mapping[str, Any]) -> Json:
    """What is compared of a reading."""
    kept = {name: reading[name] for name in ("status", "side", "total", "total_low", "total_high") if name in reading}
    kept["warnings"] = [warning["code"] for warning in reading["warnings"]]
    if "refusal" in reading:
        kept["refusal"] = reading["refusal"]["code"]
    regions = reading.get("regions", {}).items()
    kept["regions"] = {
        side: {region: {name: values[name] for name in MEASURED} for region, values in by_region.items()}
        for side, by_region in regions
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


def _without_prose(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _without_prose(inner) for name, inner in value.items() if name not in LEFT_OUT}
    if isinstance(value, list | tuple):
        return [_without_prose(inner) for inner in value]
    return value


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

"""Stands in for `app.scans.worker`: greets like it, then does what its first argument says with the scan."""

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path

REGIONS = ("C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6")


def scored() -> dict[str, object]:
    left = {name: region("affected" if name in {"L", "I"} else "unaffected") for name in REGIONS}
    right = {name: region("unaffected") for name in REGIONS}
    return {
        "status": "scored",
        "side": "left",
        "total": 8,
        "total_low": 7,
        "total_high": 9,
        "regions": {"left": left, "right": right},
        "warnings": [],
        "quality": {"registration": 0.9},
        "extras": {
            "net_water_uptake_percent": 3.1,
            "low_density_ml": {"left": 1.0, "right": 0.5},
            "hyperdense_artery": {"side": None, "ratio": 1.02, "hu": 41.0},
            "midline_shift_mm": 0.4,
            "midline_shift_towards": None,
            "territories": {"pons": {"hu": 33.0, "delta_hu": None, "darker_ml": None, "coverage": 1.0}},
        },
        "input": {"sha256": "0" * 64},
        "timing_seconds": {"read": 0.1},
        "versions": {"atlas": "1"},
    }


def region(status: str) -> dict[str, object]:
    return {
        "status": status,
        "probability": 0.5,
        "hu": 30.0,
        "hu_other_side": 31.0,
        "delta_hu": -1.0,
        "voxels": 100,
        "excluded_ml": 0.0,
    }


def files_of(scan: Path) -> dict[str, object]:
    paths = sorted(scan.iterdir()) if scan.is_dir() else [scan]
    return {"files": [path.name for path in paths], "bytes": sum(path.stat().st_size for path in paths)}


REFUSAL = {"code": "NOT_A_HEAD", "text": "This is not a head.", "remedy": "Send a head CT."}
BLOOD = {"code": "HAEMORRHAGE_SUSPECTED", "text": "This may be blood.", "remedy": "Look at the scan."}
NOTHING_ELSE: dict[str, object] = {"warnings": [], "input": {}, "timing_seconds": {}, "versions": {}}

ANSWERS: dict[str, Callable[[Path], dict[str, object]]] = {
    "lists files": lambda scan: {"reading": scored() | {"input": files_of(scan)}},
    "memory error": lambda _: {"fault": "MemoryError", "frames": ["x.py:1 f"]},
    "fault": lambda _: {"fault": "KeyError", "frames": ["x.py:1 f"]},
    "refuses": lambda _: {"reading": {"status": "refused", "refusal": REFUSAL} | NOTHING_ELSE},
    "sees blood": lambda _: {"reading": {"status": "refused", "refusal": BLOOD} | NOTHING_ELSE},
    "draws": lambda _: {"reading": scored() | {"overlay_png_base64": "YSBwaWN0dXJl"}},
}

ENDS: dict[str, Callable[[], object]] = {
    "segmentation fault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "out of memory": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "ends silently": sys.exit,
    "never ends": lambda: time.sleep(600),
    "slow": lambda: time.sleep(0.7),
}


def lay_out(views: Path) -> None:
    views.mkdir()
    (views / "view.json").write_text(json.dumps({"slices": 1, "every": 1, "labels": {}}))
    (views / "scan.nii.gz").write_bytes(b"slices")


def main() -> None:
    behaviour = sys.argv[1]
    if behaviour == "never starts":
        sys.exit(3)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    if behaviour == "dies waiting":
        sys.exit(3)
    line = sys.stdin.readline()
    if not line:
        return
    job = json.loads(line)
    if behaviour in ENDS:
        ENDS[behaviour]()
    if behaviour == "views":
        lay_out(Path(job["views"]))
    answer = ANSWERS[behaviour](Path(job["scan"])) if behaviour in ANSWERS else {"reading": scored()}
    Path(job["answer"]).write_text(json.dumps(answer))


if __name__ == "__main__":
    main()

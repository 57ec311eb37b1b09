"""Stands in for `app.scan_worker`: greets like it, then does what its first argument says with the scan."""

import json
import os
import signal
import sys
import time
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
    answer: dict[str, object] = {"reading": scored()}
    if behaviour == "segmentation fault":
        os.kill(os.getpid(), signal.SIGSEGV)
    elif behaviour == "out of memory":
        os.kill(os.getpid(), signal.SIGKILL)
    elif behaviour == "ends silently":
        return
    elif behaviour == "never ends":
        time.sleep(600)
    elif behaviour == "slow":
        time.sleep(0.7)
    elif behaviour == "lists files":
        scan = Path(job["scan"])
        names = [path.name for path in sorted(scan.iterdir())] if scan.is_dir() else [scan.name]
        answer = {"reading": {**scored(), "input": {"files": names, "bytes": total_bytes(scan)}}}
    elif behaviour == "memory error":
        answer = {"fault": "MemoryError", "frames": ["x.py:1 f"]}
    elif behaviour == "fault":
        answer = {"fault": "KeyError", "frames": ["x.py:1 f"]}
    elif behaviour == "refuses":
        refusal = {"code": "NOT_A_HEAD", "text": "This is not a head.", "remedy": "Send a head CT."}
        answer = {"reading": {"status": "refused", "refusal": refusal}}
    Path(job["answer"]).write_text(json.dumps(answer))


def total_bytes(scan: Path) -> int:
    files = scan.iterdir() if scan.is_dir() else [scan]
    return sum(path.stat().st_size for path in files)


main()

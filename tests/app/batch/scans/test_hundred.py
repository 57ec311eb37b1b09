"""A hundred entries, some of them broken, killed once and carried on: every entry is accounted for, none read twice."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[4]
ENTRIES = 100
PROGRAM = """
import sys
from pathlib import Path
from app.batch.scans.run import Limits, run_scans
folder, out, stand_in = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
print(run_scans(folder, out, Limits(2, 20, 4096, (sys.executable, "-c", stand_in))).statuses)
"""
STAND_IN = """
import json, os, signal, time
import app.scans.forking_worker as worker

def answer(line):
    job = json.loads(line)
    words = open(job["scan"]).read()
    with open({log!r}, "a") as log:
        log.write(words + "\\n")
    time.sleep(0.02)
    if words.endswith("broken"):
        os.kill(os.getpid(), signal.SIGSEGV)
    refusal = {{"code": "NOT_A_HEAD", "text": "No head.", "remedy": "Send a head CT."}}
    reading = {{"status": "refused", "refusal": refusal, "warnings": [], "versions": {{"atlas": "1"}}}}
    with open(job["answer"] + ".part", "w") as part:
        json.dump({{"reading": reading}}, part)
    os.rename(job["answer"] + ".part", job["answer"])

worker.load_readers = lambda: None
worker.answer_job = answer
worker.main()
"""
"""A reader that notes which scan it was given; of every eighth it dies."""


def test_a_hundred_entries_killed_once_and_carried_on(tmp_path: Path) -> None:
    folder, out, log = tmp_path / "scans", tmp_path / "out", tmp_path / "log"
    folder.mkdir()
    for number in range(ENTRIES):
        (folder / f"{number:03}.nii").write_text(f"scan {number}" + (" broken" if number % 8 == 7 else ""))
    command = [sys.executable, "-c", PROGRAM, str(folder), str(out), STAND_IN.format(log=str(log))]
    first = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while len(list(out.glob("scans/[0-9a-f]*.json"))) < 30 and time.monotonic() < deadline:
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    finished = {path: path.stat().st_mtime_ns for path in out.glob("scans/[0-9a-f]*.json")}
    good = {path for path in finished if json.loads(path.read_bytes())["reading"]["versions"]}
    assert 20 < len(good) <= len(finished) < ENTRIES
    again = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert again.returncode == 0, again.stderr
    with (out / "results.csv").open(newline="") as stream:
        lines = {line["case_id"]: line for line in csv.DictReader(stream)}
    assert sorted(lines) == [f"{number:03}.nii" for number in range(ENTRIES)]
    broken = {f"{number:03}.nii" for number in range(7, ENTRIES, 8)}
    assert {name for name, line in lines.items() if line["status"] == "failed"} == broken
    assert {line["reason"] for name, line in lines.items() if name not in broken} == {"NOT_A_HEAD"}
    assert {path: path.stat().st_mtime_ns for path in good} == {path: finished[path] for path in good}
    reads = Counter(log.read_text().splitlines())
    digests = {line["sha256"]: name for name, line in lines.items()}
    done = [(folder / digests[path.stem]).read_text() for path in good]
    assert all(reads[words] == 1 for words in done), "what was finished is not read again"
    assert sum(reads.values()) <= ENTRIES + len(broken) + 2, "broken ones are tried anew, and two were in hand"

"""A folder of a hundred scans, some of them broken: killed once, carried on, and read again on a Dask scheduler.

Run as ``python bench/hundred_scans.py SCANS OUT [ENTRIES]``. ``SCANS`` is a folder of real scans; copies of them differ
in bytes that no reader looks at, so that each is read anew and has to give the same answer as its original.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.batch.scans.folder import ScanEntry, find_scans

ASPECTS = Path(sys.executable).parent / "aspects"
_PREAMBLE_BYTES = 128
_GZIP_TIME = slice(4, 8)
COMPARED = ("status", "reason", "side", "aspects_total", "aspects_low", "aspects_high", "warnings")

Line = dict[str, str]


def main() -> None:
    """Copy, run, kill, carry on, run on a cluster; tell what became of every entry, and fail where one is missing."""
    scans, place = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    entries = int(sys.argv[3]) if len(sys.argv) > 3 else 100  # noqa: PLR2004 -- the third argument
    folder = place / "scans"
    origin_of = fill(folder, scans, entries)
    print(f"{entries} entries, of them {sum(origin.startswith('broken') for origin in origin_of.values())} broken")
    killed_and_carried_on(folder, place / "here", entries)
    on_a_scheduler(folder, place / "cluster")
    here, there = lines_of(place / "here"), lines_of(place / "cluster")
    for name, lines in (("this machine", here), ("Dask", there)):
        hold(sorted(lines) == sorted(origin_of), f"{name}: not every entry has its line")
        print(f"{name}: {len(lines)} lines: {dict(Counter(line['status'] for line in lines.values()))}")
    hold(told(here) == told(there), "the engines give different lines")
    for origin in dict.fromkeys(origin_of.values()):
        answers = {told(here)[name] for name, its in origin_of.items() if its == origin}
        print(f"  {origin:45} {sum(its == origin for its in origin_of.values()):3} x {sorted(answers)}")
        hold(len(answers) == 1, f"copies of {origin} give different answers")


def fill(folder: Path, scans: Path, entries: int) -> dict[str, str]:
    """Lay out the folder; returns the origin of each entry by the entry's name."""
    originals = find_scans(scans, leave_out=folder)
    origin_of = {}
    for number in range(entries):
        if number % 8 == 7:  # noqa: PLR2004 -- one in eight
            name, origin = broken(folder, originals, number)
        else:
            entry = originals[number % len(originals)]
            name, origin = copied(entry, folder / f"{number:03}"), entry.name
        origin_of[f"{number:03}{name}"] = origin
    return origin_of


def copied(entry: ScanEntry, place: Path) -> str:
    """Copy an entry so that its content differs; returns what its name has beyond the number."""
    stamp = place.name.encode().ljust(4)
    if entry.is_folder:
        place.mkdir(parents=True)
        for path in entry.files:
            content = bytearray(path.read_bytes())
            if content[_PREAMBLE_BYTES:].startswith(b"DICM"):
                content[:4] = stamp
            (place / path.name).write_bytes(content)
        return ""
    place.parent.mkdir(parents=True, exist_ok=True)
    content = bytearray(entry.files[0].read_bytes())
    suffix = ".nii.gz" if entry.name.endswith(".gz") else entry.files[0].suffix
    if suffix == ".nii.gz":
        content[_GZIP_TIME] = stamp
    else:
        content += stamp
    place.with_name(place.name + suffix).write_bytes(content)
    return suffix


def broken(folder: Path, originals: list[ScanEntry], number: int) -> tuple[str, str]:
    """Lay down something that is no whole scan; returns the rest of its name, and what is wrong with it."""
    folder.mkdir(exist_ok=True)
    place, stamp = folder / f"{number:03}", str(number).encode()
    volume = next(entry.files[0] for entry in originals if entry.name.endswith(".nii.gz"))
    slices = max((entry.files for entry in originals if entry.is_folder), key=len)
    kind = number // 8 % 4
    if kind == 0:
        place.with_suffix(".nii.gz").write_bytes(volume.read_bytes()[:100_000] + stamp)
        return ".nii.gz", "broken: cut short"
    if kind == 1:
        place.with_suffix(".nii").write_bytes(b"no image " + stamp)
        return ".nii", "broken: no image"
    if kind == 2:  # noqa: PLR2004 -- the third kind
        with zipfile.ZipFile(place.with_suffix(".zip"), "w") as archive:
            archive.writestr("notes.txt", stamp)
        return ".zip", "broken: a zip without images"
    place.mkdir()
    for path in slices:
        (place / path.name).write_bytes(path.read_bytes()[:-1000] + stamp)
    return "", "broken: slices cut short"


def command_of(folder: Path, out: Path, *options: str) -> list[str]:
    return [str(ASPECTS), "batch-ct", str(folder), "--out", str(out), *options]


def killed_and_carried_on(folder: Path, out: Path, entries: int) -> None:
    command = command_of(folder, out, "--workers", "2")
    started = time.monotonic()
    first = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    while len(list(out.glob("scans/[0-9a-f]*.json"))) < entries // 3 and first.poll() is None:
        time.sleep(0.1)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    finished = {path: path.stat().st_mtime_ns for path in out.glob("scans/[0-9a-f]*.json")}
    print(f"killed after {time.monotonic() - started:.0f} s with {len(finished)} results")
    started = time.monotonic()
    again = subprocess.run(command, check=False, capture_output=True, text=True)
    print(f"carried on for {time.monotonic() - started:.0f} s, exit code {again.returncode}: {again.stderr.strip()}")
    untouched = {path: path.stat().st_mtime_ns for path in finished} == finished
    hold(untouched, "a finished scan was read again")


def on_a_scheduler(folder: Path, out: Path) -> None:
    """The same folder by a real scheduler and two workers of one thread."""
    file = out.with_suffix(".scheduler.json")
    python = [sys.executable, "-m"]
    options = ["--scheduler-file", str(file), "--no-dashboard"]
    scheduler = [*python, "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *options]
    worker = [*python, "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny", *options]
    worker += ["--local-directory", str(out.parent / "spill")]
    machines = [
        subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for command in (scheduler, worker, worker)
    ]
    try:
        while not file.exists():
            time.sleep(0.1)
        address = json.loads(file.read_text())["address"]
        started = time.monotonic()
        run = subprocess.run(
            command_of(folder, out, "--scheduler", address), check=False, capture_output=True, text=True
        )
        print(f"Dask: {time.monotonic() - started:.0f} s, exit code {run.returncode}: {run.stderr.strip()}")
    finally:
        for machine in machines:
            machine.kill()
            machine.wait()
        shutil.rmtree(out.parent / "spill", ignore_errors=True)


def hold(what: bool, otherwise: str) -> None:  # noqa: FBT001 -- an assertion that no option switches off
    if not what:
        sys.exit(f"Does not hold: {otherwise}.")


def lines_of(out: Path) -> dict[str, Line]:
    with (out / "results.csv").open(newline="") as stream:
        return {line["case_id"]: line for line in csv.DictReader(stream)}


def told(lines: dict[str, Line]) -> dict[str, tuple[str, ...]]:
    return {name: tuple(line[column] for column in COMPARED) for name, line in lines.items()}


if __name__ == "__main__":
    main()

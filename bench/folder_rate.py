"""How fast a folder of scans is read: two workers beside one, and one beside the same scans without the engine."""

from __future__ import annotations

import resource
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from app.batch.scans.run import Limits, run_scans
from imaging.outputs import thumbnail_webp
from imaging.reading import read_with_artefacts

if TYPE_CHECKING:
    from collections.abc import Callable

_GZIP_TIME = slice(4, 8)

Figures = dict[str, Any]


def measure(scan: Path, scans: int, rounds: int) -> Figures:
    """Read ``scans`` copies that differ in bytes nobody looks at, in a row, by one worker, by two; medians of rounds.

    The engine's share of processor time says what it costs where others use the machine too.
    """
    spent: dict[str, list[tuple[float, float]]] = {"alone": [], "one worker": [], "two workers": []}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "scans"
        folder.mkdir()
        content = bytearray(scan.read_bytes())
        for number in range(scans):
            content[_GZIP_TIME] = f"{number:04}".encode()
            (folder / f"{number:04}.nii.gz").write_bytes(content)
        alone(folder)  # loads what both need
        for number in range(rounds):
            spent["alone"].append(timed(alone, folder))
            for workers, name in ((1, "one worker"), (2, "two workers")):
                spent[name].append(timed(by_engine, folder, Path(place) / f"out {number} {workers}", workers))
    seconds = {name: statistics.median(wall for wall, _ in values) for name, values in spent.items()}
    cpu = {name: statistics.median(used for _, used in values) for name, values in spent.items()}
    return {
        "scan": scan.name,
        "scans": scans,
        "seconds": seconds,
        "cpu_seconds": cpu,
        "speed_up": seconds["one worker"] / seconds["two workers"],
        "overhead": seconds["one worker"] / seconds["alone"] - 1,
        "cpu_overhead": cpu["one worker"] / cpu["alone"] - 1,
    }


def timed(work: Callable[..., None], *arguments: Any) -> tuple[float, float]:
    """Seconds by the clock, and of processor time with that of all processes that were started and have ended."""
    began, used = time.monotonic(), _used()
    work(*arguments)
    return time.monotonic() - began, _used() - used


def _used() -> float:
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def alone(folder: Path) -> None:
    for path in sorted(folder.iterdir()):
        reading, artefacts = read_with_artefacts(path)
        if artefacts is not None:
            thumbnail_webp(reading, artefacts)


def by_engine(folder: Path, out: Path, workers: int) -> None:
    counts = run_scans(folder, out, Limits(workers, 120, 6144))
    if counts.statuses.get("failed") or counts.earlier:
        sys.exit(f"Not what was to be measured: {counts}")


def table(figures: Figures) -> str:
    each = {name: value / figures["scans"] for name, value in figures["seconds"].items()}
    overhead, of_processor = 100 * figures["overhead"], 100 * figures["cpu_overhead"]
    return (
        f"A folder of {figures['scans']} scans ({figures['scan']}), seconds a scan:"
        f" alone {each['alone']:.2f}, one worker {each['one worker']:.2f}, two workers {each['two workers']:.2f}\n"
        f"  two workers are {figures['speed_up']:.2f} x one; the engine costs {overhead:.1f} % of time,"
        f" {of_processor:.1f} % of processor time\n"
    )

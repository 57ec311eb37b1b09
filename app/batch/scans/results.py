"""What a run over scans leaves behind: one JSON file a scan, named after its content, and a table of all."""

import csv
import io
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.batch.whole_file import Unfinished
from app.version import __version__
from imaging.atlas_description import atlas_version
from imaging.calibration import load_calibration
from imaging.result import side_that_stands_out
from scoring.regions import Region, Side

FAILED = "failed"
COLUMNS = (
    "case_id", "sha256", "status", "reason", "side", "aspects_total", "aspects_low", "aspects_high",
    *(region.value for region in Region), "warnings",
    *(f"probability_{side}_{region}" for side in Side for region in Region),
)  # fmt: skip
"""Columns of the table; ``case_id`` is the path of the scan below the folder. ``aspects agreement`` knows them all."""

Reading = dict[str, Any]


def versions() -> dict[str, str]:
    """Whatever a reading depends on besides the scan."""
    return {"software": __version__, "atlas": atlas_version(), "calibration": load_calibration().version}


def reading_path(out: Path, digest: str) -> Path:
    """Where the reading of a scan of this content is kept."""
    return out / "scans" / f"{digest}.json"


def thumbnail_path(out: Path, digest: str) -> Path:
    """Where its picture is kept."""
    return out / "scans" / f"{digest}.webp"


def finished_reading(path: Path, made_by: Mapping[str, str]) -> Reading | None:
    """The reading that an earlier run left; ``None``: there is none, or other versions made it, or it had failed."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    if not isinstance(found, dict) or found.get("made_by") != dict(made_by):
        return None
    reading = found.get("reading")
    return reading if isinstance(reading, dict) and not has_failed(reading) else None


def has_failed(reading: Reading) -> bool:
    """Whether the reading was cut short, by a limit or a fault; a refusal of the reader itself names its versions."""
    return not reading.get("versions")


def write_reading(path: Path, reading: Reading, digest: str, made_by: Mapping[str, str]) -> None:
    """Write the result of one scan, whole or not at all."""
    content = {"sha256": digest, "made_by": dict(made_by), "reading": reading}
    _write(
        path,
        (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape"),
    )


def row(name: str, digest: str | None, reading: Reading | None) -> dict[str, Any]:
    """A line of the table; ``reading is None``: the files could not be read from the disk."""
    line: dict[str, Any] = {"case_id": name, "sha256": digest, "status": FAILED, "reason": "UNREADABLE_FILE"}
    if reading is None:
        return line
    line["warnings"] = ";".join(warning["code"] for warning in reading["warnings"])
    if reading["status"] != "scored":
        status = FAILED if has_failed(reading) else "refused"
        return line | {"status": status, "reason": reading["refusal"]["code"]}
    return line | _scored(reading)


def _scored(reading: Reading) -> dict[str, Any]:
    side = side_that_stands_out(reading)
    sides = [side] if side else list(reading["regions"])
    regions = {}
    for region in Region:
        statuses = {reading["regions"][one][region.value]["status"] for one in sides}
        regions[region.value] = statuses.pop() if len(statuses) == 1 else None
    totals = {f"aspects_{part}": reading[key] for part, key in _TOTALS}
    likely = {
        f"probability_{one}_{name}": region["probability"]
        for one, found in reading["regions"].items()
        for name, region in found.items()
    }
    return {"status": "scored", "reason": None, "side": side, **totals, **regions, **likely}


_TOTALS = (("total", "total"), ("low", "total_low"), ("high", "total_high"))


def write_tables(out: Path, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write ``results.csv``, and ``results.parquet`` where Polars is installed, each whole or not at all."""
    _write(out / "results.csv", csv_text(COLUMNS, rows))
    try:
        import polars as pl  # noqa: PLC0415 -- an extra; a folder of scans is read without it too
    except ModuleNotFoundError:
        return
    types = {"aspects": pl.Int64, "probability": pl.Float64}
    whole = {name: types.get(name.split("_")[0], pl.String) for name in COLUMNS}
    texts = [{**line, "case_id": os.fsencode(line["case_id"]).decode("utf-8", "replace")} for line in rows]
    with Unfinished(out / "results.parquet") as unfinished:
        pl.DataFrame([{name: line.get(name) for name in COLUMNS} for line in texts], schema=whole).write_parquet(
            unfinished.stream
        )
        unfinished.finish()


def csv_text(columns: Sequence[str], rows: Sequence[Mapping[str, Any]], delimiter: str = ",") -> bytes:
    """A table as CSV; paths that are not UTF-8 keep their bytes."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n", delimiter=delimiter)
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "surrogateescape")


def _write(path: Path, content: bytes) -> None:
    with Unfinished(path) as unfinished:
        unfinished.stream.write(content)
        unfinished.finish()

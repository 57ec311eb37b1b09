"""What is laid down of a BIDS data set: a JSON file an image, a table of all with its dictionary, a contact sheet."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from app.batch.faults import TableUnusable
from app.batch.scans import results
from app.batch.scans.bids.dataset import DESCRIPTION, Image
from app.batch.scans.contact_sheet import write_contact_sheet
from app.batch.scans.results import csv_text
from app.batch.whole_file import Unfinished
from app.version import __version__
from scoring.regions import Region, Side, Status

BIDS_VERSION = "1.10.0"
KEPT = ".aspects"
"""Folder below the results in which readings are kept by content, so that a stopped run is carried on."""
_DESCRIBED = "_desc-aspects_ct.json"
_TABLE = "desc-aspects_results"
_COLUMNS = ("participant_id", "session_id", "filename", *(name for name in results.COLUMNS if name != "case_id"))


def write_description(out: Path, dataset: Path, description: Mapping[str, Any]) -> None:
    """Say what the folder holds and what it was made from."""
    doi = description.get("DatasetDOI")
    source = {"DOI": doi} if isinstance(doi, str) else {"URL": dataset.resolve().as_uri()}
    told = {
        "Name": f"ASPECTS readings of {description.get('Name', dataset.resolve().name)}",
        "BIDSVersion": BIDS_VERSION,
        "DatasetType": "derivative",
        "GeneratedBy": [{"Name": "aspects-bids", "Version": __version__}],
        "SourceDatasets": [source],
    }
    _write(out / DESCRIPTION, _json_text(told))
    _write(out / ".bidsignore", b"*.html\n")


def write_image(out: Path, image: Image, line: Mapping[str, Any]) -> None:
    """Lay down the result of one image; ``line``: its line of the table."""
    digest = line["sha256"]
    kept = json.loads(results.reading_path(out / KEPT, digest).read_bytes()) if _is_kept(out, digest) else {}
    told = {"Sources": [f"bids:raw:{image.entry.name}"], "line": dict(line), **kept}
    folder = out / image.folder
    folder.mkdir(parents=True, exist_ok=True)
    _write(folder / f"{image.stem}{_DESCRIBED}", _json_text(told))


def write_group(out: Path) -> list[dict[str, Any]]:
    """Put all results that were laid down into one table, and draw the contact sheet; returns the lines.

    Raises
    ------
    TableUnusable
        Nothing was laid down yet.
    """
    found = sorted(out.glob(f"sub-*/**/*{_DESCRIBED}"))
    lines = [json.loads(path.read_bytes())["line"] for path in found]
    if not lines:
        raise TableUnusable(f"{out}: no results of participants; run the level 'participant' first.")
    rows = [_row(line) for line in lines]
    _write(out / f"{_TABLE}.tsv", csv_text(_COLUMNS, rows, delimiter="\t"))
    _write(out / f"{_TABLE}.json", _json_text(_dictionary()))
    write_contact_sheet(out, lines, kept=out / KEPT)
    return lines


def _row(line: Mapping[str, Any]) -> dict[str, Any]:
    parts = str(line["case_id"]).split("/")
    session = next((part for part in parts if part.startswith("ses-")), None)
    row = {**line, "participant_id": parts[0], "session_id": session, "filename": line["case_id"]}
    return {name: "n/a" if row.get(name) in {None, ""} else row[name] for name in _COLUMNS}


def _dictionary() -> dict[str, dict[str, Any]]:
    """What the columns of the table hold, as BIDS wants it told beside the table."""
    levels = {
        Status.AFFECTED.value: "acute ischaemic change",
        Status.UNAFFECTED.value: "no acute ischaemic change",
        Status.NOT_ASSESSABLE.value: "not to be judged on this image",
    }
    told: dict[str, dict[str, Any]] = {
        "participant_id": {"Description": "Participant"},
        "session_id": {"Description": "Session; n/a: the data set has none"},
        "filename": {"Description": "Image, by its path in the data set"},
        "sha256": {"Description": "SHA-256 of the file"},
        "status": {"Levels": {"scored": "read", "refused": "refused by the reader", "failed": "could not be read"}},
        "reason": {"Description": "Code of the refusal or of the failure"},
        "side": {"Description": "The patient's side; n/a: none stands out", "Levels": {s.value: s.value for s in Side}},
        "warnings": {"Description": "Codes of warnings, with semicolons between them"},
    }
    told |= {f"aspects_{part}": {"Description": f"ASPECTS, {words}", "Units": "points"} for part, words in _TOTALS}
    told |= {region.value: {"Description": f"Region {region.value}", "Levels": levels} for region in Region}
    return told | {
        f"probability_{side}_{region}": {"Description": f"Probability that {region} of the {side} side is affected"}
        for side in Side
        for region in Region
    }


_TOTALS = (("total", "total"), ("low", "lower bound"), ("high", "upper bound"))


def _is_kept(out: Path, digest: str | None) -> bool:
    return digest is not None and results.reading_path(out / KEPT, digest).is_file()


def _json_text(value: object) -> bytes:
    return (json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode("utf-8", "surrogateescape")


def _write(path: Path, content: bytes) -> None:
    with Unfinished(path) as unfinished:
        unfinished.stream.write(content)
        unfinished.finish()


def lay_down(out: Path, images: Sequence[Image], lines: Sequence[Mapping[str, Any]]) -> None:
    """Lay down the results of many images."""
    for image, line in zip(images, lines, strict=True):
        write_image(out, image, line)

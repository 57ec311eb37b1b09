"""The contact sheet of a run: every scan's picture on pages that need no network, those to look at first in front."""

import base64
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, select_autoescape

from app.batch.scans import results
from app.batch.whole_file import Unfinished
from app.version import __version__
from scoring.aspects import FULL_SCORE

SCANS_A_PAGE = 200
"""Pictures are inside the page, about 20 kB each: a page stays below 10 MB."""
_ORDER = {"failed": 0, "refused": 1, "scored": 2}

Line = Mapping[str, Any]


def write_contact_sheet(out: Path, rows: Sequence[Line], kept: Path | None = None) -> list[Path]:
    """Write ``contact_sheet.html``, and ``contact_sheet_2.html`` and so on where there are many scans.

    Failed scans come first, then refused ones, then scored ones: those with warnings before others, low totals before
    high ones. ``kept``: where readings and pictures are, if not below ``out``.
    """
    kept = kept or out
    ordered = sorted(rows, key=_urgency)
    pages = [ordered[at : at + SCANS_A_PAGE] for at in range(0, len(ordered), SCANS_A_PAGE)]
    names = [f"contact_sheet{'' if number == 1 else f'_{number}'}.html" for number in range(1, len(pages) + 1)]
    counts = {status: sum(row["status"] == status for row in rows) for status in _ORDER}
    template = Environment(loader=PackageLoader(__package__, "templates"), autoescape=select_autoescape())
    for number, (name, page) in enumerate(zip(names, pages, strict=True), 1):
        cards = [_card(out, kept, row) for row in page]
        told = {"cards": cards, "names": names, "number": number, "counts": counts, "version": __version__}
        with Unfinished(out / name) as unfinished:
            text = template.get_template("contact_sheet.html").render(told)
            unfinished.stream.write(text.encode("utf-8", "replace"))
            unfinished.finish()
    _remove_further_pages(out, len(pages))
    return [out / name for name in names]


def _urgency(row: Line) -> tuple[int, int, int, str]:
    warnings = str(row.get("warnings") or "")
    total = row.get("aspects_total")
    return (
        _ORDER[row["status"]],
        -len(warnings.split(";")) if warnings else 0,
        FULL_SCORE + 1 if total is None else int(total),
        str(row["case_id"]),
    )


def _card(out: Path, kept: Path, row: Line) -> dict[str, Any]:
    digest = row["sha256"]
    card = {**row, "warnings": [code for code in str(row.get("warnings") or "").split(";") if code]}
    if digest is None:
        return card
    result = results.reading_path(kept, digest)
    if result.is_file():
        card["json"] = result.relative_to(out).as_posix()
        card["text"] = _refusal_text(result)
    try:
        picture = results.thumbnail_path(kept, digest).read_bytes()
    except OSError:
        return card
    return card | {"picture": base64.b64encode(picture).decode()}


def _refusal_text(result: Path) -> str | None:
    try:
        refusal = json.loads(result.read_bytes())["reading"].get("refusal")
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return refusal["text"] if refusal else None


def _remove_further_pages(out: Path, pages: int) -> None:
    """Pages that an earlier, longer run has left."""
    number = pages + 1 if pages > 1 else 2
    while (page := out / f"contact_sheet_{number}.html").is_file():
        page.unlink()
        number += 1

"""What the page shows of a scan: nothing before the reader's own look, then both readings and what differs."""

import json
from collections.abc import Mapping
from typing import Any

from app.web.form.reading import FormReading
from app.web.map.words import STATUS_WORDS
from app.web.scan.beside import ScanBeside, say_decision, say_seen
from app.web.scan.comparison import compare
from app.web.words.catalogue import _
from imaging.result import side_that_stands_out
from scoring.regions import Status

_HAEMORRHAGE = "HAEMORRHAGE_SUSPECTED"

_NO_VIEW = {"scan_own": False, "scan_views": False, "scan_viewed": "", "scan_stops": False}


def suspects_haemorrhage(scan: ScanBeside | None) -> bool:
    """Whether the software refused the scan because of what may be blood."""
    software = None if scan is None else scan.reading
    return software is not None and software.get("refusal") is not None and software["refusal"]["code"] == _HAEMORRHAGE


def stops_the_path(reading: FormReading, scan: ScanBeside | None) -> bool:
    """Whether haemorrhage is suspected and nobody has answered the question about it."""
    return suspects_haemorrhage(scan) and not reading.kept.get("haemorrhage_on_imaging")


def scan_words(reading: FormReading, scan: ScanBeside | None) -> dict[str, Any]:
    """What the templates show of a scan.

    Parameters
    ----------
    reading
        The form, with what the reader saw.
    scan
        The reading of a CT; ``None``: no CT was sent.
    """
    software = None if scan is None else scan.reading
    if scan is None or software is None:
        return {
            "scan_reading": None,
            "scan_side": None,
            "scan_gone": scan is not None,
            "scan_held": False,
            "scan_bleeds": False,
            "scan_recorded": None,
        } | _NO_VIEW
    is_held = not (scan.is_shown or scan.is_refused)
    compared = [] if is_held else compare(reading.payload.get("findings"), software)
    differing = [row.region for row in compared if row.differs]
    bleeds, stops = suspects_haemorrhage(scan), stops_the_path(reading, scan)
    decided = say_decision(reading.kept, differing=len(differing))
    if stops:
        decided = _("haemorrhage suspected, nobody has looked")
    return {
        "scan_reading": None if is_held else software,
        "scan_side": side_that_stands_out(software),
        "scan_gone": False,
        "scan_held": is_held,
        "scan_own": scan.has_own,
        "scan_views": scan.views is not None,
        "scan_viewed": "" if is_held or scan.is_refused else json.dumps(_for_the_viewer(software)),
        "scan_bleeds": bleeds,
        "compared": compared,
        "differing": differing,
        "scan_stops": stops,
        "scan_decision": decided,
        "scan_recorded": decided or (say_seen(scan, differing=len(differing)) if compared else None),
    }


def _for_the_viewer(software: Mapping[str, Any]) -> dict[str, Any]:
    """The numbers and calls of each region on both sides, as the viewer says them."""
    regions = {
        side: {
            region: {"hu": one["hu"], "status": one["status"], "words": _(STATUS_WORDS[Status(one["status"])])}
            for region, one in measured.items()
        }
        for side, measured in software["regions"].items()
    }
    return {"regions": regions}

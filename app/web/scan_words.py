"""What the page shows of a scan: nothing before the reader's own look, then both readings and what differs."""

from typing import Any

from app.web.form_reading import FormReading
from app.web.reading_beside import compare
from app.web.scan_beside import ScanBeside, say_decision

_HAEMORRHAGE = "HAEMORRHAGE_SUSPECTED"


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
        return {"scan_reading": None, "scan_gone": scan is not None, "scan_held": False, "scan_bleeds": False}
    is_held = not (scan.is_shown or scan.is_refused)
    compared = [] if is_held else compare(reading.payload.get("findings"), software)
    differing = [row.region for row in compared if row.differs]
    return {
        "scan_reading": None if is_held else software,
        "scan_gone": False,
        "scan_held": is_held,
        "scan_bleeds": scan.is_refused and software["refusal"]["code"] == _HAEMORRHAGE,
        "compared": compared,
        "differing": differing,
        "scan_decision": say_decision(reading.kept, differing=len(differing)),
    }

"""A scan's reading, kept while the case is worked on, and what the reader makes of it: accept, edit or keep own."""

import asyncio
import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi import Request

from app.api.service import service_of
from app.scans.findings import with_reading
from app.scans.views import FACTS_FILE, LABELS_FILE, SCAN_FILE
from app.web.form.read_form import REST
from app.web.words.catalogue import _, counted
from imaging.result import side_that_stands_out
from scoring.case import Case
from scoring.regions import Region, Side

SCAN = "scan"
"""Field that names the reading: the job that made it, which cannot be guessed."""
SHOWN = "scan_shown"
"""Field that says that the reader asked to see the reading without a score of their own."""
DECISION = "scan_decision"
"""Field that records what the reader made of the reading."""
CHOICE = "scan_choice"
"""Field of the buttons: ``accept``, ``own``, or a region whose status is taken over."""

DECISIONS = {"accepted": "accepted by the reader", "edited": "edited by the reader", "own": "not taken over"}

_REGION_FIELDS = tuple(f"region.{region}" for region in Region)


@dataclass(frozen=True, slots=True)
class ScanBeside:
    """The reading that belongs to a case, and whether it may be seen yet."""

    reading: Mapping[str, Any] | None
    """``None``: it is no longer kept."""
    is_shown: bool
    """Whether the reader has asked to see the reading: their own look comes first."""
    has_own: bool = False
    """Whether the reader has marked or scored anything."""
    views: Mapping[str, Any] | None = None
    """Facts about what a browser can show of the scan; ``None``: there is nothing to show."""

    @property
    def is_refused(self) -> bool:
        """Whether the software refused the scan; a refusal is shown at once, for nothing in it can lead the eye."""
        return self.reading is not None and self.reading["status"] != "scored"

    def bring_into(self, case: Case) -> tuple[Case, list[str]]:
        """The case with what the scan adds to it, and the warnings."""
        if self.reading is None or not (self.is_shown or self.is_refused):
            return case, []
        return with_reading(case, self.reading)


async def scan_beside(request: Request, fields: Mapping[str, str]) -> ScanBeside | None:
    """The reading that the form names; ``None``: it names none."""
    name = fields.get(SCAN)
    if not name:
        return None
    reading = await kept_reading(request, name)
    has_own = fields.get(REST) == "region" or any(fields.get(one) for one in ("aspects_total", *_REGION_FIELDS))
    shown = bool(fields.get(SHOWN))
    return ScanBeside(reading, shown, has_own, None if reading is None else await _view_facts(request, name))


async def kept_reading(request: Request, name: str) -> Mapping[str, Any] | None:
    """The reading that a job made; ``None``: there is none of this name, or it is no longer kept."""
    jobs = service_of(request).desk.jobs
    answer = await asyncio.to_thread(lambda: jobs.answer(name) if jobs.is_known(name) else None)
    if answer is None or answer.status != HTTPStatus.OK:
        return None
    reading: Mapping[str, Any] = json.loads(answer.body)["reading"]
    return reading


async def kept_view(request: Request, name: str, file: str) -> Path | None:
    """A file of what a browser shows of a scan; ``None``: there is none of this name, or it is no longer kept."""
    if file not in (SCAN_FILE, LABELS_FILE, FACTS_FILE):
        return None
    jobs = service_of(request).desk.jobs
    known = await asyncio.to_thread(jobs.is_known, name)
    path = jobs.views_folder(name) / file
    return path if known and await asyncio.to_thread(path.is_file) else None


async def _view_facts(request: Request, name: str) -> Mapping[str, Any] | None:
    path = await kept_view(request, name, FACTS_FILE)
    if path is None:
        return None
    facts: Mapping[str, Any] = json.loads(await asyncio.to_thread(path.read_bytes))
    return facts


def overlay_of(reading: Mapping[str, Any]) -> bytes | None:
    """The picture of the regions on the scan, as PNG; ``None``: the reading has none."""
    encoded = reading.get("overlay_png_base64")
    return base64.b64decode(encoded) if encoded else None


def with_choice(fields: Mapping[str, str], scan: ScanBeside) -> dict[str, str]:
    """The form after the reader pressed one of the buttons beside the reading; unchanged if none was pressed."""
    chosen = {name: text for name, text in fields.items() if name != CHOICE}
    choice, reading = fields.get(CHOICE, ""), scan.reading
    if not choice or reading is None or scan.is_refused:
        return chosen
    if choice == "own":
        return chosen | {DECISION: "own"}
    side = fields.get("side") or side_that_stands_out(reading)
    if side not in list(Side):
        return chosen
    software = {f"region.{region}": reading["regions"][side][region]["status"] for region in Region}
    if choice == "accept":
        chosen.pop("aspects_total", None)
        chosen.pop(REST, None)
        return chosen | software | {"side": side, DECISION: "accepted"}
    if choice in list(Region):
        return chosen | {f"region.{choice}": software[f"region.{choice}"], "side": side, DECISION: "edited"}
    return chosen


def say_seen(scan: ScanBeside, *, differing: int) -> str:
    """What a record says of a reading that was shown while nobody has decided about it."""
    if not scan.has_own:
        return _("this score, confirmed by nobody")
    if not differing:
        return _("seen, no region differs")
    return f"{_('seen, not decided')}; {counted('1 region differs', '{count} regions differ', differing)}"


def say_decision(fields: Mapping[str, str], *, differing: int) -> str | None:
    """What the reader made of the reading, in words for the record; ``None``: nothing yet.

    Parameters
    ----------
    fields
        The form.
    differing
        Regions in which reader and software now differ: a score that was accepted and changed since is an edited one.
    """
    decision = fields.get(DECISION)
    if decision not in DECISIONS:
        return None
    if decision == "accepted" and differing:
        decision = "edited"
    said = counted("1 region differs", "{count} regions differ", differing)
    return _(DECISIONS[decision]) + (f"; {said}" if differing else "")

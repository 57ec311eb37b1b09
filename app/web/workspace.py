"""The one page: the answer above or beside the facts it rests on, and below it the reasons, the rest and the record."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from app.web.answer.record_text import say_score
from app.web.answer.wording import state_of
from app.web.answer.words import answer_words
from app.web.form.reading import FormReading
from app.web.form.words import form_words
from app.web.rendering import render
from app.web.scan.beside import ScanBeside
from app.web.scan.words import scan_words
from app.web.times.words import epoch_ms
from app.web.words.catalogue import _, counted


def _glance(reading: FormReading, answer: Mapping[str, Any] | None, stops: bool) -> dict[str, str] | None:  # noqa: FBT001 -- a fact of the scan
    """The decision in two lines, for small screens and for those who listen; ``None``: nothing was asked yet."""
    if reading.problems:
        words = counted("1 entry needs a look", "{count} entries need a look", len(reading.problems))
        return {"key": "not", "icon": "cross", "words": _("Nothing was evaluated"), "more": words}
    if answer is None:
        return None
    if stops:
        stopped = _("Stopped: haemorrhage suspected")
        return {"key": "not", "icon": "cross", "words": stopped, "more": _("Look at the CT for blood")}
    state = state_of(answer["evt_summary"]["verdict"])
    more = f"{_(answer['transfer']['action_text'])}. ASPECTS {say_score(answer['aspects'])}"
    return {"key": state.key, "icon": state.icon, "words": _(state.words), "more": more}


def workspace_page(
    request: Request,
    reading: FormReading,
    now: datetime,
    answer: Mapping[str, Any] | None = None,
    scan: ScanBeside | None = None,
) -> HTMLResponse:
    """The page, with an answer or without.

    Parameters
    ----------
    reading
        The form as it was sent; it is shown again, so that facts can be changed without typing anything twice.
    now
        The server's clock; the page's clock counts on from it.
    answer
        The answer of ``POST /v1/triage``; ``None``: nothing was asked yet, or the form has problems (422).
    scan
        The software's reading of a CT, shown beside what the reader saw; ``None``: no CT was sent.
    """
    scanned = scan_words(reading, scan)
    context = form_words(request, reading, now)
    return render(
        request,
        "workspace.html",
        422 if reading.problems else 200,
        **context,
        **({"answer": None} if answer is None else answer_words(reading, answer, scanned["scan_recorded"])),
        **scanned,
        kept_json=json.dumps({name: text for name, text in reading.kept.items() if text}),
        glance=_glance(reading, answer, scanned["scan_stops"]),
        looks_back="evaluated_at" in reading.kept and bool(reading.kept["evaluated_at"]),
        now_ms=epoch_ms(now),
        zone=reading.zone.key,
    )

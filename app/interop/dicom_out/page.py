"""The one-page report as a PDF: score, map, regions, answer, limits, versions, and room for a clinician's signature."""

import io
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import reportlab
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import KeepInFrame, Paragraph, Spacer, Table

from app.interop.dicom_out.contents import NOT_FOR_CLINICAL_USE, Content
from app.interop.dicom_out.identity import MANUFACTURER, VERSION
from app.interop.dicom_out.page_words import (
    identity_lines,
    limits,
    made_lines,
    region_rows,
    score_line,
    signature_line,
    state_line,
    triage_lines,
)
from app.interop.dicom_out.score_map import FILL, ScoreMap
from app.interop.dicom_out.sources import Sources
from app.interop.dicom_out.stamp import Making
from scoring.regions import Side, Status

_MARGIN = 15 * mm
_TEXT, _BOLD = "ReportText", "ReportBold"
_RED = HexColor(0xA40000)
_HEADER_ROWS = 2


def report_page(content: Content, sources: Sources, making: Making) -> bytes:
    """Make the page; the same content gives the same bytes."""
    _fonts()
    buffer = io.BytesIO()
    canvas = Canvas(buffer, pagesize=A4, invariant=1, lang="en-GB")
    canvas.setTitle("ASPECTS report")
    canvas.setAuthor(MANUFACTURER)
    canvas.setCreator(f"{MANUFACTURER} {VERSION}")
    width, height = A4[0] - 2 * _MARGIN, A4[1] - 2 * _MARGIN
    frame = KeepInFrame(width, height, _story(content, sources, making, width), mode="shrink")
    _, used = frame.wrapOn(canvas, width, height)
    frame.drawOn(canvas, _MARGIN, A4[1] - _MARGIN - used)
    canvas.showPage()
    canvas.save()
    return buffer.getvalue()


def _story(content: Content, sources: Sources, making: Making, width: float) -> list[Any]:
    """All parts from top to bottom."""
    story: list[Any] = [
        Table(
            [[_text("ASPECTS report", 18, bold=True), _text(state_line(content), 10, bold=True, colour=_RED)]],
            colWidths=[width * 0.45, width * 0.55],
            style=[("VALIGN", (0, 0), (-1, -1), "MIDDLE"), ("LEFTPADDING", (0, 0), (-1, -1), 0)],
        ),
        _text(NOT_FOR_CLINICAL_USE, 9, bold=True, colour=_RED),
        Spacer(0, 3 * mm),
        *(_text(line, 9) for line in identity_lines(making.header, _printable)),
        Spacer(0, 4 * mm),
        _text(score_line(content), 15, bold=True),
        Spacer(0, 2 * mm),
    ]
    if content.is_scored:
        story += [_map_and_regions(content, width), Spacer(0, 3 * mm)]
    if content.triage is not None:
        story += [_text("Triage answer", 11, bold=True), *_bullets(triage_lines(content.triage)), Spacer(0, 2 * mm)]
    story += [_text("Mind", 11, bold=True), *_bullets(limits(content)), Spacer(0, 2 * mm)]
    story += [_text(line, 7.5) for line in made_lines(content, sources, making)]
    story += [Spacer(0, 6 * mm), _text(signature_line(content), 10, bold=True)]
    return story


def _map_and_regions(content: Content, width: float) -> Table:
    drawn = ScoreMap(content, width * 0.5, _TEXT)
    caption = (
        "Patient's right on the left. Left: basal ganglia level; right: level above. * affected, ? not assessable."
    )
    left = [drawn, _text(caption, 7)]
    return Table(
        [[left, _regions(content, width * 0.47)]],
        colWidths=[width * 0.52, width * 0.48],
        style=[("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)],
    )


def _regions(content: Content, width: float) -> Table:
    """The ten regions of both sides; affected ones are marked by colour and by word."""
    first = content.side or Side.LEFT
    rows = region_rows(content, first)
    side = f"{first.value} side"
    head = [["", side, "", "", f"{first.other.value} side", ""], ["region", "call", "P", "HU diff.", "call", "P"]]
    style: list[tuple[Any, ...]] = [
        ("FONT", (0, 0), (-1, -1), _TEXT, 7),
        ("FONT", (0, 0), (-1, _HEADER_ROWS - 1), _BOLD, 7),
        ("LINEBELOW", (0, 1), (-1, 1), 0.6, black),
        ("ALIGN", (2, 1), (3, -1), "RIGHT"),
        ("ALIGN", (5, 1), (5, -1), "RIGHT"),
        ("TOPPADDING", (0, 0), (-1, -1), 2.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 2.5),
    ]
    for number, row in enumerate(rows, start=_HEADER_ROWS):
        for column, status in ((1, row.status), (4, row.other_status)):
            if status is not Status.UNAFFECTED:
                style.append(("BACKGROUND", (column, number), (column + 1, number), FILL[status]))
    widths = [width * share for share in (0.13, 0.25, 0.11, 0.15, 0.25, 0.11)]
    return Table([*head, *(list(row.cells) for row in rows)], colWidths=widths, style=style)


def _bullets(lines: list[str]) -> list[Paragraph]:
    return [_text(f"– {line}", 8.5, indent=9) for line in lines]


def _text(text: str, size: float, *, bold: bool = False, colour: Any = black, indent: float = 0) -> Paragraph:
    style = ParagraphStyle(
        "report",
        fontName=_BOLD if bold else _TEXT,
        fontSize=size,
        leading=size * 1.3,
        textColor=colour,
        leftIndent=indent,
        firstLineIndent=-indent,
    )
    return Paragraph(escape(_printable(text)), style)


def _printable(text: str) -> str:
    """Text with a question mark for each sign that the font cannot show: a reader sees that something is missing."""
    known = pdfmetrics.getFont(_TEXT).face.charToGlyph
    return "".join(sign if ord(sign) in known else "?" for sign in text)


@cache
def _fonts() -> None:
    """Make the fonts known that reportlab brings; they are embedded, so the page looks alike everywhere."""
    folder = Path(reportlab.__file__).parent / "fonts"
    register: Callable[[TTFont], None] = pdfmetrics.registerFont
    register(TTFont(_TEXT, str(folder / "Vera.ttf")))
    register(TTFont(_BOLD, str(folder / "VeraBd.ttf")))

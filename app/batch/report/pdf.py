"""A report as a PDF on A4 pages, landscape, with fonts that have the letters of most names."""

import io
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import matplotlib as mpl
from reportlab.lib.colors import HexColor, black
from reportlab.lib.pagesizes import A4, landscape
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import inch, mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas
from reportlab.platypus import Image, SimpleDocTemplate, Spacer, Table
from reportlab.platypus import Paragraph as Text

from app.batch.report.document import DOTS_PER_INCH, Block, DataTable, Document, Heading, Paragraph, Picture

_MARGIN = 15 * mm
_WIDTH = landscape(A4)[0] - 2 * _MARGIN
_HIGHEST_PICTURE = landscape(A4)[1] - 2 * _MARGIN - 35 * mm
"""Leaves room for a heading and a caption above it."""
_TEXT, _BOLD = "BatchReport", "BatchReportBold"
_LINE = HexColor(0x999999)
_PADDING = 3


def as_pdf(document: Document) -> bytes:
    """Write the pages; the same document gives the same bytes."""
    _fonts()
    buffer = io.BytesIO()
    pages = SimpleDocTemplate(
        buffer,
        pagesize=landscape(A4),
        leftMargin=_MARGIN,
        rightMargin=_MARGIN,
        topMargin=_MARGIN,
        bottomMargin=_MARGIN,
        title=document.title,
        lang="en-GB",
        invariant=1,
    )
    story: list[Any] = [_text(document.title, 16, bold=True), Spacer(0, 4 * mm)]
    for block in document.blocks:
        story += _flowables(block)
    pages.build(story, onFirstPage=_number, onLaterPages=_number)
    return buffer.getvalue()


def _flowables(block: Block) -> Iterator[Any]:
    match block:
        case Heading():
            yield _text(block.text, 12, bold=True, before=5 * mm, with_next=True)
        case Paragraph():
            yield _text(block.text, 9)
        case Picture():
            yield _text(block.caption, 9, bold=True, with_next=True)
            yield _image(block.png)
        case DataTable():
            yield _text(block.caption, 9, bold=True, with_next=True)
            yield _table(block)
            yield Spacer(0, 4 * mm)


def _image(png: bytes) -> Image:
    image = Image(io.BytesIO(png))
    shrunk = min(_WIDTH / image.imageWidth, _HIGHEST_PICTURE / image.imageHeight, inch / DOTS_PER_INCH)
    image.drawWidth, image.drawHeight = image.imageWidth * shrunk, image.imageHeight * shrunk
    image.hAlign = "LEFT"
    return image


def _table(block: DataTable) -> Table:
    size = 7.5
    columns = list(block.rows[0])
    lines = [columns, *([row[column] for column in columns] for row in block.rows)]
    widths = _widths(lines, size)
    cells = [
        [_cell(text, size, bold=number == 0, right=at >= block.texts) for at, text in enumerate(line)]
        for number, line in enumerate(lines)
    ]
    style = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"),
        ("LINEBELOW", (0, 0), (-1, -1), 0.25, _LINE),
        ("LINEBELOW", (0, 0), (-1, 0), 0.75, black),
        ("LEFTPADDING", (0, 0), (-1, -1), _PADDING),
        ("RIGHTPADDING", (0, 0), (-1, -1), _PADDING),
        ("TOPPADDING", (0, 0), (-1, -1), 1.5),
        ("BOTTOMPADDING", (0, 0), (-1, -1), 1.5),
    ]
    return Table(cells, colWidths=widths, style=style, repeatRows=1, hAlign="LEFT")


def _widths(lines: list[list[str]], size: float) -> list[float]:
    """As wide as the longest cell; where the page is too narrow, the widest columns give way and break their lines."""
    wanted = [
        max(pdfmetrics.stringWidth(text, _BOLD if number == 0 else _TEXT, size) for number, text in enumerate(column))
        + 2 * _PADDING
        + 1
        for column in zip(*lines, strict=True)
    ]
    most = _WIDTH
    while sum(min(width, most) for width in wanted) > _WIDTH:
        most *= 0.95
    return [min(width, most) for width in wanted]


def _cell(text: str, size: float, *, bold: bool, right: bool) -> Text:
    return _text(text, size, bold=bold, after=0, right=right)


def _text(
    text: str,
    size: float,
    *,
    bold: bool = False,
    before: float = 0,
    after: float = 2 * mm,
    right: bool = False,
    with_next: bool = False,
) -> Text:
    style = ParagraphStyle(
        "text",
        fontName=_BOLD if bold else _TEXT,
        fontSize=size,
        leading=size * 1.3,
        spaceBefore=before,
        spaceAfter=after,
        alignment=2 if right else 0,
        keepWithNext=with_next,
    )
    return Text(escape(text), style)


def _number(canvas: Canvas, _pages: Any) -> None:
    canvas.setFont(_TEXT, 7)
    canvas.drawRightString(_MARGIN + _WIDTH, _MARGIN / 2, f"{canvas.getPageNumber()}")


@cache
def _fonts() -> None:
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    for name, file in ((_TEXT, "DejaVuSans.ttf"), (_BOLD, "DejaVuSans-Bold.ttf")):
        pdfmetrics.registerFont(TTFont(name, folder / file))

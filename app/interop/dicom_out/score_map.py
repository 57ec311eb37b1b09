"""Draws the two levels of ASPECTS on the report page, with the shapes of the web page's map."""

import json
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

from reportlab.lib.colors import Color, HexColor, black, white
from reportlab.pdfgen.canvas import Canvas
from reportlab.pdfgen.pathobject import PDFPathObject
from reportlab.platypus import Flowable

from app.interop.dicom_out.contents import Content
from scoring.regions import Region, Side, Status

FILL = {
    Status.AFFECTED: HexColor(0xF0E442),
    Status.UNAFFECTED: HexColor(0xDCEBF5),
    Status.NOT_ASSESSABLE: HexColor(0xEFDCE8),
}
MARK = {Status.AFFECTED: "*", Status.UNAFFECTED: "", Status.NOT_ASSESSABLE: "?"}
"""Beside the colours, for print in black and white."""
_LEFT, _TOP, _WIDTH, _HEIGHT = -78.0, -84.0, 156.0, 196.0
"""The part of the shapes' plane that is shown; x grows to the patient's left, y to the back."""
_HATCH_STEP = 4.0
_FILLED, _OUTLINE = 0, 1
"""Text rendering modes of PDF; a white outline keeps letters apart from hatching."""
_DEEP = {Region.C, Region.L, Region.IC, Region.I}


class ScoreMap(Flowable):  # type: ignore[misc]  # reportlab ships no types
    """Both levels side by side, basal ganglia first; the patient's right is on the left."""

    def __init__(self, content: Content, width: float, font: str) -> None:
        super().__init__()
        self._content, self._font = content, font
        self._scale = width / (2 * _WIDTH)
        self.width, self.height = width, self._scale * _HEIGHT

    def draw(self) -> None:
        """Draw at the place that the page gives it; called by reportlab."""
        canvas: Canvas = self.canv
        for number, shapes in enumerate(_shapes().values()):
            canvas.saveState()
            canvas.scale(self._scale, -self._scale)
            canvas.translate(number * _WIDTH - _LEFT, -_HEIGHT - _TOP)
            self._draw_level(canvas, shapes)
            canvas.restoreState()

    def _draw_level(self, canvas: Canvas, shapes: dict[str, Any]) -> None:
        canvas.setLineWidth(0.8)
        canvas.setStrokeColor(black)
        canvas.setFillColor(white)
        canvas.drawPath(_path(canvas, shapes["head"], 1), fill=1, stroke=1)
        canvas.setFillColor(HexColor(0xC8C8C8))
        canvas.drawPath(_path(canvas, shapes["ventricles"], 1), fill=1, stroke=0)
        for side, sign in ((Side.LEFT, 1), (Side.RIGHT, -1)):
            for name, shape in shapes["regions"].items():
                self._draw_region(canvas, Region(name), side, shape, sign)
            for name, shape in shapes["regions"].items():
                x, y = shape["name_at"]
                text = name + MARK[self._content.status(side, Region(name))]
                self._write(canvas, text, sign * x, y, 7 if Region(name) in _DEEP else 10)
        self._write(canvas, "R", _LEFT + 6, _TOP + 14, 11)
        self._write(canvas, "L", _LEFT + _WIDTH - 6, _TOP + 14, 11)

    def _draw_region(self, canvas: Canvas, region: Region, side: Side, shape: dict[str, Any], sign: int) -> None:
        status = self._content.status(side, region)
        canvas.setFillColor(FILL[status])
        canvas.setStrokeColor(black)
        canvas.setLineWidth(1.4 if status is Status.AFFECTED else 0.4)
        if status is Status.NOT_ASSESSABLE:
            canvas.setDash(2, 2)
        canvas.drawPath(_path(canvas, shape["path"], sign), fill=1, stroke=1)
        canvas.setDash()
        if status is Status.AFFECTED:
            _hatch(canvas, shape["path"], sign)

    def _write(self, canvas: Canvas, text: str, x: float, y: float, size: float) -> None:
        """Write centred on a point; the plane is upside down for letters, so they are turned back."""
        canvas.saveState()
        canvas.translate(x, y)
        canvas.scale(1, -1)
        canvas.setFont(self._font, size)
        canvas.setStrokeColor(white)
        canvas.setLineWidth(size / 5)
        canvas.drawCentredString(0, -size / 3, text, mode=_OUTLINE)
        canvas.setFillColor(black)
        canvas.drawCentredString(0, -size / 3, text, mode=_FILLED)
        canvas.restoreState()


@cache
def _shapes() -> dict[str, Any]:
    text = (files("app.web.map") / "shapes.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


def _rings(path: str) -> Iterator[list[tuple[float, float]]]:
    """The corners of each closed outline of ``M x y L x y … Z``."""
    for ring in path.removesuffix("Z").split("Z"):
        pairs = (pair.split() for pair in ring.removeprefix("M").split("L"))
        yield [(float(x), float(y)) for x, y in pairs]


def _path(canvas: Canvas, outline: str, sign: int) -> PDFPathObject:
    path = canvas.beginPath()
    for ring in _rings(outline):
        for number, (x, y) in enumerate(ring):
            (path.lineTo if number else path.moveTo)(sign * x, y)
        path.close()
    return path


def _hatch(canvas: Canvas, outline: str, sign: int) -> None:
    canvas.saveState()
    canvas.clipPath(_path(canvas, outline, sign), stroke=0, fill=0)
    canvas.setStrokeColor(Color(0, 0, 0, alpha=0.45))
    canvas.setLineWidth(0.5)
    start = _LEFT - _HEIGHT
    while start < -_LEFT:
        canvas.line(start, _TOP, start + _HEIGHT, _TOP + _HEIGHT)
        start += _HATCH_STEP
    canvas.restoreState()

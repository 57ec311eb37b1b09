"""Draws the contact sheet: the scanned slices in the stroke window with every region outlined and lettered.

Radiological convention: the patient's right is on the left of the picture, and the sheet says so. Affected regions
differ by a thick line and hatching, not by colour alone.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.result import Reading
from imaging.tissue import TissueMap
from imaging.volume import CtVolume
from scoring.regions import Region, Side, Status

Mask = NDArray[np.bool_]

WINDOW_HU = (20.0, 60.0)
"""Stroke window: level 40, width 40."""
PIXEL_MM = 0.55
MARGIN_MM = 8.0
COLUMNS = 5
HEADER_PX, CAPTION_PX, FOOTER_PX = 64, 22, 60
LEAST_LETTER_PX = 60
"""A region smaller than this on a slice (about 18 mm2) is outlined without its letter."""
THICK_PX, HATCH_PX, DASH_PX = 2, 9, 3
COLOURS = {
    Status.UNAFFECTED: (86, 180, 233),
    Status.AFFECTED: (240, 228, 66),
    Status.NOT_ASSESSABLE: (204, 121, 167),
}
"""From the palette of Okabe and Ito, which stays distinct in all common forms of colour blindness."""
WORDS = {
    Status.UNAFFECTED: "unaffected: thin line",
    Status.AFFECTED: "AFFECTED*: thick line, hatched",
    Status.NOT_ASSESSABLE: "not assessable?: dotted line",
}
FULL_SCORE = 10
NOT_FOR_DIAGNOSIS = "NOT FOR DIAGNOSIS"
CONVENTION = "patient's right on the left"
_TEXT = (235, 235, 235)


@dataclass(frozen=True)
class Display:
    """How array axes turn into a picture: rows run from front to back, columns from the patient's right to left."""

    transpose: bool
    flip_rows: bool
    flip_columns: bool
    row_mm: float
    column_mm: float

    @classmethod
    def of(cls, volume: CtVolume) -> "Display":
        """The display of a stack's slices."""
        i_is_x = abs(volume.step_i_mm[0]) >= abs(volume.step_j_mm[0])
        along_x, along_y = (volume.step_i_mm, volume.step_j_mm) if i_is_x else (volume.step_j_mm, volume.step_i_mm)
        return cls(
            transpose=bool(i_is_x),
            flip_rows=bool(along_y[1] > 0),
            flip_columns=bool(along_x[0] > 0),
            row_mm=float(np.linalg.norm(along_y)),
            column_mm=float(np.linalg.norm(along_x)),
        )

    def picture(self, plane: NDArray[Any]) -> NDArray[Any]:
        """An (i, j) plane as (row, column)."""
        turned = plane.T if self.transpose else plane
        return turned[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What pictures of a reading are drawn from."""

    scan: CtVolume
    """The scan as read."""
    tissue: TissueMap
    """The averaged stack that was measured; one picture for each of its slices."""
    labels: NDArray[np.uint8]
    """Region values on that stack."""
    reading: Reading
    atlas: Atlas

    @cached_property
    def display(self) -> Display:
        """How its slices are turned."""
        return Display.of(self.tissue.volume)

    @cached_property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the picture that hold the head's inside, with a margin."""
        return _head_box(self.display, self.tissue)


def contact_sheet(drawn: Drawn) -> Image.Image:
    """All slices that hold a region."""
    shown = [k for k in range(drawn.labels.shape[2]) if drawn.labels[:, :, k].any()]
    tiles = [draw_slice(drawn, k) for k in shown]
    width, height = (tiles[0].width, tiles[0].height) if tiles else (1, 1)
    rows = max(1, -(-len(tiles) // COLUMNS))
    sheet = Image.new("RGB", (COLUMNS * width, HEADER_PX + rows * height + FOOTER_PX), "black")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * width, HEADER_PX + number // COLUMNS * height))
    _write_frame(sheet, drawn.reading)
    return sheet


def _head_box(display: Display, tissue: TissueMap) -> tuple[slice, slice]:
    """Rows and columns of the picture that hold the head's inside, with a margin."""
    seen = display.picture(np.asarray(tissue.inside.any(axis=2)))
    spans = []
    for axis, size in ((1, display.row_mm), (0, display.column_mm)):
        used = np.flatnonzero(seen.any(axis=axis))
        margin = int(MARGIN_MM / size)
        spans.append(slice(max(0, used[0] - margin), min(seen.shape[1 - axis], used[-1] + margin + 1)))
    return spans[0], spans[1]


def draw_slice(drawn: Drawn, k: int, pixel_mm: float = PIXEL_MM) -> Image.Image:
    """One slice of the measured stack with its outlines, letters and caption."""
    scan, tissue, display, box = drawn.scan, drawn.tissue, drawn.display, drawn.box
    plane = drawn.labels[:, :, k]
    blocks = [max(1, n // m) for n, m in zip(scan.hu.shape, tissue.volume.hu.shape, strict=True)]
    first = k * blocks[2]
    full = scan.hu[:, :, first : first + blocks[2]].mean(axis=2)
    picture = display.picture(full[: plane.shape[0] * blocks[0], : plane.shape[1] * blocks[1]])
    row_blocks, column_blocks = (blocks[1], blocks[0]) if display.transpose else (blocks[0], blocks[1])
    rows = slice(box[0].start * row_blocks, box[0].stop * row_blocks)
    columns = slice(box[1].start * column_blocks, box[1].stop * column_blocks)
    grey = np.clip((picture[rows, columns] - WINDOW_HU[0]) / (WINDOW_HU[1] - WINDOW_HU[0]), 0, 1) * 255
    size = (
        round((box[1].stop - box[1].start) * display.column_mm / pixel_mm),
        round((box[0].stop - box[0].start) * display.row_mm / pixel_mm),
    )
    image = Image.fromarray(grey.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    outlined = Image.fromarray(np.ascontiguousarray(display.picture(plane)[box]))
    values = np.asarray(outlined.resize(size, Image.Resampling.NEAREST))
    pixels = np.array(image)
    for value in np.unique(values[values > 0]):
        region, side = drawn.atlas.label_table[int(value)]
        _outline(pixels, values == value, drawn.reading.regions[side][region].status)
    tile = Image.new("RGB", (size[0], size[1] + CAPTION_PX), "black")
    tile.paste(Image.fromarray(pixels), (0, 0))
    _write_letters(tile, values, drawn.reading, drawn.atlas)
    draw = ImageDraw.Draw(tile)
    name = f"slice {first + 1}" if blocks[2] == 1 else f"slices {first + 1}-{first + blocks[2]}"
    draw.text((4, size[1] + 3), f"R   {name}   {NOT_FOR_DIAGNOSIS}", fill=_TEXT, font=font_of(12))
    draw.text((size[0] - 14, size[1] + 3), "L", fill=_TEXT, font=font_of(12))
    return tile


def _outline(pixels: NDArray[np.uint8], mask: Mask, status: Status) -> None:
    """Draw one region into a picture, in place."""
    edge = mask & ~ndimage.binary_erosion(mask)
    rows, columns = np.indices(mask.shape)
    if status is Status.AFFECTED:
        edge = mask & ~ndimage.binary_erosion(mask, iterations=THICK_PX)
        edge |= mask & ((rows + columns) % HATCH_PX == 0)
    elif status is Status.NOT_ASSESSABLE:
        edge &= (rows + columns) // DASH_PX % 2 == 0
    pixels[edge] = COLOURS[status]


def _write_letters(tile: Image.Image, values: NDArray[np.uint8], reading: Reading, atlas: Atlas) -> None:
    """Put each region's letters where it is widest."""
    draw = ImageDraw.Draw(tile)
    for value in np.unique(values[values > 0]):
        mask = values == value
        if mask.sum() < LEAST_LETTER_PX:
            continue
        region, side = atlas.label_table[int(value)]
        depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        status = reading.regions[side][region].status
        text = region.value + ("*" if status is Status.AFFECTED else "?" if status is Status.NOT_ASSESSABLE else "")
        draw.text(
            (int(column), int(row)), text, anchor="mm", font=font_of(12), fill=COLOURS[status],
            stroke_width=2, stroke_fill="black",
        )  # fmt: skip


def title_of(reading: Reading) -> str:
    """Score, bounds and side in a line."""
    side = f"{reading.side.value} side" if isinstance(reading.side, Side) else "no side stands out"
    if isinstance(reading.side, Side) and reading.total == FULL_SCORE:
        side += " suspected, no region clear"
    return f"ASPECTS {reading.total} ({reading.total_low} to {reading.total_high}), {side}"


def _write_frame(sheet: Image.Image, reading: Reading) -> None:
    """The lines above and below the slices."""
    draw = ImageDraw.Draw(sheet)
    title = title_of(reading)
    draw.text((8, 6), f"{NOT_FOR_DIAGNOSIS}   {title}", fill=_TEXT, font=font_of(22))
    draw.text(
        (8, 38), f"{CONVENTION}; window {WINDOW_HU[0]:.0f} to {WINDOW_HU[1]:.0f} HU", fill=_TEXT, font=font_of(15)
    )
    x, y = 8, sheet.height - FOOTER_PX + 8
    for status, words in WORDS.items():
        draw.text((x, y), words, fill=COLOURS[status], font=font_of(14))
        x += int(draw.textlength(words, font=font_of(14))) + 28
    key = "   ".join(f"{region.value} {region.label}" for region in (Region.C, Region.L, Region.IC, Region.I))
    draw.text((8, y + 24), f"{key}   M1 to M6 cortical regions", fill=_TEXT, font=font_of(13))


def font_of(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)

"""Draws one slice of a reading: the scan in a stroke window, outlines, letters, and dots on what is left out.

Radiological convention: the patient's right is on the left of the picture. Affected regions differ by a thick line and
hatching, not by colour alone.
"""

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from imaging.atlas import Atlas
from imaging.densitometry import REGIONS_WITHOUT_SULCI
from imaging.reduction import bounding_box
from imaging.result import Reading
from imaging.tissue import TissueMap
from imaging.volume import CtVolume
from scoring.regions import Region, Side, Status

Mask = NDArray[np.bool_]

STROKE_WINDOW_HU, USUAL_MODE_HU = (20.0, 60.0), 33.0
"""Level 40, width 40, for brain of the usual density; moved along with the density of the scan's own brain."""
MARGIN_MM = 8.0
LEAST_PART_MM2 = 12.0
"""Smaller parts of a region on a slice are not outlined: slivers that clutter the picture."""
LEAST_LETTER_MM2 = 24.0
THICK_PX, HATCH_PX, DASH_PX, DOT_PX = 2, 9, 3, 3
COLOURS = {
    Status.UNAFFECTED: (86, 180, 233),
    Status.AFFECTED: (240, 228, 66),
    Status.NOT_ASSESSABLE: (204, 121, 167),
}
LEFT_OUT_COLOUR, LEFT_OUT_WORDS = (230, 159, 0), "dots: left out (fluid, sulci, dense)"
"""All four from the palette of Okabe and Ito, which stays distinct in all common forms of colour blindness."""
NOT_FOR_DIAGNOSIS = "NOT FOR DIAGNOSIS"
TEXT_COLOUR = (235, 235, 235)


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
        seen = self.display.picture(np.asarray(self.tissue.inside.any(axis=2)))
        spans = []
        for used, size, mm in zip(
            bounding_box(seen), seen.shape, (self.display.row_mm, self.display.column_mm), strict=True
        ):
            margin = int(MARGIN_MM / mm)
            spans.append(slice(max(0, used.start - margin), min(size, used.stop + margin)))
        return spans[0], spans[1]

    @cached_property
    def window_hu(self) -> tuple[float, float]:
        """Darkest and brightest density shown."""
        moved = round(self.tissue.mode_hu - USUAL_MODE_HU)
        return STROKE_WINDOW_HU[0] + moved, STROKE_WINDOW_HU[1] + moved

    def size_px(self, pixel_mm: float) -> tuple[int, int]:
        """Width and height of a slice's picture."""
        rows, columns = (part.stop - part.start for part in self.box)
        return round(columns * self.display.column_mm / pixel_mm), round(rows * self.display.row_mm / pixel_mm)

    def left_out(self, k: int) -> Mask:
        """Voxels of regions that did not count: fluid, sulci, dense matter and their margins, shape (i, j)."""
        plane = self.labels[:, :, k]
        nuclei = [self.atlas.value(region, side) for region in REGIONS_WITHOUT_SULCI for side in Side]
        sulcus = self.tissue.sulcus[:, :, k] & ~np.isin(plane, nuclei)
        return np.asarray((plane > 0) & (self.tissue.near_excluded[:, :, k] | sulcus))


@cache
def font_of(size: int) -> ImageFont.ImageFont | ImageFont.FreeTypeFont:
    return ImageFont.load_default(size)


def draw_slice(drawn: Drawn, k: int, *, pixel_mm: float, letter_px: int) -> Image.Image:
    """One slice of the measured stack with outlines, letters, dots and a caption."""
    size = drawn.size_px(pixel_mm)
    pixels = np.array(_scan_slice(drawn, k).resize(size, Image.Resampling.BICUBIC).convert("RGB"))
    values = _resized(drawn, drawn.labels[:, :, k], size)
    left_out = _resized(drawn, drawn.left_out(k).view(np.uint8), size) > 0
    rows, columns = np.indices(values.shape)
    pixels[left_out & (rows % DOT_PX == 0) & (columns % DOT_PX == 0)] = LEFT_OUT_COLOUR
    values = _without_slivers(values, LEAST_PART_MM2 / pixel_mm**2)
    border = _border(values)
    for value in np.unique(values[values > 0]):
        region, side = drawn.atlas.label_table[int(value)]
        _outline(pixels, values == value, border, drawn.reading.regions[side][region].status)
    tile = Image.new("RGB", (size[0], size[1] + letter_px + 10), "black")
    tile.paste(Image.fromarray(pixels), (0, 0))
    _write_letters(tile, values, drawn, letter_px, LEAST_LETTER_MM2 / pixel_mm**2)
    _write_caption(tile, drawn, k, letter_px)
    return tile


def _blocks(drawn: Drawn) -> list[int]:
    """How many of the scan's voxels make one of the measured stack, along each axis."""
    return [max(1, n // m) for n, m in zip(drawn.scan.hu.shape, drawn.tissue.volume.hu.shape, strict=True)]


def _scan_slice(drawn: Drawn, k: int) -> Image.Image:
    """The scan's own pixels, the slices that were averaged averaged, in the window."""
    blocks, box, display = _blocks(drawn), drawn.box, drawn.display
    full = drawn.scan.hu[:, :, k * blocks[2] : (k + 1) * blocks[2]].mean(axis=2, dtype=np.float32)
    held = [n * m for n, m in zip(drawn.labels.shape, blocks, strict=True)]
    picture = display.picture(full[: held[0], : held[1]])
    row_blocks, column_blocks = (blocks[1], blocks[0]) if display.transpose else (blocks[0], blocks[1])
    rows = slice(box[0].start * row_blocks, box[0].stop * row_blocks)
    columns = slice(box[1].start * column_blocks, box[1].stop * column_blocks)
    low, high = drawn.window_hu
    grey = np.clip((picture[rows, columns] - low) / (high - low), 0, 1) * 255
    return Image.fromarray(grey.astype(np.uint8))


def _resized(drawn: Drawn, plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    cut = Image.fromarray(np.ascontiguousarray(drawn.display.picture(plane)[drawn.box]))
    return np.array(cut.resize(size, Image.Resampling.NEAREST))


def _without_slivers(values: NDArray[np.uint8], least_px: float) -> NDArray[np.uint8]:
    """The label picture without parts that are too small to be outlined."""
    kept = np.zeros_like(values)
    for value in np.unique(values[values > 0]):
        box = bounding_box(values == value)
        parts, _ = ndimage.label(values[box] == value)
        large = np.bincount(parts.ravel()) >= least_px
        large[0] = False
        kept[box][large[parts]] = value
    return kept


def _border(values: NDArray[np.uint8]) -> Mask:
    """Pixels on the edge of a region; of two regions that touch, those of one of them, so that the line stays thin."""
    padded = np.pad(values, 1)
    centre = padded[1:-1, 1:-1]
    before = [padded[:-2, 1:-1], padded[1:-1, :-2]]
    after = [padded[2:, 1:-1], padded[1:-1, 2:]]
    edge = np.any([centre != other for other in after], axis=0) | np.any([other == 0 for other in before], axis=0)
    return np.asarray(edge & (centre > 0))


def _outline(pixels: NDArray[np.uint8], mask: Mask, border: Mask, status: Status) -> None:
    """Draw one region into a picture, in place."""
    edge = mask & border
    rows, columns = np.indices(mask.shape)
    if status is Status.AFFECTED:
        edge = mask & ~ndimage.binary_erosion(mask, iterations=THICK_PX)
        edge |= mask & ((rows + columns) % HATCH_PX == 0)
    elif status is Status.NOT_ASSESSABLE:
        edge &= (rows + columns) // DASH_PX % 2 == 0
    pixels[edge] = COLOURS[status]


def _write_letters(tile: Image.Image, values: NDArray[np.uint8], drawn: Drawn, letter_px: int, least_px: float) -> None:
    """Each region's name where it is widest."""
    draw = ImageDraw.Draw(tile)
    for value in np.unique(values[values > 0]):
        box = bounding_box(values == value)
        mask = values[box] == value
        if mask.sum() < least_px:
            continue
        region, side = drawn.atlas.label_table[int(value)]
        depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
        row, column = np.unravel_index(int(depth.argmax()), depth.shape)
        status = drawn.reading.regions[side][region].status
        text = region.value + ("*" if status is Status.AFFECTED else "?" if status is Status.NOT_ASSESSABLE else "")
        draw.text(
            (int(column) + box[1].start, int(row) + box[0].start), text, anchor="mm", font=font_of(letter_px),
            fill=COLOURS[status], stroke_width=2, stroke_fill="black",
        )  # fmt: skip


def _write_caption(tile: Image.Image, drawn: Drawn, k: int, letter_px: int) -> None:
    """Sides, the slices shown, and that they are not for diagnosis."""
    draw, font = ImageDraw.Draw(tile), font_of(letter_px)
    blocks = _blocks(drawn)[2]
    first = k * blocks + 1
    name = f"slice {first}" if blocks == 1 else f"slices {first}-{first + blocks - 1}"
    line = (tile.width // 2, tile.height - letter_px - 7)
    draw.text((6, line[1]), "R", fill=TEXT_COLOUR, font=font)
    draw.text((tile.width - 6, line[1]), "L", fill=TEXT_COLOUR, font=font, anchor="ra")
    draw.text(line, f"{name}   {NOT_FOR_DIAGNOSIS}", fill=TEXT_COLOUR, font=font, anchor="ma")


def called(reading: Reading, status: Status) -> str:
    """The regions of both sides that have a status, in words."""
    by_side = [
        f"{side.value} " + ", ".join(region.value for region in Region if regions[region].status is status)
        for side, regions in reading.regions.items()
        if any(one.status is status for one in regions.values())
    ]
    return "; ".join(by_side) or "none"

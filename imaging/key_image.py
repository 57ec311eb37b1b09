"""Draws the key image: one slice of each level of ASPECTS with the outlines, and the score above them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging.atlas import Atlas
from imaging.overlay import COLOURS, CONVENTION, NOT_FOR_DIAGNOSIS, WINDOW_HU, Drawn, draw_slice, font_of, title_of
from imaging.result import Reading
from scoring.regions import Region, Side, Status

DEEP = (Region.C, Region.L, Region.IC, Region.I)
ABOVE = (Region.M4, Region.M5, Region.M6)
PIXEL_MM = 0.36
HEADER_PX, FOOTER_PX = 66, 52
_TEXT = (235, 235, 235)


def key_image(drawn: Drawn) -> Image.Image:
    """The two slices on which most is seen of the deep regions and of M4 to M6."""
    reading = drawn.reading
    shown = [fullest_slice(drawn.labels, regions, drawn.atlas) for regions in (DEEP, ABOVE)]
    tiles = [draw_slice(drawn, k, PIXEL_MM) for k in shown]
    image = Image.new("RGB", (sum(tile.width for tile in tiles), HEADER_PX + tiles[0].height + FOOTER_PX), "black")
    for number, tile in enumerate(tiles):
        image.paste(tile, (number * tile.width, HEADER_PX))
    draw = ImageDraw.Draw(image)
    draw.text((8, 6), title_of(reading), fill=_TEXT, font=font_of(24))
    window = f"{NOT_FOR_DIAGNOSIS}; {CONVENTION}; window {WINDOW_HU[0]:.0f} to {WINDOW_HU[1]:.0f} HU"
    draw.text((8, 40), window, fill=_TEXT, font=font_of(15))
    for number, (status, line) in enumerate(_lists(reading)):
        draw.text((8, image.height - FOOTER_PX + 6 + 22 * number), line, fill=COLOURS[status], font=font_of(16))
    return image


def fullest_slice(labels: NDArray[np.uint8], regions: tuple[Region, ...], atlas: Atlas) -> int:
    """The slice on which the least region of both sides shows most, relative to its own fullest slice."""
    areas = np.stack([(labels == atlas.value(r, side)).sum(axis=(0, 1)) for r in regions for side in Side])
    shares = areas / np.maximum(areas.max(axis=1, keepdims=True), 1)
    return int((shares.min(axis=0) + shares.mean(axis=0)).argmax())


def _lists(reading: Reading) -> list[tuple[Status, str]]:
    """What was called affected, and what could not be assessed, in words."""
    lines = []
    for status, words in ((Status.AFFECTED, "Affected*"), (Status.NOT_ASSESSABLE, "Not assessable?")):
        by_side = [
            f"{side.value} " + ", ".join(region.value for region, one in regions.items() if one.status is status)
            for side, regions in reading.regions.items()
            if any(one.status is status for one in regions.values())
        ]
        lines.append((status, f"{words}: {'; '.join(by_side) or 'none'}"))
    return lines

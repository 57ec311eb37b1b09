"""Draws the key image: one slice of each level of ASPECTS with the outlines, and the score above them."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from imaging.atlas import Atlas
from imaging.overlay import display_of, title_of
from imaging.slice_picture import (
    COLOURS,
    LEFT_OUT_COLOUR,
    LEFT_OUT_WORDS,
    NOT_FOR_DIAGNOSIS,
    TEXT_COLOUR,
    Drawn,
    called,
    draw_slice,
    font_of,
)
from scoring.regions import Region, Side, Status

DEEP = (Region.C, Region.L, Region.IC, Region.I)
ABOVE = (Region.M4, Region.M5, Region.M6)
PIXEL_MM, LETTER_PX = 0.36, 17
HEADER_PX, FOOTER_PX = 74, 62
LINES = ((Status.AFFECTED, "Affected*"), (Status.NOT_ASSESSABLE, "Not assessable?"))


def key_image(drawn: Drawn) -> Image.Image:
    """The two slices on which most is seen of the deep regions and of M4 to M6."""
    shown = [fullest_slice(drawn.labels, regions, drawn.atlas) for regions in (DEEP, ABOVE)]
    tiles = [draw_slice(drawn, k, pixel_mm=PIXEL_MM, letter_px=LETTER_PX) for k in shown]
    image = Image.new("RGB", (sum(tile.width for tile in tiles), HEADER_PX + tiles[0].height + FOOTER_PX), "black")
    for number, tile in enumerate(tiles):
        image.paste(tile, (number * tile.width, HEADER_PX))
    draw = ImageDraw.Draw(image)
    draw.text((8, 6), title_of(drawn.reading), fill=TEXT_COLOUR, font=font_of(28))
    draw.text((8, 45), f"{NOT_FOR_DIAGNOSIS}; {display_of(drawn)}", fill=TEXT_COLOUR, font=font_of(18))
    for number, (status, words) in enumerate(LINES):
        line = f"{words}: {called(drawn.reading, status)}"
        draw.text((8, image.height - FOOTER_PX + 6 + 26 * number), line, fill=COLOURS[status], font=font_of(19))
    corner = (image.width - 8, image.height - FOOTER_PX + 34)
    draw.text(corner, LEFT_OUT_WORDS, fill=LEFT_OUT_COLOUR, font=font_of(16), anchor="ra")
    return image


def fullest_slice(labels: NDArray[np.uint8], regions: tuple[Region, ...], atlas: Atlas) -> int:
    """The slice on which the least region of both sides shows most, relative to its own fullest slice."""
    areas = np.stack([(labels == atlas.value(r, side)).sum(axis=(0, 1)) for r in regions for side in Side])
    shares = areas / np.maximum(areas.max(axis=1, keepdims=True), 1)
    return int((shares.min(axis=0) + shares.mean(axis=0)).argmax())

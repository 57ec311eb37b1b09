"""Draws the contact sheet: every slice that holds a region, and above them the score."""

from PIL import Image, ImageDraw

from imaging.result import Reading
from imaging.slice_picture import (
    COLOURS,
    LEFT_OUT_COLOUR,
    LEFT_OUT_WORDS,
    NOT_FOR_DIAGNOSIS,
    TEXT_COLOUR,
    Drawn,
    draw_slice,
    font_of,
)
from scoring.regions import Region, Side, Status

PIXEL_MM, LETTER_PX = 0.5, 15
COLUMNS = 4
"""About 1,200 pixels in all: letters can still be read where the sheet is shown 800 pixels wide."""
HEADER_PX, FOOTER_PX = 72, 78
WORDS = {
    Status.UNAFFECTED: "unaffected: thin line",
    Status.AFFECTED: "AFFECTED*: thick line, hatched",
    Status.NOT_ASSESSABLE: "not assessable?: dotted line",
}
FULL_SCORE = 10
CONVENTION = "patient's right on the left"


def contact_sheet(drawn: Drawn) -> Image.Image:
    """All slices that hold a region."""
    shown = [k for k in range(drawn.labels.shape[2]) if drawn.labels[:, :, k].any()]
    tiles = [draw_slice(drawn, k, pixel_mm=PIXEL_MM, letter_px=LETTER_PX) for k in shown]
    width, height = (tiles[0].width, tiles[0].height) if tiles else (1, 1)
    rows = max(1, -(-len(tiles) // COLUMNS))
    sheet = Image.new("RGB", (COLUMNS * width, HEADER_PX + rows * height + FOOTER_PX), "black")
    for number, tile in enumerate(tiles):
        sheet.paste(tile, (number % COLUMNS * width, HEADER_PX + number // COLUMNS * height))
    _write_frame(sheet, drawn)
    return sheet


def title_of(reading: Reading) -> str:
    """Score, bounds and side in a line."""
    stands_out = isinstance(reading.side, Side) and reading.side_stands_out
    side = f"{reading.side} side" if stands_out else "no side stands out"
    if stands_out and reading.total == FULL_SCORE:
        side += " suspected, no region clear"
    return f"ASPECTS {reading.total} ({reading.total_low} to {reading.total_high}), {side}"


def display_of(drawn: Drawn) -> str:
    """How the slices are shown, in words."""
    low, high = drawn.window_hu
    return f"{CONVENTION}; window {low:.0f} to {high:.0f} HU"


def _write_frame(sheet: Image.Image, drawn: Drawn) -> None:
    """The lines above and below the slices."""
    draw = ImageDraw.Draw(sheet)
    draw.text((8, 6), f"{NOT_FOR_DIAGNOSIS}   {title_of(drawn.reading)}", fill=TEXT_COLOUR, font=font_of(26))
    draw.text((8, 42), display_of(drawn), fill=TEXT_COLOUR, font=font_of(17))
    x, y = 8, sheet.height - FOOTER_PX + 10
    for words, colour in (*((WORDS[status], COLOURS[status]) for status in WORDS), (LEFT_OUT_WORDS, LEFT_OUT_COLOUR)):
        draw.text((x, y), words, fill=colour, font=font_of(17))
        x += int(draw.textlength(words, font=font_of(17))) + 30
    key = "   ".join(f"{region.value} {region.label}" for region in (Region.C, Region.L, Region.IC, Region.I))
    draw.text((8, y + 30), f"{key}   M1 to M6 cortical regions", fill=TEXT_COLOUR, font=font_of(16))

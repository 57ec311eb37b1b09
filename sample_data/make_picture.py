"""Make ``docs/images/overlay.png``: two rows of the contact sheet that the product draws of the sample scan."""

import io
import sys
from pathlib import Path

from PIL import Image

from imaging.outputs import overlay_png
from imaging.overlay import COLUMNS, FOOTER_PX, HEADER_PX
from imaging.reading import read_with_artefacts
from imaging.slice_picture import COLOURS, LEFT_OUT_COLOUR

HERE = Path(__file__).resolve().parent
SCAN = HERE / "head_ct_left_mca.nii.gz"
PICTURE = HERE.parent / "docs" / "images" / "overlay.png"
FIRST_ROW, ROWS, COLUMNS_SHOWN = 1, 2, (0, 4)
"""Which part of the sheet: the slices from the basal ganglia to the ventricles' roof."""
WIDTH_PX, GREYS, TINTS = 1200, 24, 6


def main() -> int:
    reading, artefacts = read_with_artefacts(SCAN)
    if artefacts is None:
        print(f"The scan was refused: {reading.refusal}", file=sys.stderr)
        return 1
    sheet = Image.open(io.BytesIO(overlay_png(reading, artefacts)))
    picture = _part(sheet, int(artefacts.labels.any(axis=(0, 1)).sum()))
    size = (WIDTH_PX, round(picture.height * WIDTH_PX / picture.width))
    shown = picture.resize(size, Image.Resampling.LANCZOS).quantize(palette=_palette(), dither=Image.Dither.NONE)
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    shown.save(PICTURE, optimize=True)
    print(f"{PICTURE}: {size[0]} x {size[1]}, {PICTURE.stat().st_size / 1000:.0f} kB")
    return 0


def _palette() -> Image.Image:
    """Greys and tints of the sheet's own colours: a small file whose legend keeps its colours."""
    greys = [[round(255 * n / (GREYS - 1))] * 3 for n in range(GREYS)]
    tints = [
        [round(part * n / TINTS) for part in colour]
        for colour in (*COLOURS.values(), LEFT_OUT_COLOUR)
        for n in range(1, TINTS + 1)
    ]
    palette = Image.new("P", (1, 1))
    palette.putpalette([part for colour in (*greys, *tints) for part in colour])
    return palette


def _part(sheet: Image.Image, slices: int) -> Image.Image:
    """The sheet's title, some of its ``slices`` and its key."""
    tile_width = sheet.width // COLUMNS
    tile_height = (sheet.height - HEADER_PX - FOOTER_PX) // -(-slices // COLUMNS)
    left, right = (column * tile_width for column in COLUMNS_SHOWN)
    top = HEADER_PX + FIRST_ROW * tile_height
    width, height = right - left, ROWS * tile_height
    part = Image.new("RGB", (width, HEADER_PX + height + FOOTER_PX))
    part.paste(sheet.crop((0, 0, width, HEADER_PX)), (0, 0))
    part.paste(sheet.crop((left, top, right, top + height)), (0, HEADER_PX))
    part.paste(sheet.crop((0, sheet.height - FOOTER_PX, width, sheet.height)), (0, HEADER_PX + height))
    return part


if __name__ == "__main__":
    sys.exit(main())

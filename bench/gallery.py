"""Remake ``docs/images/gallery.png``: simulated cases of the trial that the reader gets wrong, and an old infarct.

``python bench/gallery.py``. Each row is the key image of one case; where infarcts were put stands above it.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

import numpy as np
from imaging_trial import FIRST_SEED
from implants import implanted, own_outlines, truth
from PIL import Image, ImageDraw
from simulated_heads import simulated_host
from trial_cases import changes

from imaging.outputs import key_image_png
from imaging.reading import read_volume_of
from imaging.slice_picture import font_of

FILE = Path(__file__).resolve().parent.parent / "docs" / "images" / "gallery.png"
CASES = (
    (0, 1, "Faint infarct, no region called; only the bounds tell"),
    (3, 1, "Found, with two false regions: this head's deep nuclei differ from side to side"),
    (4, 0, "No infarct: one caudate, thin beside the ventricle, is 2 HU darker and is called"),
    (0, 6, "Old infarct: left out, not scored"),
)
"""Head of the trial, its case in a round of one, and what the picture shows."""
WIDTH_PX, TITLE_PX, COLOURS = 640, 30, 128


def main() -> int:
    rows = [_row(head, case, words) for head, case, words in CASES]
    sheet = Image.new("RGB", (WIDTH_PX * 2, max(row.height for row in rows) * 2), "black")
    for number, row in enumerate(rows):
        sheet.paste(row, (number % 2 * WIDTH_PX, number // 2 * max(one.height for one in rows)))
    sheet.quantize(COLOURS).save(FILE, optimize=True)
    return 0


def _row(head: int, case: int, words: str) -> Image.Image:
    seed = FIRST_SEED + head
    change = changes(np.random.default_rng([seed, 0]), 1, seed * 100_000)[case]
    reading, artefacts = read_volume_of(implanted(simulated_host(seed), change, own_outlines))
    if artefacts is None:
        raise SystemExit(f"head {head}, case {case} was refused: {reading.refusal}")
    regions = [f"{side} {', '.join(r for r in found)}" for side, found in truth(change).items() if found]
    put = f" ({'; '.join(regions)}; {change.plateau_hu:g} HU)" if regions else ""
    drawn = Image.open(io.BytesIO(key_image_png(reading, artefacts)))
    key = drawn.resize((WIDTH_PX, round(drawn.height * WIDTH_PX / drawn.width)), Image.Resampling.LANCZOS)
    row = Image.new("RGB", (WIDTH_PX, key.height + TITLE_PX), "black")
    row.paste(key, (0, TITLE_PX))
    ImageDraw.Draw(row).text((6, 8), words + put, fill="white", font=font_of(13))
    return row


if __name__ == "__main__":
    sys.exit(main())

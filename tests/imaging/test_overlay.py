"""The contact sheet: the right way round, legible without colour, marked as not for diagnosis."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from imaging.atlas import load_atlas
from imaging.key_image import ABOVE, DEEP, fullest_slice, key_image
from imaging.outputs import overlay_png
from imaging.overlay import COLUMNS, FOOTER_PX, HEADER_PX, contact_sheet, title_of
from imaging.reading import read_volume_of
from imaging.result import Reading
from imaging.slice_picture import COLOURS, LEFT_OUT_COLOUR, Display, Drawn, _border, _outline, draw_slice
from scoring.regions import Region, Side, Status
from tests.imaging.phantom import plain_phantom, plain_reading, with_ball


def sheet(reading: Reading) -> Image.Image:
    return contact_sheet(drawn_from(reading))


def drawn_from(reading: Reading) -> Drawn:
    _, artefacts = plain_reading()
    return Drawn(artefacts.scan, artefacts.tissue, artefacts.labels, reading, load_atlas())


def called(status: Status, side: Side) -> Reading:
    reading, _ = plain_reading()
    regions = {name: dict(by_region) for name, by_region in reading.regions.items()}
    regions[side][Region.M5] = replace(regions[side][Region.M5], status=status)
    return replace(reading, regions=regions)


@pytest.mark.parametrize(
    ("stands_out", "total", "words"),
    [
        (False, 10, "ASPECTS 10 (9 to 10), no side stands out"),
        (True, 10, "ASPECTS 10 (9 to 10), left side suspected, no region clear"),
        (True, 9, "ASPECTS 9 (9 to 10), left side"),
    ],
)
def test_the_title_names_a_side_that_stands_out(stands_out: bool, total: int, words: str) -> None:
    reading, _ = plain_reading()
    told = replace(reading, side=Side.LEFT, side_stands_out=stands_out, total=total, total_low=9, total_high=10)
    assert title_of(told) == words


def test_the_patients_right_is_on_the_left() -> None:
    volume = with_ball(plain_phantom(), (-45.0, -20.0, 38.0), 20.0, 500.0)  # in the patient's left hemisphere
    k = int(np.abs(volume.slice_origins_mm[:, 2] - 35).argmin())
    picture = Display.of(volume).picture(volume.hu[:, :, k])
    without = Display.of(volume).picture(plain_phantom().hu[:, :, k])
    rows, columns = np.nonzero(picture - without > 100)
    assert columns.mean() > picture.shape[1] / 2
    assert rows.mean() > picture.shape[0] / 3  # behind the middle of the front half: the front is at the top


@pytest.mark.parametrize(("flip_i", "flip_j"), [(True, False), (False, True), (True, True)])
def test_however_the_array_is_stored_the_picture_is_the_same(flip_i: bool, flip_j: bool) -> None:
    volume = plain_phantom()
    expected = Display.of(volume).picture(volume.hu[:, :, 12])
    step_i, step_j, origins, hu = volume.step_i_mm, volume.step_j_mm, volume.slice_origins_mm, volume.hu
    if flip_i:
        origins, step_i, hu = origins + step_i * (hu.shape[0] - 1), -step_i, hu[::-1]
    if flip_j:
        origins, step_j, hu = origins + step_j * (hu.shape[1] - 1), -step_j, hu[:, ::-1]
    stored = replace(volume, hu=hu, step_i_mm=step_i, step_j_mm=step_j, slice_origins_mm=origins)
    assert np.array_equal(Display.of(stored).picture(stored.hu[:, :, 12]), expected)
    turned = replace(stored, hu=stored.hu.transpose(1, 0, 2), step_i_mm=step_j, step_j_mm=step_i)
    assert np.array_equal(Display.of(turned).picture(turned.hu[:, :, 12]), expected)


def test_affected_differs_without_colour() -> None:
    mask = np.zeros((80, 80), dtype=bool)
    mask[10:70, 10:70] = True
    drawn = {}
    for status in Status:
        pixels = np.zeros((80, 80, 3), dtype=np.uint8)
        _outline(pixels, mask, _border(mask.astype(np.uint8)), status)
        drawn[status] = np.asarray(pixels.any(axis=2))
    assert drawn[Status.AFFECTED][30:50, 30:50].any()  # hatched inside
    assert not drawn[Status.UNAFFECTED][30:50, 30:50].any()
    assert drawn[Status.NOT_ASSESSABLE].sum() < 0.7 * drawn[Status.UNAFFECTED].sum()  # broken line
    assert drawn[Status.AFFECTED].sum() > 2 * drawn[Status.UNAFFECTED].sum()


def test_an_affected_region_shows_on_its_side_of_the_sheet() -> None:
    yellow = np.array(COLOURS[Status.AFFECTED])
    images = [np.asarray(sheet(called(Status.AFFECTED, side))) for side in (Side.LEFT, Side.RIGHT)]
    drawn = [np.asarray(np.abs(image[HEADER_PX:-FOOTER_PX].astype(int) - yellow).sum(axis=2) == 0) for image in images]
    assert all(mask.sum() > 500 for mask in drawn)
    width = images[0].shape[1] / COLUMNS
    left, right = (np.nonzero(mask)[1] % width for mask in drawn)
    assert left.mean() > width / 2 > right.mean()


def test_the_sheet_is_a_png_of_sensible_size() -> None:
    content = overlay_png(*plain_reading())
    assert content.startswith(b"\x89PNG")
    assert len(content) < 4_000_000


def test_not_for_diagnosis_is_burnt_in() -> None:
    header = np.asarray(sheet(plain_reading()[0]))[:HEADER_PX]
    assert (header > 200).sum() > 1000  # text is drawn above the slices


def test_the_key_image_shows_both_levels_readably() -> None:
    reading = called(Status.AFFECTED, Side.LEFT)
    drawn = drawn_from(reading)
    deep, above = (fullest_slice(drawn.labels, regions, drawn.atlas) for regions in (DEEP, ABOVE))
    heights = drawn.tissue.volume.slice_positions_mm
    assert 15 < heights[above] - heights[deep] < 50
    for level, k in ((DEEP, deep), (ABOVE, above)):
        seen = set(np.unique(drawn.labels[:, :, k]))
        assert {drawn.atlas.value(region, side) for region in level for side in Side} <= seen
    image = key_image(drawn)
    assert 700 <= image.width <= 1400
    yellow = np.abs(np.asarray(image).astype(int) - np.array(COLOURS[Status.AFFECTED])).sum(axis=2) == 0
    assert yellow[:, image.width // 2 :].sum() > 500  # M5 lies on the upper slice, the second of the two
    assert (np.asarray(image)[:66] > 200).sum() > 1000  # the score is written above


def test_what_did_not_count_is_dotted() -> None:
    reading, artefacts = read_volume_of(with_ball(plain_phantom(), (-52.0, -20.0, 40.0), 9.0, 9.0))  # an old infarct
    assert artefacts is not None
    drawn = Drawn(artefacts.scan, artefacts.tissue, artefacts.labels, reading, load_atlas())
    k = max(range(drawn.labels.shape[2]), key=lambda one: int(drawn.left_out(one).sum()))
    picture = np.asarray(draw_slice(drawn, k, pixel_mm=0.5, letter_px=15)).astype(int)
    dots = np.abs(picture - np.array(LEFT_OUT_COLOUR)).sum(axis=2) == 0
    assert dots.sum() > 50
    assert np.nonzero(dots)[1].mean() > picture.shape[1] / 2  # it lies on the patient's left


def test_the_window_follows_the_scans_own_brain() -> None:
    _, artefacts = plain_reading()
    drawn = drawn_from(plain_reading()[0])
    darker = replace(drawn, tissue=replace(artefacts.tissue, mode_hu=artefacts.tissue.mode_hu - 9.0))
    assert darker.window_hu == (drawn.window_hu[0] - 9, drawn.window_hu[1] - 9)
    assert drawn.window_hu[1] - drawn.window_hu[0] == 40


def test_of_two_regions_that_touch_one_draws_the_line() -> None:
    values = np.zeros((40, 40), dtype=np.uint8)
    values[5:20, 5:35], values[20:35, 5:35] = 1, 2
    border = _border(values)
    assert border[18:22, 20].sum() == 1
    assert border[5, 20]
    assert border[34, 20]

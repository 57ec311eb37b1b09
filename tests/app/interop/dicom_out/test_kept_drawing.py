"""A drawing that is kept with its reading comes back as it was, and damaged bytes are told from one."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.interop.dicom_out.contents import Drawn
from app.interop.dicom_out.kept_drawing import DrawingDamaged, KeptDrawing, unpacked_drawing
from app.interop.dicom_out.sources import Slices
from tests.app.interop.dicom_out.made import drawn_on

UIDS = ("1.2.840.1", "1.2.840.2", "2.25." + "9" * 39, "1.2.840.4", "1.2.840.5", "1.2.840.6")
ORIGINS = np.arange(18, dtype=np.float64).reshape(6, 3) / 7
KEPT = KeptDrawing(drawn_on((40, 48, 6)), Slices(UIDS, ORIGINS))
PACKED = KEPT.packed()


def test_it_comes_back_as_it_was() -> None:
    back = unpacked_drawing(PACKED)
    assert np.array_equal(back.drawn.labels, KEPT.drawn.labels)
    assert back.drawn.labels.dtype == KEPT.drawn.labels.dtype
    assert back.drawn.sheet_png == KEPT.drawn.sheet_png
    assert back.slices.sop_uids == UIDS
    assert np.array_equal(back.slices.origins_mm, ORIGINS)


def test_a_scan_that_names_no_slices_is_kept_too() -> None:
    nothing = KeptDrawing(Drawn(KEPT.drawn.labels, b""), Slices((), np.zeros((0, 3))))
    back = unpacked_drawing(nothing.packed())
    assert (back.slices.sop_uids, back.drawn.sheet_png) == ((), b"")


@given(st.one_of(st.binary(max_size=200), st.integers(0, len(PACKED) - 1).map(lambda end: PACKED[:end])))
def test_bytes_that_are_none_are_told(content: bytes) -> None:
    with pytest.raises(DrawingDamaged):
        unpacked_drawing(content)


def test_objects_in_the_arrays_are_not_brought_to_life() -> None:
    buffer = io.BytesIO()
    np.savez(buffer, labels=np.array([object()]), sheet=np.zeros(1), sop_uids=np.zeros(0, "S64"), origins_mm=ORIGINS)
    with pytest.raises(DrawingDamaged):
        unpacked_drawing(buffer.getvalue())

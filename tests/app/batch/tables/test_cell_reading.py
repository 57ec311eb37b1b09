"""Cells of text: what is a number, a flag, a choice, and what spaces around it change."""

import math
import re

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from app.batch.tables.cell_reading import NOT_A_CHOICE, NOT_A_FLAG, NOT_A_NUMBER, read_column
from app.batch.tables.column_map import ColumnSource

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def read(target: str, *texts: str, not_known: frozenset[str] = frozenset()) -> list[tuple[object, str | None]]:
    column = read_column(pl.Series("x", list(texts), dtype=pl.String), ColumnSource(target, "x"), not_known)
    return list(zip(column.values.to_list(), column.reasons.to_list(), strict=True))


@given(st.lists(st.text("0123456789+-.eE_ xXnaif,\u0661", max_size=7), min_size=1, max_size=40))
def test_a_number_is_written_in_ascii_digits_and_nothing_else(texts: list[str]) -> None:
    for text, (value, reason) in zip(texts, read("core_volume_ml", *texts), strict=True):
        stripped = text.strip()
        if not stripped:
            assert (value, reason) == (None, None)
        elif NUMBER.fullmatch(stripped) and math.isfinite(float(stripped)):
            assert value == float(stripped) or reason == "outside 0 to 2000"
        else:
            assert (value, reason) == (None, NOT_A_NUMBER)


def test_spaces_around_a_value_are_no_fault_and_alone_they_are_no_value() -> None:
    assert read("nihss_total", " 7", "8 ", "9", "  ") == [(7, None), (8, None), (9, None), (None, None)]
    assert read("mass_effect", " true", "FALSE ", "tRuE", "\t", "yes") == [
        (True, None), (False, None), (True, None), (None, None), (None, NOT_A_FLAG),
    ]  # fmt: skip
    assert read("affected_side", "left ", "right", "L") == [("left", None), ("right", None), (None, NOT_A_CHOICE)]
    assert read("nihss_total", " n/a ", "n/a", "7", not_known=frozenset({"n/a"})) == [
        (None, None), (None, None), (7, None),
    ]  # fmt: skip

"""Reads the columns of probabilities that a reader, such as a software, may give beside its findings."""

from typing import NamedTuple

import polars as pl

from app.batch.faults import Fault
from app.batch.tables.column_map import REGION_COLUMNS

PROBABILITY = "probability_"
"""Starts the columns of a region's probability: ``probability_C``, or ``probability_left_C`` for each side."""
COLUMNS = tuple(f"{PROBABILITY}{side}{region}" for side in ("", "left_", "right_") for region in REGION_COLUMNS)


class Probabilities(NamedTuple):
    """Columns as numbers from 0 to 1, which rows have no fault there, and the faults."""

    columns: dict[str, pl.Series]
    usable: pl.Series
    faults: list[Fault]


def read_probabilities(originals: pl.DataFrame, first_row: int) -> Probabilities:
    """Read the columns of these names, as far as the table has them; an empty cell means that none was given."""
    columns: dict[str, pl.Series] = {}
    faults: list[Fault] = []
    usable = pl.repeat(value=True, n=originals.height, eager=True, dtype=pl.Boolean)
    for name in COLUMNS:
        if name not in originals.columns:
            continue
        texts = originals[name].cast(pl.String).str.strip_chars()
        given = texts.is_not_null() & (texts != "")
        values = texts.cast(pl.Float64, strict=False)
        fine = values.is_between(0, 1).fill_null(value=False)
        bad = given & ~fine
        faults += [Fault(first_row + row, name, "outside 0 to 1") for row in bad.arg_true().to_list()]
        usable &= ~bad
        columns[name] = pl.select(pl.when(fine).then(values)).to_series().alias(name)
    return Probabilities(columns, usable, faults)

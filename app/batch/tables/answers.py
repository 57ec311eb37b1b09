"""The columns of answers of a chunk, with repeating texts as codes until something is made of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

TOTAL = "aspects_total"


@dataclass(frozen=True, eq=False)
class CodedColumn:
    """Texts that repeat: what each code stands for, and the code of every row."""

    labels: Sequence[str | None]
    """``None``: the cell is empty."""
    codes: NDArray[np.uint16]

    @classmethod
    def of(cls, texts: Sequence[str | None], indices: NDArray[np.intp]) -> Self:
        """The text of every row by its index among ``texts``, which may hold a text more than once."""
        labels = list(dict.fromkeys(texts))
        code_of = {label: code for code, label in enumerate(labels)}
        return cls(labels, np.array([code_of[text] for text in texts], dtype=np.uint16).take(indices))

    def as_series(self) -> pl.Series:
        """The texts as a column of Polars."""
        return pl.Series(self.labels, dtype=pl.Categorical)[self.codes]

    def as_arrow(self) -> pa.DictionaryArray:
        """The texts as a column of Arrow."""
        filled = np.array([label is not None for label in self.labels])
        is_filled = None if filled.all() else pa.py_buffer(np.packbits(filled.take(self.codes), bitorder="little"))
        # Buffers and Polars' texts: pa.array() would load pandas where that is installed.
        codes = pa.Array.from_buffers(pa.uint16(), len(self.codes), [is_filled, pa.py_buffer(self.codes)])
        texts = pl.Series([label or "" for label in self.labels], dtype=pl.String).to_arrow()
        return pa.DictionaryArray.from_arrays(codes, texts, safe=False)


@dataclass(frozen=True, eq=False)
class Answers:
    """The columns of answers by their names."""

    columns: Mapping[str, pl.Series | CodedColumn]

    @cached_property
    def frame(self) -> pl.DataFrame:
        """The columns as a data frame."""
        return pl.DataFrame([_series(column).alias(name) for name, column in self.columns.items()])

    def beside(self, originals: pl.DataFrame) -> pl.DataFrame:
        """The table's own columns and the answers."""
        originals, answers = self._fitted(originals)
        return originals.hstack(answers.frame)

    def beside_in_arrow(self, originals: pl.DataFrame) -> pa.Table:
        """The same for Arrow."""
        originals, answers = self._fitted(originals)
        table = originals.to_arrow()
        for name, column in answers.columns.items():
            table = table.append_column(
                name, column.as_arrow() if isinstance(column, CodedColumn) else column.to_arrow()
            )
        return table

    def _fitted(self, originals: pl.DataFrame) -> tuple[pl.DataFrame, "Answers"]:
        """``aspects_total`` may be in both: the stated total stays, and is filled in where regions give it."""
        if TOTAL not in originals.columns or TOTAL not in self.columns:
            return originals, self
        stated, total = originals[TOTAL], _series(self.columns[TOTAL])
        if stated.dtype == pl.String:
            stated = pl.select(pl.when(stated.str.strip_chars() != "").then(stated)).to_series()
        if stated.dtype == pl.String or stated.dtype.is_numeric():
            filled = stated.zip_with(stated.is_not_null(), total.cast(stated.dtype))
            originals = originals.with_columns(filled.alias(TOTAL))
        return originals, Answers({name: column for name, column in self.columns.items() if name != TOTAL})


def _series(column: pl.Series | CodedColumn) -> pl.Series:
    return column.as_series() if isinstance(column, CodedColumn) else column

"""From the cells of a table to checked values: as strict as a request, with a reason for each cell that is refused."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache

import polars as pl
from pydantic import TypeAdapter, ValidationError

from app.batch.tables.column_map import TARGETS, ColumnSource, as_text
from app.intake.schemas import Time
from scoring.facts import FACTS, Kind

_FLAGS = {"true": True, "false": False}

NOT_A_NUMBER = "not a number"
NOT_WHOLE = "not a whole number"
NOT_A_FLAG = "not true or false"
NOT_A_CHOICE = "not one of the choices"
NOT_A_TIME = "not a time with an offset from UTC, such as 2026-03-01T09:30:00+00:00"
NO_MEANING = "a code to which the map gives no meaning"


@dataclass(frozen=True, eq=False)
class ReadColumn:
    """A column after checking. Its refused cells are null in ``values`` and have a reason in ``reasons``."""

    source: ColumnSource
    values: pl.Series
    reasons: pl.Series
    """Text; null where the cell was accepted or empty."""


def read_column(cells: pl.Series, source: ColumnSource, not_known: frozenset[str]) -> ReadColumn:
    """Check the cells of one column.

    Parameters
    ----------
    cells
        Text, numbers, flags, times, or (from JSON) objects of any type. An empty or null cell means not known.
    source
        What the column holds, and how.
    not_known
        Texts that mean not known as well.
    """
    column = _read(_without(cells, not_known), source)
    if cells.dtype == pl.String and column.reasons.null_count() < len(cells):  # spaces around a value are no fault
        column = _read(_without(cells.str.strip_chars(), not_known), source)
    return column


def _read(cells: pl.Series, source: ColumnSource) -> ReadColumn:
    kind, _ = TARGETS[source.target]
    reasons = pl.Series("reasons", [None], dtype=pl.String).new_from_index(0, len(cells))
    if source.values is not None:
        cells, reasons = _decoded(cells, source.values, reasons)
    elif source.codes is not None:
        cells = _without(_as_texts(cells).replace(source.codes), frozenset())
    if cells.dtype == pl.Object:
        cells, reasons = _of_one_type(cells, kind, reasons)
    elif isinstance(cells.dtype, pl.Categorical | pl.Enum):
        cells = cells.cast(pl.String)
    reader = _READERS.get(kind, _read_choice)
    values, reasons = reader(cells, source, reasons)
    return ReadColumn(source, values, reasons)


def constant_column(source: ColumnSource, rows: int) -> ReadColumn:
    """A column that holds the map's constant in every row."""
    one = read_column(pl.Series("constant", [source.constant]), ColumnSource(source.target, None), frozenset())
    return ReadColumn(source, one.values.new_from_index(0, rows), one.reasons.new_from_index(0, rows))


def _without(cells: pl.Series, not_known: frozenset[str]) -> pl.Series:
    if cells.dtype == pl.String:
        empty = cells.is_in(["", *not_known])
        return pl.select(pl.when(~empty).then(cells)).to_series()
    if not not_known:
        return cells
    if cells.dtype == pl.Object:
        listed = [None if value is None or as_text(value) in not_known else value for value in cells]
        return pl.Series(cells.name, listed, dtype=pl.Object)
    return pl.select(pl.when(~_as_texts(cells).is_in(list(not_known))).then(cells)).to_series()


def _as_texts(cells: pl.Series) -> pl.Series:
    if cells.dtype == pl.String:
        return cells
    if cells.dtype.is_integer():
        return cells.cast(pl.String)
    return pl.Series(cells.name, [None if v is None else as_text(v) for v in cells], dtype=pl.String)


def _decoded(cells: pl.Series, meanings: Mapping[str, str], reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    texts = _as_texts(cells)
    if not set(texts.unique().drop_nulls()) <= set(meanings):
        whole = texts.str.replace(r"^([+-]?\d+)\.0+$", "$1")  # 1.0 is how some programs write 1 beside empty cells
        texts = pl.select(pl.when(texts.is_in(list(meanings))).then(texts).otherwise(whole)).to_series()
    decoded = texts.replace_strict(list(meanings), list(meanings.values()), default=None, return_dtype=pl.String)
    empty = decoded == ""
    decoded = pl.select(pl.when(~empty).then(decoded)).to_series()
    return decoded, _refuse(reasons, texts.is_not_null() & ~texts.is_in(list(meanings)), NO_MEANING)


def _of_one_type(cells: pl.Series, kind: Kind, reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    """From JSON a column may hold anything; numbers, flags and texts do not stand in for one another."""
    numeric = kind in {Kind.NUMBER, Kind.INTEGER}
    wanted: tuple[type, ...] = (int, float) if numeric else (bool,) if kind is Kind.BOOLEAN else (str,)
    fits = [type(value) in wanted for value in cells]
    kept = [value if fit else None for value, fit in zip(cells, fits, strict=True)]
    dtype = pl.Float64 if numeric else pl.Boolean if kind is Kind.BOOLEAN else pl.String
    wrong = pl.Series([value is not None and not fit for value, fit in zip(cells, fits, strict=True)])
    typed = pl.Series("cells", [_as_float(v) for v in kept] if numeric else kept, dtype=dtype)
    return typed, _refuse(reasons, wrong, _WRONG[kind])


def _as_float(value: float | None) -> float | None:
    try:
        return None if value is None else float(value)
    except OverflowError:
        return float("inf")


def _read_number(cells: pl.Series, source: ColumnSource, reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    spec = FACTS[source.target]
    if cells.dtype == pl.String:
        values = cells.cast(pl.Float64, strict=False)
        reasons = _refuse(reasons, cells.is_not_null() & values.is_null(), NOT_A_NUMBER)
    elif cells.dtype.is_numeric():
        values = cells.cast(pl.Float64)
    else:
        return _all_wrong(cells, pl.Float64, reasons, NOT_A_NUMBER)
    reasons = _refuse(reasons, values.is_not_null() & ~values.is_finite(), NOT_A_NUMBER)
    if source.factor is not None:
        values = values * source.factor
        values = values.round(0) if spec.kind is Kind.INTEGER else values
    if spec.kind is Kind.INTEGER:
        reasons = _refuse(reasons, values.is_finite() & (values != values.floor()), NOT_WHOLE)
    low, high = spec.minimum, spec.maximum
    if low is not None and high is not None:
        reasons = _refuse(reasons, (values < low) | (values > high), f"outside {low:g} to {high:g}")
    return _accepted(values, reasons), reasons


def _read_flag(cells: pl.Series, source: ColumnSource, reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    del source
    if cells.dtype == pl.Boolean:
        return cells, reasons
    if cells.dtype != pl.String:
        return _all_wrong(cells, pl.Boolean, reasons, NOT_A_FLAG)
    values = cells.replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    if values.null_count() > cells.null_count():
        values = cells.str.to_lowercase().replace_strict(_FLAGS, default=None, return_dtype=pl.Boolean)
    return values, _refuse(reasons, cells.is_not_null() & values.is_null(), NOT_A_FLAG)


def _read_choice(cells: pl.Series, source: ColumnSource, reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    if cells.dtype != pl.String:
        return _all_wrong(cells, pl.String, reasons, NOT_A_CHOICE)
    known = cells.is_in([str(choice) for choice in TARGETS[source.target][1]])
    reasons = _refuse(reasons, cells.is_not_null() & ~known, NOT_A_CHOICE)
    return _accepted(cells, reasons), reasons


def _read_time(cells: pl.Series, source: ColumnSource, reasons: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Times stay texts, each checked once; `moment` turns an accepted one into a datetime."""
    del source
    if isinstance(cells.dtype, pl.Datetime) and cells.dtype.time_zone is not None:
        cells = cells.dt.strftime("%Y-%m-%dT%H:%M:%S%.6f%:z")
    if cells.dtype != pl.String:
        return _all_wrong(cells, pl.String, reasons, NOT_A_TIME)
    good = [text for text in cells.unique().drop_nulls() if moment(text) is not None]
    reasons = _refuse(reasons, cells.is_not_null() & ~cells.is_in(good), NOT_A_TIME)
    return _accepted(cells, reasons), reasons


@cache
def _time_adapter() -> Callable[[str], datetime]:
    adapter: TypeAdapter[datetime] = TypeAdapter(Time)
    return adapter.validate_python


def moment(text: str) -> datetime | None:
    """The time that a text states, read as in a request; ``None`` if it states none."""
    try:
        return _time_adapter()(text)
    except ValidationError:
        return None


_READERS = {
    Kind.NUMBER: _read_number,
    Kind.INTEGER: _read_number,
    Kind.BOOLEAN: _read_flag,
    Kind.CHOICE: _read_choice,
    Kind.TIME: _read_time,
}
_WRONG = {
    Kind.NUMBER: NOT_A_NUMBER,
    Kind.INTEGER: NOT_A_NUMBER,
    Kind.BOOLEAN: NOT_A_FLAG,
    Kind.CHOICE: NOT_A_CHOICE,
    Kind.TIME: NOT_A_TIME,
}


def _refuse(reasons: pl.Series, where: pl.Series, reason: str) -> pl.Series:
    """Give the reason to the rows that have none yet."""
    if not where.any():
        return reasons
    return pl.select(
        pl.when(reasons.is_null() & where.fill_null(value=False)).then(pl.lit(reason)).otherwise(reasons)
    ).to_series()


def _all_wrong(
    cells: pl.Series, dtype: type[pl.DataType], reasons: pl.Series, reason: str
) -> tuple[pl.Series, pl.Series]:
    nothing = pl.Series("values", [None], dtype=dtype).new_from_index(0, len(cells))
    return nothing, _refuse(reasons, cells.is_not_null(), reason)


def _accepted(values: pl.Series, reasons: pl.Series) -> pl.Series:
    return pl.select(pl.when(reasons.is_null()).then(values)).to_series()

"""Reads a table in chunks, so that memory stays flat: CSV, TSV, Parquet, JSON Lines, told apart by the suffix."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from app.batch.faults import Fault, TableUnusable
from app.batch.tables.column_map import as_text
from app.intake import strict_json

SUFFIXES = (".csv", ".tsv", ".parquet", ".jsonl", ".ndjson")
JSON_SUFFIXES = (".jsonl", ".ndjson")
CHUNK_ROWS = 100_000
_BLOCK_BYTES = 4 * 1024 * 1024
_LONGEST_LINE_BYTES = 1024 * 1024


@dataclass(eq=False)
class Chunk:
    """Some rows of a table, in order."""

    first_row: int
    """Number of the first row; the first below the header is 1."""
    cells: pl.DataFrame
    """What is looked at; columns of JSON hold objects."""
    originals: pl.DataFrame
    """What is written out again."""
    objects: list[dict[str, Any]] | None = None
    """The same as JSON objects, if that is what the table holds."""
    faults: list[Fault] = field(default_factory=list)
    """Rows that could not be taken apart; their cells are all null."""


class Table(Protocol):
    """A table that can be read once."""

    columns: list[str]

    def chunks(self) -> Iterator[Chunk]:
        """Read the rows. Raises TableUnusable where the rest of the file cannot be read."""
        ...


def open_table(path: Path) -> Table:
    """Open a table for reading.

    Raises
    ------
    TableUnusable
        There is no such file, it has another suffix, no header, or columns of the same name.
    """
    readers: dict[str, Callable[[Path], Table]] = {
        ".csv": _Delimited,
        ".tsv": _Delimited,
        ".parquet": _Parquet,
        ".jsonl": _Lines,
        ".ndjson": _Lines,
    }
    if path.suffix.lower() not in readers:
        raise TableUnusable(f"{path.name}: the name of a table ends with {', '.join(SUFFIXES)}.")
    try:
        table = readers[path.suffix.lower()](path)
    except OSError as error:
        raise TableUnusable(f"{path.name}: {error.strerror or 'cannot be read'}.") from None
    except (pa.ArrowException, UnicodeDecodeError, csv.Error):
        raise TableUnusable(f"{path.name}: not a readable {path.suffix[1:]} file.") from None
    if not table.columns:
        raise TableUnusable(f"{path.name}: no columns.")
    if len(set(table.columns)) != len(table.columns):
        raise TableUnusable(f"{path.name}: two columns have the same name.")
    return table


class _Delimited:
    """CSV and TSV in UTF-8; every cell is text."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._delimiter = "\t" if path.suffix.lower() == ".tsv" else ","
        with path.open("rb") as stream:
            header = stream.readline(_LONGEST_LINE_BYTES)
            while header.count(b'"') % 2 and (more := stream.readline(_LONGEST_LINE_BYTES)):
                header += more
        text = io.StringIO(header.decode("utf-8-sig"), newline="")
        self.columns = next(csv.reader(text, delimiter=self._delimiter), [])

    def chunks(self) -> Iterator[Chunk]:
        broken: list[int] = []

        def skip(row: pa_csv.InvalidRow) -> str:
            broken.append(row.number - 1)  # the header is row 1 for the parser
            return "skip"

        row = 1
        with self._path.open("rb") as stream:
            counted = _QuoteCount(stream)
            try:
                reader = pa_csv.open_csv(
                    pa.PythonFile(counted, mode="r"),
                    read_options=pa_csv.ReadOptions(use_threads=False, block_size=_BLOCK_BYTES),
                    parse_options=pa_csv.ParseOptions(
                        delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=skip
                    ),
                    convert_options=pa_csv.ConvertOptions(
                        column_types=dict.fromkeys(self.columns, pa.binary()), strings_can_be_null=False
                    ),
                )
                for batch in reader:
                    chunk = self._chunk(batch, row, broken)
                    row += chunk.cells.height
                    broken.clear()
                    yield chunk
            except pa.ArrowException:
                raise TableUnusable(f"{self._path.name}: cannot be read beyond row {row - 1}.") from None
            if broken:
                yield self._chunk(None, row, broken)
            if counted.quotes % 2:
                raise TableUnusable(f"{self._path.name}: a quotation mark is opened and never closed.")

    def _chunk(self, batch: pa.RecordBatch | None, first_row: int, broken: list[int]) -> Chunk:
        schema = dict.fromkeys(self.columns, pl.Binary)
        frame = pl.DataFrame(schema=schema) if batch is None else pl.DataFrame(pl.from_arrow(batch))
        frame.columns = self.columns
        frame = _with_gaps(frame, [row - first_row for row in broken])
        texts = pl.DataFrame([_decoded(frame[name]) for name in self.columns])
        faults = [Fault(row, "", f"the row does not have {len(self.columns)} cells") for row in broken]
        for name in self.columns:
            lost = (texts[name].is_null() & frame[name].is_not_null()).arg_true()
            faults += [Fault(first_row + at, name, "not UTF-8") for at in lost.to_list()]
        texts = texts.with_columns(pl.when(pl.col(self.columns) != "").then(pl.col(self.columns)).name.keep())
        return Chunk(first_row, texts, texts, faults=faults)


class _QuoteCount(io.RawIOBase):
    """Passes a file on and counts its quotation marks: an odd number means that rows were swallowed."""

    def __init__(self, stream: io.BufferedReader) -> None:
        super().__init__()
        self._stream = stream
        self.quotes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        block = self._stream.read(size)
        self.quotes += block.count(b'"')
        return block


class _Parquet:
    """Parquet, with the types that it declares."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = pq.ParquetFile(path)
        self.columns = list(self._file.schema_arrow.names)

    def chunks(self) -> Iterator[Chunk]:
        row = 1
        try:
            for batch in self._file.iter_batches(batch_size=CHUNK_ROWS):
                frame = pl.DataFrame(pl.from_arrow(batch))
                yield Chunk(row, frame, frame)
                row += frame.height
        except (pa.ArrowException, OSError):
            raise TableUnusable(f"{self._path.name}: cannot be read beyond row {row - 1}.") from None


class _Lines:
    """JSON Lines: one object a row. Columns may hold anything; written out again they are texts."""

    def __init__(self, path: Path) -> None:
        self._path = path
        names: dict[str, None] = {}
        for _row, found in self._objects():
            if isinstance(found, dict):
                names.update(dict.fromkeys(found))
        self.columns = list(names)

    def chunks(self) -> Iterator[Chunk]:
        rows: list[dict[str, Any]] = []
        faults: list[Fault] = []
        first = 1
        for row, found in self._objects():
            if not isinstance(found, dict):
                faults.append(Fault(row, "", found))
            rows.append(found if isinstance(found, dict) else {})
            if len(rows) == CHUNK_ROWS:
                yield self._chunk(rows, first, faults)
                rows, faults, first = [], [], row + 1
        if rows:
            yield self._chunk(rows, first, faults)

    def _chunk(self, rows: list[dict[str, Any]], first: int, faults: list[Fault]) -> Chunk:
        columns = {name: [row.get(name) for row in rows] for name in self.columns}
        cells = pl.DataFrame({name: pl.Series(values, dtype=pl.Object) for name, values in columns.items()})
        texts = {name: [None if v is None else json_text(v) for v in values] for name, values in columns.items()}
        originals = pl.DataFrame(texts, schema=dict.fromkeys(self.columns, pl.String))
        return Chunk(first, cells, originals, rows, faults)

    def _objects(self) -> Iterator[tuple[int, dict[str, Any] | str]]:
        """Number of the row and its object, or what is wrong with it; empty lines are no rows."""
        row = 0
        with self._path.open("rb") as stream:
            while line := stream.readline(_LONGEST_LINE_BYTES):
                if line.strip():
                    row += 1
                    yield row, _object(line)
                while not line.endswith(b"\n") and (line := stream.readline(_LONGEST_LINE_BYTES)):
                    pass  # the rest of a line that is too long; its beginning was no object


def _decoded(cells: pl.Series) -> pl.Series:
    """Bytes as text; null where they are not UTF-8."""
    try:
        return cells.cast(pl.String)
    except pl.exceptions.ComputeError:
        return pl.Series(cells.name, [_text_of(cell) for cell in cells], dtype=pl.String)


def _text_of(cell: bytes | None) -> str | None:
    try:
        return None if cell is None else cell.decode()
    except UnicodeDecodeError:
        return None


def _object(line: bytes) -> dict[str, Any] | str:
    try:
        found = strict_json.parse(line)
    except strict_json.UnreadableJson:
        return "the line is not one JSON object"
    return found if isinstance(found, dict) else "the line is not one JSON object"


def json_text(value: Any) -> str:
    """A JSON value as a cell of text."""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else as_text(value)


def _with_gaps(frame: pl.DataFrame, at: list[int]) -> pl.DataFrame:
    """Put rows of nulls where rows were skipped; ``at`` are their places in the result."""
    if not at:
        return frame
    total = frame.height + len(at)
    gaps = set(at)
    order, taken = [], 0
    for place in range(total):
        order.append(None if place in gaps else taken)
        taken += place not in gaps
    indices = pl.Series(order, dtype=pl.UInt32)
    return pl.DataFrame([frame[name].gather(indices) for name in frame.columns])

"""Writes a table chunk by chunk beside its place and moves it there when it is whole."""

import json
from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from app.batch.faults import TableUnusable
from app.batch.tables.answers import Answers
from app.batch.tables.reading import SUFFIXES
from app.batch.whole_file import Unfinished


class TableWriter:
    """Takes frames of the same columns, one after the other."""

    def __init__(self, stream: IO[bytes], suffix: str) -> None:
        self._stream = stream
        self._suffix = suffix
        self._parquet: pq.ParquetWriter | None = None
        self._is_first = True

    def write(self, frame: pl.DataFrame) -> None:
        """Append a frame.

        Raises
        ------
        TableUnusable
            A column is nested and the format is plain text.
        """
        if self._suffix == ".parquet":
            self._write_parquet(frame.to_arrow())
        elif self._suffix in {".csv", ".tsv"}:
            self._write_delimited(frame)
        else:
            frame.write_ndjson(self._stream)
        self._is_first = False

    def write_answered(self, originals: pl.DataFrame, answers: Answers) -> None:
        """Append rows of a table with their answers. Raises TableUnusable as `write` does."""
        if self._suffix == ".parquet":
            self._write_parquet(answers.beside_in_arrow(originals), without_statistics=answers.columns.keys())
        else:
            self.write(answers.beside(originals))

    def write_objects(self, objects: Sequence[dict[str, Any]], answers: pl.DataFrame) -> None:
        """Append JSON objects as they were, each with its answers."""
        for found, answer in zip(objects, answers.iter_rows(named=True), strict=True):
            stated = {name: value for name, value in found.items() if value is not None or name not in answer}
            line = json.dumps({**found, **answer, **stated}, ensure_ascii=False)
            self._stream.write(line.encode() + b"\n")

    def close(self) -> None:
        """Write what the format wants at its end."""
        if self._parquet is not None:
            self._parquet.close()

    def _write_parquet(self, table: pa.Table, without_statistics: AbstractSet[str] = frozenset()) -> None:
        """Of answers no least and greatest value is kept: nobody looks for them, and they take as long as the rest."""
        if self._parquet is None:
            counted = [name for name in table.column_names if name not in without_statistics]
            self._parquet = pq.ParquetWriter(self._stream, table.schema, compression="zstd", write_statistics=counted)
        self._parquet.write_table(table)

    def _write_delimited(self, frame: pl.DataFrame) -> None:
        try:
            frame.write_csv(
                self._stream, separator="\t" if self._suffix == ".tsv" else ",", include_header=self._is_first
            )
        except pl.exceptions.ComputeError:
            raise TableUnusable("A column of the table is nested; write to .parquet or .jsonl.") from None


@contextmanager
def table_writer(path: Path) -> Iterator[TableWriter]:
    """Write a table to ``path``; it appears there when the block ends well, and not at all otherwise.

    Raises
    ------
    TableUnusable
        The suffix is none of those that are written, or nothing can be written there.
    """
    check_suffix(path)
    with Unfinished(path) as unfinished:
        writer = TableWriter(unfinished.stream, path.suffix.lower())
        try:
            yield writer
            writer.close()
            unfinished.finish()
        except OSError as error:
            raise TableUnusable(f"{path}: {error.strerror}.") from None


def check_suffix(path: Path) -> None:
    """Refuse a format that is not written. Raises TableUnusable."""
    if path.suffix.lower() not in SUFFIXES:
        raise TableUnusable(f"{path.name}: the name of a table ends with {', '.join(SUFFIXES)}.")

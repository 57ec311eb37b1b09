"""The whole run over a table: read, judge, write, list what failed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from pathlib import Path

import polars as pl

from app.batch.faults import Fault, TableUnusable
from app.batch.tables.answers import Answers
from app.batch.tables.column_map import ColumnMap
from app.batch.tables.frame import check_names, rulesets_asked
from app.batch.tables.judge import TableJudge
from app.batch.tables.pipeline import Behind, read_ahead
from app.batch.tables.reading import JSON_SUFFIXES, Chunk, open_table
from app.batch.tables.writing import TableWriter, check_suffix, table_writer
from app.triage import rulebook

_FAULT_SCHEMA = {"row": pl.Int64, "column": pl.String, "reason": pl.String}


@dataclass(frozen=True, slots=True)
class Options:
    """What a caller may choose."""

    now: datetime
    """Moment of evaluation of rows that state none."""
    column_map: ColumnMap
    rulesets: Sequence[str] | None = None
    rules_on: date | None = None
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Summary:
    """How a run ended."""

    rows: int
    failed: int
    facts: Sequence[str]
    """What was read from the table's columns."""


def run_table(
    table: Path, out: Path, errors: Path, options: Options, progress: Callable[[int], None] = lambda _rows: None
) -> Summary:
    """Judge every row of ``table`` and write the table with the answers to ``out`` and what failed to ``errors``.

    Memory does not grow with the table. Both files appear when they are whole; a file of faults is written even when
    there are none, so that an old one does not stay beside new answers.

    Raises
    ------
    TableUnusable
        The table, the map or the options cannot be used; nothing is written.
    """
    for path in (out, errors):
        check_suffix(path)
    if len({table.resolve(), out.resolve(), errors.resolve()}) < len((table, out, errors)):
        raise TableUnusable("The table, --out and --errors have to be three different files.")
    source = open_table(table)
    judge = TableJudge(
        rulebook(),
        options.column_map.resolve(source.columns),
        rulesets_asked(rulebook(), options.rulesets),
        options.now,
        options.column_map.not_known,
        options.rules_on,
        options.prefix,
    )
    check_names(source.columns, judge)
    as_objects = out.suffix.lower() in JSON_SUFFIXES
    rows = failed = 0
    with table_writer(errors) as fault_writer, table_writer(out) as writer:
        fault_writer.write(_fault_frame([]))
        with Behind() as behind:
            for chunk in read_ahead(source.chunks()):
                answers, faults = judge.judge(chunk.cells, chunk.first_row, chunk.faults)
                behind.do(partial(_write, writer, fault_writer, chunk, answers, faults, as_objects=as_objects))
                rows += chunk.cells.height
                failed += len({fault.row for fault in faults})
                progress(rows)
        if not rows:
            nothing = pl.DataFrame(schema=dict.fromkeys(source.columns, pl.String))
            answers = Answers({name: pl.Series([], dtype=dtype) for name, dtype in judge.answer_columns.items()})
            writer.write(answers.beside(nothing))
    return Summary(rows, failed, [source.target for source in judge.sources])


def _write(
    writer: TableWriter,
    fault_writer: TableWriter,
    chunk: Chunk,
    answers: Answers,
    faults: Sequence[Fault],
    *,
    as_objects: bool,
) -> None:
    if chunk.objects is not None and as_objects:
        writer.write_objects(chunk.objects, answers.frame)
    else:
        writer.write_answered(chunk.originals, answers)
    if faults:
        fault_writer.write(_fault_frame(faults))


def _fault_frame(faults: Sequence[Fault]) -> pl.DataFrame:
    return pl.DataFrame(faults, schema=_FAULT_SCHEMA, orient="row")

"""What ``aspects cohort`` does: judge a table by the rules of one day, count, write tables and reports."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import polars as pl

from app.batch.cohort import tables
from app.batch.cohort.report import Told, methods, report
from app.batch.cohort.tables import Counted
from app.batch.cohort.tally import Counting
from app.batch.faults import Fault, TableUnusable
from app.batch.report.files import write_files
from app.batch.report.html import as_html
from app.batch.report.pdf import as_pdf
from app.batch.report.versions import versions
from app.batch.tables.column_map import ColumnMap
from app.batch.tables.frame import rulesets_asked
from app.batch.tables.judge import TableJudge
from app.batch.tables.reading import Chunk, open_table
from app.batch.tables.ruleset_masks import RowLabels
from app.batch.tables.writing import TableWriter, table_writer
from app.triage import rulebook

_CHANGES = {
    "row": pl.Int64,
    "case_id": pl.String,
    "from_outcome": pl.String,
    "from_clause": pl.String,
    "from_missing": pl.String,
    "to_outcome": pl.String,
    "to_clause": pl.String,
    "to_missing": pl.String,
}


@dataclass(frozen=True, slots=True)
class Asked:
    """What a caller may choose."""

    now: datetime
    """Moment of evaluation of rows that state none; its day is that of the rules."""
    column_map: ColumnMap
    pair: tuple[str, str]
    """Editions to compare, earlier and later."""
    rulesets: Sequence[str] | None = None
    key: str = "case_id"
    """Column that names a case in the list of changes, if the table has it."""


def run_cohort(table: Path, out: Path, asked: Asked, progress: Callable[[int], None] = lambda _rows: None) -> int:
    """Judge, count, and write the files that `docs/research.md` lists.

    Returns
    -------
    How many rows failed.

    Raises
    ------
    TableUnusable
        The table, the map or the options cannot be used, or nothing can be written.
    """
    source = open_table(table)
    book = rulebook()
    rulesets_asked(book, asked.pair)
    wanted = rulesets_asked(book, None if asked.rulesets is None else [*asked.rulesets, *asked.pair])
    sources = asked.column_map.resolve(source.columns)
    judge = TableJudge(book, sources, wanted, asked.now, asked.column_map.not_known, asked.now.date())
    counting = Counting(judge, asked.pair)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise TableUnusable(f"{out}: {error.strerror}.") from None
    with table_writer(out / "errors.csv") as errors, table_writer(out / "changes.csv") as changes:
        errors.write(_faults([]))
        changes.write(pl.DataFrame(schema=_CHANGES))
        for chunk in source.chunks():
            read = judge.read(chunk.cells, chunk.first_row, chunk.faults)
            answers = counting.add(read)
            _list_changes(changes, chunk, asked, answers)
            if read.faults:
                errors.write(_faults(read.faults))
            progress(counting.tally.rows)
    counted = Counted(counting.tally, book, wanted, asked.pair)
    constants = [f"{one.target} {one.constant}" for one in sources if one.constant is not None]
    write_files(out, _files(counted, Told(table.name, f"{asked.now.date()}", constants)))
    return counting.tally.failed


def _list_changes(writer: TableWriter, chunk: Chunk, asked: Asked, answers: dict[str, RowLabels]) -> None:
    """The rows whose outcome differs between the two editions."""
    named = [("from", answers[asked.pair[0]]), ("to", answers[asked.pair[1]])]
    columns = {
        f"{side}_{part}": column.as_series().cast(pl.String)
        for side, labels in named
        for part, column in zip(("outcome", "clause", "missing"), labels.columns(), strict=True)
    }
    rows = pl.int_range(chunk.first_row, chunk.first_row + chunk.cells.height, eager=True)
    nameless = pl.Series([None], dtype=pl.String).new_from_index(0, chunk.cells.height)
    key = chunk.originals[asked.key].cast(pl.String) if asked.key in chunk.originals.columns else nameless
    frame = pl.DataFrame({"row": rows, "case_id": key} | columns, schema=_CHANGES)
    changed = frame.filter(pl.col("from_outcome") != pl.col("to_outcome"))
    if changed.height:
        writer.write(changed)


def _files(counted: Counted, told: Told) -> dict[str, str | bytes]:
    found = {
        "answers": tables.answer_rows(counted),
        "treated": tables.treatment_rows(counted),
        "flows": tables.flow_rows(counted),
        "one_point": tables.one_point_rows(counted),
        "missing": tables.missing_rows(counted),
        "known": tables.known_rows(counted),
    }
    summary = {
        "file": told.file,
        "rows": counted.tally.rows,
        "failed": counted.tally.failed,
        "rules_on": told.rules_on,
        "rules": counted.book.version,
        "versions": versions(),
        **found,
    }
    document = report(counted, told)
    files: dict[str, str | bytes] = {f"{name}.csv": pl.DataFrame(rows).write_csv() for name, rows in found.items()}
    return files | {
        "cohort.json": json.dumps(summary, indent=2, allow_nan=False) + "\n",
        "methods.txt": methods(counted, told) + "\n",
        "report.html": as_html(document),
        "report.pdf": as_pdf(document),
    }


def _faults(faults: Sequence[Fault]) -> pl.DataFrame:
    return pl.DataFrame(faults, schema={"row": pl.Int64, "column": pl.String, "reason": pl.String}, orient="row")

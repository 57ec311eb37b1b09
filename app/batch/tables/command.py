"""``aspects batch``: a table of cases judged by every guideline and trial."""

from pathlib import Path
from typing import Annotated

import typer

from app.terminal import SOME_FAILED, say, stop


def batch(
    table: Annotated[
        Path, typer.Argument(help="CSV, TSV, Parquet or JSON Lines: one row a patient, one column a fact.")
    ],
    out: Annotated[Path, typer.Option(help="The table with the answers; the suffix says the format.")],
    mapping: Annotated[Path | None, typer.Option("--map", help="YAML file for foreign names, codes and units.")] = None,
    rulesets: Annotated[str | None, typer.Option(help="Rule sets to ask, with commas between; default: all.")] = None,
    errors: Annotated[Path | None, typer.Option(help="Rows that failed, with reasons; default: beside --out.")] = None,
    evaluated_at: Annotated[
        str | None, typer.Option(help="Moment of evaluation of rows that state none; default: now.")
    ] = None,
    rules_on: Annotated[
        str | None, typer.Option(metavar="DATE", help="Rules as of this day; default: of each row's evaluation.")
    ] = None,
    prefix: Annotated[str, typer.Option(help="Put before the names of the columns of answers.")] = "",
) -> None:
    """Judge a table of cases by every guideline and trial. A bad row is listed and stops nothing."""
    try:
        from app.batch.tables.options import judge_table
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extra 'batch'.")
    from app.batch.faults import TableUnusable

    try:
        failed = judge_table(table, out, errors, mapping, rulesets, evaluated_at, rules_on, prefix, say=say)
    except TableUnusable as error:
        stop(str(error))
    if failed:
        raise typer.Exit(SOME_FAILED)

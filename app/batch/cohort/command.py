"""``aspects cohort``: what rule sets and their editions would have meant for a table of patients."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.terminal import SOME_FAILED, say, stop


def cohort(
    table: Annotated[Path, typer.Argument(help="Table of patients, as for batch.")],
    out: Annotated[Path, typer.Option(help="Folder for the counts and the report.", file_okay=False)],
    mapping: Annotated[Path | None, typer.Option("--map", help="YAML file for foreign names, codes and units.")] = None,
    before: Annotated[str, typer.Option("--from", help="Edition that changes are counted from.")] = "aha-asa-2019",
    after: Annotated[str, typer.Option("--to", help="Edition that they are counted to.")] = "aha-asa-2026",
    rulesets: Annotated[str | None, typer.Option(help="Rule sets to ask, with commas between; default: all.")] = None,
    key: Annotated[str, typer.Option(help="Column that names a case in the list of changes.")] = "case_id",
    evaluated_at: Annotated[
        str | None,
        typer.Option(help="Moment of evaluation of rows that state none, and day of the rules; default: now."),
    ] = None,
) -> None:
    """Count who would have been treated, what changed between editions, and what hangs on one point or one fact."""
    try:
        from app.batch.cohort.run import Asked, run_cohort
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extra 'stats'.")
    from app.batch.faults import TableUnusable
    from app.batch.tables.column_map import ColumnMap, read_column_map
    from app.batch.tables.options import moment_of, names_of, show_rows

    try:
        now = datetime.now(UTC) if evaluated_at is None else moment_of(evaluated_at)
        column_map = ColumnMap() if mapping is None else read_column_map(mapping)
        failed = run_cohort(table, out, Asked(now, column_map, (before, after), names_of(rulesets), key), show_rows)
    except TableUnusable as error:
        stop(str(error))
    say(f"Written to {out}; rows that failed: {failed}.")
    if failed:
        raise typer.Exit(SOME_FAILED)

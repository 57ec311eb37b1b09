"""``aspects agreement``: readers compared with one another and with the truth."""

from pathlib import Path
from typing import Annotated

import typer

from app.terminal import SOME_FAILED, say, stop


def agreement(  # noqa: PLR0917 -- Typer calls it by name
    tables: Annotated[
        list[Path], typer.Argument(metavar="A B [C ...]", help="A table for each reader: aspects_total or regions.")
    ],
    out: Annotated[Path, typer.Option(help="Folder for the statistics and the report.", file_okay=False)],
    truth: Annotated[Path | None, typer.Option(help="Table that all are compared with as well.")] = None,
    key: Annotated[str, typer.Option(help="Column that names the case in every table.")] = "case_id",
    patient: Annotated[str | None, typer.Option(help="Column of the patient, where one has several cases.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="YAML file for foreign names and codes.")] = None,
    by: Annotated[
        list[str] | None,
        typer.Option(help="Column of subgroups, or with cuts, such as slice_mm:3,5; may be given again."),
    ] = None,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Bootstrap resamples.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Where the random numbers of the bootstrap start.")] = 1,
) -> None:
    """Compare readers with one another and with the truth: totals, regions, probabilities, subgroups, with a report."""
    try:
        from app.batch.agreement.groups import parse_grouping
        from app.batch.agreement.resampling import Resampling
        from app.batch.agreement.run import Tables, run_agreement
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extra 'stats'.")
    from app.batch.agreement.readings import Columns
    from app.batch.faults import TableUnusable
    from app.batch.tables.column_map import ColumnMap, read_column_map

    try:
        groupings = [parse_grouping(text) for text in by or []]
        column_map = ColumnMap() if mapping is None else read_column_map(mapping)
        columns = Columns(key, patient, column_map, tuple(one.column for one in groupings))
        failed = run_agreement(Tables(tables, truth), out, columns, Resampling(resamples, seed), groupings)
    except TableUnusable as error:
        stop(str(error))
    say(f"Written to {out}; rows that failed: {failed}.")
    if failed:
        raise typer.Exit(SOME_FAILED)

"""``aspects agreement``: readers compared with one another and with the truth."""

from pathlib import Path
from typing import Annotated

import typer

from app.terminal import SOME_FAILED, say, stop


def agreement(  # noqa: PLR0917 -- Typer calls it by name
    first: Annotated[Path, typer.Argument(metavar="A", help="Table of one reader: aspects_total or regions.")],
    second: Annotated[Path, typer.Argument(metavar="B", help="Table of the other reader.")],
    out: Annotated[Path, typer.Option(help="Folder for the statistics and the report.", file_okay=False)],
    truth: Annotated[Path | None, typer.Option(help="Table that both are compared with as well.")] = None,
    key: Annotated[str, typer.Option(help="Column that names the case in every table.")] = "case_id",
    patient: Annotated[str | None, typer.Option(help="Column of the patient, where one has several cases.")] = None,
    mapping: Annotated[Path | None, typer.Option("--map", help="YAML file for foreign names and codes.")] = None,
    resamples: Annotated[int, typer.Option(min=100, max=100_000, help="Bootstrap resamples.")] = 2000,
    seed: Annotated[int, typer.Option(min=0, help="Where the random numbers of the bootstrap start.")] = 1,
) -> None:
    """Compare two readers, and both with the truth: kappa, ICC, Bland-Altman, regions, with intervals and plots."""
    try:
        from app.batch.agreement.comparison import Resampling
        from app.batch.agreement.run import Tables, run_agreement
    except ModuleNotFoundError as error:
        stop(f"{error.name} is not installed; install the extra 'stats'.")
    from app.batch.agreement.readings import Columns
    from app.batch.faults import TableUnusable
    from app.batch.tables.column_map import ColumnMap, read_column_map

    try:
        columns = Columns(key, patient, ColumnMap() if mapping is None else read_column_map(mapping))
        failed = run_agreement(Tables(first, second, truth), out, columns, Resampling(resamples, seed))
    except TableUnusable as error:
        stop(str(error))
    say(f"Written to {out}; rows that failed: {failed}.")
    if failed:
        raise typer.Exit(SOME_FAILED)

"""``aspects batch-ct``: every head CT below a folder read."""

from pathlib import Path
from typing import Annotated

import typer

from app.terminal import SOME_FAILED, say, stop


def batch_ct(  # noqa: PLR0917 -- Typer calls it by name
    folder: Annotated[Path, typer.Argument(help="Folder with NIfTI files, DICOM folders and zips, at any depth.")],
    out: Annotated[Path, typer.Option(help="Folder for the results; run again to carry on.", file_okay=False)],
    workers: Annotated[int, typer.Option(min=1, max=64, help="Scans read at the same time.")] = 1,
    seconds: Annotated[float, typer.Option(min=1, help="Longest time for one scan.")] = 120.0,
    memory_mib: Annotated[int, typer.Option(min=512, help="Address space for one scan, in MiB.")] = 6144,
    scheduler: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Dask scheduler whose workers read, such as tcp://host:8786.")
    ] = None,
    tls_ca: Annotated[Path | None, typer.Option(help="Authority of a scheduler at tls://, in PEM format.")] = None,
    tls_cert: Annotated[Path | None, typer.Option(help="Certificate of this client, in PEM format.")] = None,
    tls_key: Annotated[Path | None, typer.Option(help="Its key, in PEM format.")] = None,
) -> None:
    """Read ASPECTS from every head CT below a folder. A bad scan is listed and stops nothing."""
    from app.batch.faults import TableUnusable
    from app.batch.scans.engine import Where, read_folder

    try:
        counts = read_folder(folder, out, workers, seconds, memory_mib, Where(scheduler, tls_ca, tls_cert, tls_key))
    except TableUnusable as error:
        stop(str(error))
    told = ", ".join(f"{number} {status}" for status, number in sorted(counts.statuses.items()))
    say(f"{counts.scans} scans: {told}; {counts.earlier} known already. {out / 'results.csv'}")
    if counts.statuses.get("failed"):
        raise typer.Exit(SOME_FAILED)

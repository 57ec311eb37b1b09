"""Which engine reads the scans of a run: processes of this machine, or a Dask cluster."""

from pathlib import Path
from typing import NamedTuple

from app.batch.faults import TableUnusable
from app.batch.scans.ledger import Counts
from app.batch.scans.run import Engine, Limits, run_scans


class Where(NamedTuple):
    """Scheduler and TLS files; all ``None``: this machine reads."""

    scheduler: str | None
    tls_ca: Path | None
    tls_cert: Path | None
    tls_key: Path | None


def read_folder(folder: Path, out: Path, workers: int, seconds: float, memory_mib: int, where: Where) -> Counts:
    """Read all scans of a folder. Raises TableUnusable."""
    return run_scans(folder, out, Limits(workers, seconds, memory_mib), engine_of(where, folder))


def engine_of(where: Where, folder: Path) -> Engine | None:
    """The engine asked for; ``None``: processes of this machine. Raises TableUnusable."""
    if where.scheduler is None:
        if any(where):
            raise TableUnusable("--tls-ca, --tls-cert and --tls-key need --scheduler.")
        return None
    try:
        from app.batch.scans.cluster import Cluster, on_cluster  # noqa: PLC0415 -- an extra
    except ModuleNotFoundError as error:
        raise TableUnusable(f"{error.name} is not installed; install the extra 'cluster'.") from None
    return on_cluster(Cluster(where.scheduler, where.tls_ca, where.tls_cert, where.tls_key), folder)

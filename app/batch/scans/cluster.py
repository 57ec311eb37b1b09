"""Reads the scans of a run on a Dask cluster: workers hash and read, this process alone writes.

Workers need to see the scans at the same paths and nothing else: results travel back as JSON, and one process on one
machine writes them, so that no shared folder has to rename in one step and no worker needs leave to write. A result
that is on disk is never read again; what a lost worker held is given to another one by the scheduler.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from distributed import Client, Future, KilledWorker, Security, as_completed

from app.batch.faults import TableUnusable
from app.batch.scans import results
from app.batch.scans.cluster_task import OtherVersions, digest_of, read_scan
from app.batch.scans.folder import ScanEntry
from app.batch.scans.ledger import Ledger
from app.batch.scans.run import Engine, Limits
from app.scans.pool import WorkerUnavailable

_CONNECT_SECONDS = 20
_WAITING_FOR_EACH_THREAD = 4
"""Scans handed out ahead of time; more would fill the scheduler's memory and gain nothing."""
WORKER_LOST, WORKER_FAULT, OTHER_VERSIONS = "WORKER_LOST", "WORKER_FAULT", "OTHER_VERSIONS"
"""Reasons of failed scans that are the cluster's and not the scan's; such scans are tried again by the next run."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the scheduler listens and, for TLS, the files that it asks for."""

    address: str
    tls_ca: Path | None = None
    tls_cert: Path | None = None
    tls_key: Path | None = None

    def security(self) -> Security:
        """TLS with these files; without them whatever Dask's own configuration says."""
        given = (self.tls_ca, self.tls_cert, self.tls_key)
        if not any(given):
            return Security()
        for path in given:
            if path is None or not path.is_file():
                raise TableUnusable("--tls-ca, --tls-cert and --tls-key go together, and each is a file in PEM format.")
        ca, cert, key = (str(path) for path in given)
        return Security(
            tls_ca_file=ca,
            tls_client_cert=cert,
            tls_client_key=key,
            require_encryption=True,
        )


def on_cluster(cluster: Cluster, folder: Path) -> Engine:
    """An engine that reads on the cluster; ``folder`` is what all its workers have to see."""

    def read(entries: Sequence[ScanEntry], ledger: Ledger, waiting: Iterator[int], limits: Limits) -> None:
        _quieten()
        with _connected(cluster) as client:
            client.wait_for_workers(1)
            _check_workers(client, folder, ledger.made_by)
            _Run(client, entries, ledger, limits).read_all(waiting)

    return read


def _connected(cluster: Cluster) -> Client:
    try:
        return Client(cluster.address, security=cluster.security(), timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError, TypeError, RuntimeError):
        raise TableUnusable(
            f"{cluster.address}: no Dask scheduler of a fitting version answers there, or its TLS files differ."
        ) from None


def _check_workers(client: Client, folder: Path, made_by: dict[str, str]) -> None:
    """Say now what would otherwise fail scan by scan; workers that join later are held to the same by each task."""
    try:
        seen = client.run(folder.is_dir)
        versions = client.run(results.versions)
    except Exception as error:  # noqa: BLE001 -- whatever a worker without this software raises
        raise TableUnusable(f"The workers cannot load this software ({type(error).__name__}).") from None
    if not all(seen.values()):
        raise TableUnusable(f"{folder}: not every worker sees this folder at this path.")
    if any(found != made_by for found in versions.values()):
        raise TableUnusable("Some workers run other versions of the software, atlas or calibration.")


@dataclass(slots=True)
class _Job:
    number: int
    digest: str | None = None
    """``None``: the entry's content is being hashed; else it is being read."""


class _Run:
    """One run on the cluster; equal scans are read once, whichever worker found them."""

    def __init__(self, client: Client, entries: Sequence[ScanEntry], ledger: Ledger, limits: Limits) -> None:
        self._client = client
        self._entries = entries
        self._ledger = ledger
        self._limits = limits
        self._jobs: dict[str, _Job] = {}
        self._alike: dict[str, list[int]] = {}
        """Entries that wait for the reading of their content, by its digest."""
        self._finished: as_completed = as_completed(loop=client.loop)

    def read_all(self, waiting: Iterator[int]) -> None:
        """Hand out entries as earlier ones come back."""
        self._hand_out(waiting)
        for future in self._finished:
            job = self._jobs.pop(str(future.key))
            self._take(job, future)
            future.release()
            self._hand_out(waiting)

    def _hand_out(self, waiting: Iterator[int]) -> None:
        threads = sum(self._client.nthreads().values())
        while len(self._jobs) < _WAITING_FOR_EACH_THREAD * (threads + 1):
            number = next(waiting, None)
            if number is None:
                return
            self._submit(_Job(number), digest_of, self._entries[number])

    def _submit(self, job: _Job, task: Any, *arguments: Any) -> None:
        future = self._client.submit(task, *arguments, pure=False, retries=1)
        self._jobs[str(future.key)] = job
        self._finished.add(future)

    def _take(self, job: _Job, future: Future[Any]) -> None:
        try:
            result = future.result()
        except KilledWorker:
            self._fail(job, WORKER_LOST)
        except OtherVersions:
            self._fail(job, OTHER_VERSIONS)
        except WorkerUnavailable:
            raise
        except OSError:
            self._settle(job, None, earlier=False)
        except Exception as error:  # noqa: BLE001 -- whatever a task or a lost scheduler raises
            if future.status == "error":  # what the task raised on the worker
                self._fail(job, WORKER_FAULT)
            else:
                raise TableUnusable(
                    f"The scheduler was lost ({type(error).__name__}); run again to carry on."
                ) from None
        else:
            self._keep(job, result) if job.digest else self._start_reading(job.number, result)

    def _start_reading(self, number: int, digest: str) -> None:
        if digest in self._alike:
            self._alike[digest].append(number)
            return
        reading = self._ledger.earlier(digest)
        if reading is not None:
            self._ledger.settle(number, digest, reading, earlier=True)
            return
        self._alike[digest] = []
        limits = self._limits
        told = (limits.seconds, limits.memory_mib, tuple(limits.command))
        self._submit(_Job(number, digest), read_scan, self._entries[number], told, self._ledger.made_by)

    def _keep(self, job: _Job, reading: dict[str, Any]) -> None:
        self._ledger.keep(str(job.digest), reading)
        self._settle(job, reading, earlier=False)

    def _settle(self, job: _Job, reading: dict[str, Any] | None, *, earlier: bool) -> None:
        self._ledger.settle(job.number, job.digest, reading, earlier=earlier)
        for number in self._alike.pop(str(job.digest), []):
            self._ledger.settle(number, job.digest, reading, earlier=reading is not None)

    def _fail(self, job: _Job, reason: str) -> None:
        for number in (job.number, *self._alike.pop(str(job.digest), [])):
            self._ledger.fail(number, job.digest, reason)


def _quieten() -> None:
    """A lost worker is expected; the run says what became of each scan."""
    for name in ("distributed", "distributed.client", "distributed.scheduler"):
        logging.getLogger(name).setLevel(logging.CRITICAL)

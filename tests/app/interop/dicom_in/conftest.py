"""A record, and an assembler that hands scans to a list instead of a queue."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydicom.dataset import Dataset
from sqlalchemy import Connection, Engine

from app.access.actor import Actor
from app.interop.dicom_in.assembler import Assembler, Record
from app.interop.dicom_in.part10 import PREAMBLE
from app.interop.dicom_in.spool import Spool
from app.queue.queue import QueueFull, ScanJob
from app.settings.settings import Settings
from app.store.writer import Writer
from tests.app.store.databases import engine, hospital_settings, postgresql, writer

__all__ = ["engine", "hospital_settings", "postgresql", "writer"]


@dataclass
class FakeQueue:
    """Keeps what was handed on; ``is_full`` makes it refuse."""

    jobs: list[ScanJob] = field(default_factory=list)
    kept: dict[str, bytes] = field(default_factory=dict)
    is_full: bool = False

    def put(self, paths: Sequence[Path]) -> tuple[str, ...]:
        self.kept |= {path.name: path.read_bytes() for path in paths}
        return tuple(path.name for path in paths)

    def submit_in(self, _connection: Connection, job: ScanJob, _actor: Actor) -> str:
        if self.is_full:
            raise QueueFull("Too many scans wait.")
        self.jobs.append(job)
        return f"job-{len(self.jobs)}"


@dataclass
class Ward:
    """Everything between the spool and the queue."""

    folder: Path
    spool: Spool
    assembler: Assembler
    queue: FakeQueue
    engine: Engine
    writer: Writer

    def send(self, *slices: Dataset, source: str = "scanner") -> None:
        """Bring slices as one delivery that ends."""
        with self.spool.delivery(source, "c-store") as delivery:
            for one in slices:
                self.send_bytes(delivery, encoded(one))

    def send_bytes(self, delivery: object, content: bytes) -> None:
        incoming = self.spool.open(delivery)  # type: ignore[arg-type]
        incoming.write(content)
        incoming.finish()

    def later(self, seconds: float = 60.0) -> None:
        """A round after a while of quiet."""
        self.assembler.round(datetime.now(UTC) + timedelta(seconds=seconds))


def encoded(dataset: Dataset) -> bytes:
    """A DICOM file."""
    from io import BytesIO  # noqa: PLC0415

    stream = BytesIO()
    dataset.save_as(stream, enforce_file_format=True)
    content = stream.getvalue()
    return PREAMBLE + content[len(PREAMBLE) :]


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """SQLite; tests that hold on both databases name them as parameters."""
    if getattr(request, "param", "sqlite") == "sqlite":
        return f"sqlite:///{tmp_path / 'data' / 'aspects.db'}"
    return str(request.getfixturevalue("postgresql").new_database())


@pytest.fixture
def ward(hospital_settings: Settings, engine: Engine, writer: Writer, tmp_path: Path) -> Ward:
    folder = tmp_path / "dicom-in"
    queue = FakeQueue()
    assembler = Assembler(hospital_settings, folder, Record(engine, writer), queue)
    return Ward(folder, Spool(folder), assembler, queue, engine, writer)

"""What a hospital's own service has besides the stateless one; made once by `app.main` where a data folder is set.

Everything here is imported only then: a service that keeps nothing needs no database.
"""

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.operations.watch import Watch
from app.settings.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.access.access import Access
    from app.queue.opening import QueueAndOutbox
    from app.store.objects import Objects
    from app.store.records import Records
    from app.store.writer import Writer


class HospitalUnusable(Exception):
    """The hospital's own service cannot be opened; the message says why and holds no secret."""


@dataclass(frozen=True, slots=True)
class Hospital:
    """The parts that keep, queue and send; each is opened by `open_hospital` and ended by `close`."""

    settings: Settings
    engine: "Engine"
    """For reading: ``with hospital.engine.connect()`` in a thread."""
    writer: "Writer"
    """For whatever changes the record."""
    records: "Records"
    """Cases with their revisions and signatures."""
    objects: "Objects"
    """Scans and documents."""
    access: "Access"
    """Who may use the service: keys, tokens, sessions."""
    watch: Watch
    """Checks for /readyz and numbers for /metrics; a part that is opened here adds its own."""

    queue: "QueueAndOutbox"
    """Scans that wait to be read, and what tells others of results."""

    async def close(self) -> None:
        """End all parts in order; what was accepted is on disk by then."""
        await asyncio.to_thread(self.writer.close)
        self.engine.dispose()


def open_hospital(settings: Settings) -> Hospital | None:
    """Open the parts.

    Returns
    -------
    ``None`` where the settings name no data folder: such a service keeps nothing.

    Raises
    ------
    HospitalUnusable
        What it needs is not installed, or the database cannot be used.
    """
    if settings.data_dir is None:
        return None
    try:
        # A service that keeps nothing needs none of it.
        from app.access.access import Access  # noqa: PLC0415 -- each belongs to the extra 'hospital'
        from app.operations.record_checks import watch_record  # noqa: PLC0415
        from app.outbox.targets import DeliveriesUnusable  # noqa: PLC0415
        from app.queue.opening import open_queue  # noqa: PLC0415
        from app.store import database, rule_snapshot, schema, writer  # noqa: PLC0415
        from app.store.objects import Objects  # noqa: PLC0415
        from app.store.records import Records  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise HospitalUnusable(f"{error.name} is not installed; install the extra 'hospital'.") from None
    try:
        engine = database.open_database(settings)
        schema.migrate(engine)
        record_writer = writer.Writer(engine)
        record_writer.write_blocking(rule_snapshot.keep_installed_rules)
        objects = Objects(settings, engine, record_writer)
    except (database.DatabaseUnusable, rule_snapshot.RulesChanged, writer.RecordUnavailable, OSError) as error:
        raise HospitalUnusable(f"ASPECTS_DATA_DIR, ASPECTS_DATABASE_URL, ASPECTS_OBJECT_STORE_URL: {error}") from error
    records = Records(engine, record_writer)
    access = Access(settings, engine, record_writer)
    watch = watch_record(settings, engine, record_writer)
    try:
        queue = open_queue(settings, records, objects, watch)
    except DeliveriesUnusable as error:
        raise HospitalUnusable(f"ASPECTS_DELIVERIES_FILE: {error}") from error
    return Hospital(settings, engine, record_writer, records, objects, access, watch, queue)

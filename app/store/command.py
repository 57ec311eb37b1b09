"""The commands ``aspects record``: what whoever looks after a record does with it."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.settings.settings import Settings
    from app.store.record_check import RecordCheck

record_app = typer.Typer(help="The record of a hospital's own service.", no_args_is_help=True, rich_markup_mode=None)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_FAULTS = 1
_UNUSABLE = 2


@record_app.command()
def verify(
    anchor: Annotated[
        list[str] | None, typer.Option(help="An anchor that an earlier run printed and that was kept elsewhere.")
    ] = None,
    objects: Annotated[bool, typer.Option("--objects", help="Read every scan and document again as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """Find every row that was changed, removed or moved. Prints an anchor to keep where nobody here can change it."""
    from app.store.audit_check import NotAnAnchor, read_anchor
    from app.store.database import read_blocking
    from app.store.object_bytes import ObjectBytes
    from app.store.objects import damaged_objects
    from app.store.record_check import check_record

    try:
        anchors = [read_anchor(text) for text in anchor or ()]
    except NotAnAnchor as error:
        _stop(str(error))
    with _record() as (settings, engine):
        check = read_blocking(engine, lambda connection: check_record(connection, anchors))
        damaged = damaged_objects(engine, ObjectBytes(settings)) if objects else []
    faults = [*check.faults, *(f"Object {sha256} is missing or damaged." for sha256 in damaged)]
    _tell(check, faults, as_json=as_json)
    if faults:
        raise typer.Exit(_FAULTS)


@record_app.command()
def audit(
    about: Annotated[
        str | None, typer.Option(help="Name of a case, study, job or delivery: with the scans and results of the case.")
    ] = None,
    actor: Annotated[str | None, typer.Option(help="Name of who did it.")] = None,
    action: Annotated[
        str | None, typer.Option(help="What was done: case.signed_off, or case for all of its kind.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="ISO 8601 with an offset: 2026-03-14T07:00+00:00.")] = None,
    most: Annotated[int, typer.Option(min=1, help="Most events, the latest ones.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what, and when. The trail holds names of users and cases, and nothing else about a patient."""
    from app.store.audit_reading import Wanted, line_of, moment_of, read_events
    from app.store.database import read_blocking

    try:
        wanted = Wanted(about, actor, action, None if since is None else moment_of(since))
    except ValueError as error:
        _stop(str(error))
    with _record() as (_, engine):
        found = read_blocking(engine, lambda connection: read_events(connection, wanted, most))
    print(json.dumps(found, indent=2) if as_json else "\n".join(map(line_of, found)))


@record_app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that is not there yet.", dir_okay=False)],
    objects: Annotated[bool, typer.Option(help="Put scans and documents in as well.")] = True,
) -> None:
    """Copy the whole record into one file while the service runs."""
    from app.store.backup import back_up

    with _record() as (settings, engine):
        try:
            told = back_up(settings, engine, file, with_objects=objects)
        except (OSError, LookupError) as error:
            _stop(str(error))
    _say(f"{file.name}: {told.events} events, {told.objects} objects{'' if objects else ' listed, not held'}.")
    print(told.anchor)


@record_app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="A file that backup made.", exists=True, dir_okay=False)],
) -> None:
    """Lay a backup out in a place without a record, then verify it."""
    from app.store.restore import BackupUnusable
    from app.store.restore import restore as lay_out

    with _usable() as settings:
        try:
            restored = lay_out(settings, file)
        except (BackupUnusable, OSError) as error:
            _stop(str(error))
    _say(f"{restored.objects} objects restored, {restored.missing_objects} missing.")
    _tell(restored.check, restored.check.faults, as_json=False)
    if restored.check.faults or restored.missing_objects:
        raise typer.Exit(_FAULTS)


@record_app.command()
def sweep() -> None:
    """Delete scans and documents that were kept long enough, with a trace; list what is missing."""
    from app.access.binding import this_user
    from app.store.objects import Objects
    from app.store.writer import Writer

    with _record() as (settings, engine):
        writer = Writer(engine)
        swept = Objects(settings, engine, writer).sweep(this_user())
        writer.close()
    print(f"{swept.deleted} deleted, {swept.removed_unregistered} left behind and removed.")
    for sha256 in swept.missing:
        print(f"Object {sha256} is missing.")
    if swept.missing:
        raise typer.Exit(_FAULTS)


@record_app.command()
def migrate() -> None:
    """Bring the database to the schema of this release; serve and worker do the same when they start."""
    from app.store.database import open_database
    from app.store.schema import head_revision
    from app.store.schema import migrate as run_steps

    with _usable() as settings:
        engine = open_database(settings)
        run_steps(engine)
        engine.dispose()
    print(f"The schema is {head_revision()}.")


@contextmanager
def _usable() -> Iterator["Settings"]:
    """The settings; whatever cannot be used ends the command with a sentence."""
    from app.serving.server import SettingsUnusable, checked_settings

    try:
        from app.store.database import DatabaseUnusable
        from app.store.faults import RecordUnavailable

        try:
            settings = checked_settings()
            if settings.data_dir is None:
                _stop("ASPECTS_DATA_DIR is not set: there is no record.")
            yield settings
        except (SettingsUnusable, DatabaseUnusable) as error:
            _stop(str(error))
        except RecordUnavailable as error:
            _stop(f"{error} ASPECTS_DATA_DIR, ASPECTS_DATABASE_URL and ASPECTS_OBJECT_STORE_URL say where it is.")
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extra 'hospital'.")


@contextmanager
def _record() -> Iterator[tuple["Settings", "Engine"]]:
    """A record that is there and of this release."""
    from app.store.database import database_url, open_database, read_blocking
    from app.store.schema import head_revision, revision_of

    with _usable() as settings:
        url = database_url(settings)
        if url.get_backend_name() == "sqlite" and not Path(url.database or "").exists():
            _stop("There is no record here.")
        engine = open_database(settings)
        try:
            here = read_blocking(engine, revision_of)
            if here != head_revision():
                _stop(
                    "There is no record here."
                    if here is None
                    else f"The schema is {here}, this release has {head_revision()}: run aspects record migrate."
                )
            yield settings, engine
        finally:
            engine.dispose()


def _tell(check: "RecordCheck", faults: "list[str] | tuple[str, ...]", *, as_json: bool) -> None:
    if as_json:
        told = {
            "whole": not faults,
            "events": check.events,
            "revisions": check.revisions,
            "anchor": str(check.anchor),
            "faults": list(faults),
        }
        print(json.dumps(told, indent=2))
        return
    for fault in faults:
        print(fault)
    _say(f"{check.events} events, {check.revisions} revisions: {'whole' if not faults else f'{len(faults)} faults'}.")
    if not faults:
        print(check.anchor)


def _say(text: str) -> None:
    print(text, file=sys.stderr)


def _stop(text: str) -> NoReturn:
    _say(f"aspects: {text}")
    raise typer.Exit(_UNUSABLE)

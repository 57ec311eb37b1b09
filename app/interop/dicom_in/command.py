"""Commands below ``aspects dicom`` for what comes in. What they need is imported when they run."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from app.interop.dicom_out.command import dicom_app

if TYPE_CHECKING:
    from app.settings.settings import Settings

__all__ = ["dicom_app"]

_SOME_FAILED = 1
_UNUSABLE = 2


@dicom_app.command("list")
def list_received(
    as_json: Annotated[bool, typer.Option("--json", help="Print what GET /v1/studies answers.")] = False,  # noqa: FBT002 -- Typer wants it so
) -> None:
    """List received studies with the account of every series, and objects that could not be read."""
    settings = _settings()
    try:
        from app.interop.dicom_in import catalogue  # noqa: PLC0415 -- see the first line
        from app.store.database import DatabaseUnusable, open_database  # noqa: PLC0415
        from app.store.schema import migrate  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extra 'hospital'.")
    try:
        engine = open_database(settings)
        migrate(engine)
    except DatabaseUnusable as error:
        _stop(str(error))
    with engine.connect() as connection:
        studies, strays = catalogue.list_studies(connection, 500), catalogue.list_strays(connection, 500)
    engine.dispose()
    if as_json:
        _print(json.dumps({"studies": studies, "strays": strays}, indent=2))
        return
    for study in studies:
        _print(f"{study['study_uid']}  {study['state']}  {study['objects']} objects, last {study['last_at']}")
        for one in study["series"]:
            _print(f"    {one['series_uid']}  {one['images']} images  {one['code']}: {one['reason']}")
    for stray in strays:
        _print(f"(no study)  {stray['arrived_at']}  {stray['source']}  {stray['code']}: {stray['reason']}")


@dicom_app.command()
def pull(
    node: Annotated[str, typer.Option(help="Name in the file of ASPECTS_DICOM_NODES_FILE.")],
    study: Annotated[str, typer.Option(help="Study Instance UID.")],
    by: Annotated[str | None, typer.Option(help="wado-rs or c-get; default: as the node's entry allows.")] = None,
) -> None:
    """Fetch a study from an archive; a running service (serve or dicom-listen) queues its head CT."""
    settings = _settings()
    try:
        from app.interop.dicom_in.pull import pull_study  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extras 'hospital' and 'dicom'.")
    from app.interop.dicom_in.part10 import is_uid  # noqa: PLC0415
    from app.interop.dicom_in.pull_faults import NodeUnusable, PullFailed  # noqa: PLC0415
    from app.interop.dicom_nodes import NodesFileError, load_nodes  # noqa: PLC0415

    if settings.data_dir is None:
        _stop("ASPECTS_DATA_DIR is not set: there is no place for what is received.")
    if not is_uid(study):
        _stop("--study: this is no UID.")
    if by not in {None, "wado-rs", "c-get"}:
        _stop("--by: wado-rs or c-get.")
    try:
        nodes = load_nodes(settings.dicom_nodes_file)
        if node not in nodes:
            _stop(f"--node: no node of this name is known (known: {', '.join(nodes) or 'none'}).")
        pulled = pull_study(settings, settings.data_dir, node, nodes[node], study, by)  # type: ignore[arg-type]
    except (NodesFileError, NodeUnusable) as error:
        _stop(str(error))
    except PullFailed as error:
        _say(f"aspects: {error}")
        raise typer.Exit(_SOME_FAILED) from None
    _say(f"{pulled.stored} objects by {pulled.way}; {pulled.failed} not usable.")


@dicom_app.command()
def deidentify(
    source: Annotated[Path, typer.Argument(metavar="IN", help="Folder of DICOM files.", exists=True, file_okay=False)],
    target: Annotated[Path, typer.Argument(metavar="OUT", help="Folder for the copies.", file_okay=False)],
    key: Annotated[
        Path | None,
        typer.Option(help="File with a secret of 32 bytes or more: the same one gives the same pseudonyms."),
    ] = None,
) -> None:
    """Copy CT objects without what tells whose they are. The face stays in the picture."""
    from app.interop.dicom_in.deidentify_folder import deidentify_folder, read_key  # noqa: PLC0415

    try:
        copies = deidentify_folder(source, target, read_key(key))
    except ValueError as error:
        _stop(str(error))
    except OSError as error:
        _stop(f"{target}: {error.strerror}.")
    _say(f"{copies.written} copies in {target}; {len(copies.refused)} files not copied.")
    for reason in sorted(set(copies.refused)):
        _say(f"    {copies.refused.count(reason)} times: {reason}")
    if copies.refused:
        raise typer.Exit(_SOME_FAILED)


def _settings() -> "Settings":
    from app.serving.server import SettingsUnusable, checked_settings  # noqa: PLC0415

    try:
        return checked_settings()
    except SettingsUnusable as error:
        _stop(str(error))


def _print(text: str) -> None:
    print(text)  # noqa: T201 -- a command's answer


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _stop(text: str) -> NoReturn:
    _say(f"aspects: {text}")
    raise typer.Exit(_UNUSABLE)

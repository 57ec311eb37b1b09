"""The commands ``aspects dicom write`` and ``aspects dicom send``. What they need is imported when they run."""

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

if TYPE_CHECKING:
    from app.interop.dicom_out.outcomes import Sent
    from app.settings.settings import Settings

dicom_app = typer.Typer(help="Results as DICOM objects.", no_args_is_help=True, rich_markup_mode=None)

_SOME_FAILED = 1
_UNUSABLE = 2


@dicom_app.command()
def write(
    scan: Annotated[Path, typer.Argument(help="DICOM file, folder or zip of a head CT.", exists=True)],
    out: Annotated[Path, typer.Option(help="Folder for the objects.", file_okay=False)],
    case: Annotated[Path | None, typer.Option(help="A triage request; its answer goes on the report page.")] = None,
    segments: Annotated[str, typer.Option(help="Regions to outline: affected or all.")] = "affected",
) -> None:
    """Read a scan and write report, picture, segmentation and page. A refused scan gets a report of the refusal."""
    which: Literal["affected", "all"] | None = {"affected": "affected", "all": "all"}.get(segments)  # type: ignore[assignment]
    if which is None:
        _stop("--segments: affected or all.")
    settings = _settings()
    try:
        from app.interop.dicom_out.writing import read_and_write  # noqa: PLC0415 -- loads only when the command runs
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extra 'dicom'.")
    from app.intake.case_file import CaseFileError  # noqa: PLC0415
    from app.interop.dicom_out.faults import DicomOutUnusable  # noqa: PLC0415

    _say(f"Reading {scan} ...")
    try:
        request = None if case is None else case.read_bytes()
        written = read_and_write(scan, out, request, datetime.now(UTC), settings.site_time_zone, which)
    except CaseFileError as error:
        _stop(f"{case}: {error}")
    except DicomOutUnusable as error:
        _stop(f"{scan}: {error}")
    except OSError as error:
        _stop(f"{error.filename or out}: {error.strerror}.")
    for path in written:
        print(path)  # noqa: T201 -- a command's answer


@dicom_app.command()
def send(
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder that dicom write has filled.", exists=True, file_okay=False)
    ],
    node: Annotated[str, typer.Option(help="Name in the file of ASPECTS_DICOM_NODES_FILE.")],
    by: Annotated[str | None, typer.Option(help="dicom-store or stow; default: as the node's entry allows.")] = None,
) -> None:
    """Send objects to an archive: one line for each, and exit code 1 if any did not arrive."""
    settings = _settings()
    try:
        from app.interop.dicom_out import sending  # noqa: PLC0415
    except ModuleNotFoundError as error:
        _stop(f"{error.name} is not installed; install the extra 'dicom'.")
    from app.interop.dicom_nodes import NodesFileError, load_nodes  # noqa: PLC0415
    from app.interop.dicom_out.faults import DicomOutUnusable  # noqa: PLC0415

    way: Any = by
    if way is not None and way not in sending.WAYS:
        _stop("--by: dicom-store or stow.")
    try:
        nodes = load_nodes(settings.dicom_nodes_file)
        if node not in nodes:
            known = ", ".join(nodes) or "none; set ASPECTS_DICOM_NODES_FILE"
            _stop(f"--node: no node of this name is known (known: {known}).")
        documents = sending.read_documents(folder)
        outcomes = sending.send(documents, nodes[node], sending.ourselves(settings), way)
    except NodesFileError as error:
        _stop(str(error))
    except DicomOutUnusable as error:
        _stop(str(error))
    for one in outcomes:
        print(_told(one))  # noqa: T201
    if not all(one.has_arrived for one in outcomes):
        raise typer.Exit(_SOME_FAILED)


def _told(one: "Sent") -> str:
    status = "" if one.status is None else f" (status 0x{one.status:04X})"
    outcome = "stored" if one.fault is None else f"{one.fault.value}{status}: {one.fault.text}"
    return f"{one.modality:4}{one.sop_instance_uid}  {outcome}"


def _settings() -> "Settings":
    from app.serving.server import SettingsUnusable, checked_settings  # noqa: PLC0415

    try:
        return checked_settings()
    except SettingsUnusable as error:
        _stop(str(error))


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201


def _stop(text: str) -> NoReturn:
    _say(f"aspects: {text}")
    raise typer.Exit(_UNUSABLE)

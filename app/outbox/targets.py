"""Reads the deliveries file: who gets which results, and by which kind of sender."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.outbox.delivery import Sender
from app.settings.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from app.outbox.dicom_parcels import ScanFiles
    from app.store.writer import Writer

EVENTS = ("result.preliminary", "result.final", "result.corrected")
"""What a target can ask for: a result that no clinician has signed, that one has signed, that replaces a signed one."""

Options = Mapping[str, Any]
SenderMaker = Callable[[Options, "Means"], Sender]


class DeliveriesUnusable(ValueError):
    """The deliveries file, or what it names, cannot be used; the message says where."""


@dataclass(frozen=True, slots=True)
class Target:
    """A receiver, ready to be sent to."""

    name: str
    kind: str
    events: frozenset[str]
    options: Options


@dataclass(frozen=True, slots=True)
class Means:
    """What senders may need besides their options."""

    settings: Settings
    engine: "Engine"
    writer: "Writer"
    files: "ScanFiles"
    slots: threading.Semaphore
    """As many as scans may be read at the same time."""


class _Named(BaseModel):
    """What every target of the file has; the rest belongs to its kind."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$")
    kind: str
    events: list[str] = Field(min_length=1)


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    targets: list[_Named]


def read_targets(file: Path | None) -> tuple[Target, ...]:
    """The targets of the deliveries file; none without a file.

    Raises
    ------
    DeliveriesUnusable
        It cannot be read, holds something else, or names a kind or an event that does not exist.
    """
    if file is None:
        return ()
    try:
        content = _File.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except OSError as error:
        raise DeliveriesUnusable(f"{file}: {error.strerror}.") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise DeliveriesUnusable(f"{file}: not YAML.") from None
    except ValidationError as error:
        raise DeliveriesUnusable(f"{file}: {_faults(error)}") from None
    names = [target.name for target in content.targets]
    for target in content.targets:
        if target.kind not in KINDS:
            raise DeliveriesUnusable(f"{file}: {target.name}: the kinds are {', '.join(KINDS)}.")
        if unknown := set(target.events) - set(EVENTS):
            raise DeliveriesUnusable(f"{file}: {target.name}: no such event: {', '.join(sorted(unknown))}.")
        if names.count(target.name) > 1:
            raise DeliveriesUnusable(f"{file}: {target.name}: named twice.")
    return tuple(
        Target(target.name, target.kind, frozenset(target.events), target.model_dump()) for target in content.targets
    )


def sender_of(target: Target, means: "Means") -> Sender:
    """The sender for a target. Raises `DeliveriesUnusable` where its options do not fit its kind."""
    try:
        return KINDS[target.kind](target.options, means)
    except ValidationError as error:
        raise DeliveriesUnusable(f"{target.name}: {_faults(error)}") from None
    except ModuleNotFoundError as error:
        raise DeliveriesUnusable(
            f"{target.name}: {error.name} is not installed; install the extra '{_EXTRAS.get(target.kind, 'hospital')}'."
        ) from None
    except (OSError, ValueError) as error:  # certificates and secrets that cannot be used
        raise DeliveriesUnusable(f"{target.name}: {error}") from None


def _webhook(options: Options, _means: "Means") -> Sender:
    from app.interop.webhooks.sender import WebhookSender  # noqa: PLC0415 -- only where such a target is configured
    from app.interop.webhooks.target import WebhookTarget  # noqa: PLC0415

    return WebhookSender(WebhookTarget.model_validate(options))


def _hl7(options: Options, _means: "Means") -> Sender:
    from app.interop.hl7.sender import Hl7Sender  # noqa: PLC0415 -- only where such a target is configured
    from app.interop.hl7.target import Hl7Target  # noqa: PLC0415

    return Hl7Sender(Hl7Target.model_validate(options))


def _dicom(options: Options, means: "Means") -> Sender:
    from app.interop.dicom_nodes import load_nodes  # noqa: PLC0415 -- only where such a target is configured
    from app.interop.dicom_out.parcel_sender import DicomSender, DicomTarget  # noqa: PLC0415
    from app.interop.dicom_out.sending import ourselves  # noqa: PLC0415
    from app.outbox.dicom_parcels import DocumentSender, read_file  # noqa: PLC0415

    nodes = load_nodes(means.settings.dicom_nodes_file)
    to_node = DicomSender(DicomTarget.model_validate(options), nodes, ourselves(means.settings), read_file)
    return DocumentSender(to_node, means.settings, means.engine, means.writer, means.files, means.slots)


KINDS: dict[str, SenderMaker] = {"webhook": _webhook, "hl7": _hl7, "dicom-store": _dicom, "stow": _dicom}
"""How a sender of each kind is made."""
_EXTRAS = {"hl7": "hl7", "dicom-store": "dicom", "stow": "dicom"}


def _faults(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())

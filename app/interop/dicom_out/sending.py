"""Sends objects to a node in the way that the node takes them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal

import pydicom
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from app.interop.dicom_nodes import Node
from app.interop.dicom_out.faults import DicomOutUnusable
from app.interop.dicom_out.identity import MODEL
from app.interop.dicom_out.outcomes import Sent
from app.interop.dicom_out.store_scu import Ourselves, store
from app.interop.dicom_out.stow import stow
from app.settings.settings import Settings

Way = Literal["dicom-store", "stow"]
WAYS: dict[Way, Callable[[Sequence[Dataset], Node, Ourselves], list[Sent]]] = {"dicom-store": store, "stow": stow}

_MOST_FILES = 100


def ourselves(settings: Settings) -> Ourselves:
    """The service as other nodes see it."""
    return Ourselves(settings.dicom_ae_title, settings.dicom_tls_certificate_file, settings.dicom_tls_key_file)


def send(documents: Sequence[Dataset], node: Node, us: Ourselves, way: Way | None = None) -> list[Sent]:
    """Send each object.

    Parameters
    ----------
    way
        ``None``: by C-STORE where the node has a host, by STOW-RS otherwise.

    Returns
    -------
    One outcome for each object, in order.

    Raises
    ------
    NodesUnusable
        The node does not take objects in this way, or a file that it names cannot be used.
    """
    chosen: Way = way or ("stow" if node.host is None else "dicom-store")
    return WAYS[chosen](documents, node, us)


def read_documents(folder: Path) -> list[Dataset]:
    """The objects of a folder that this software wrote; other DICOM files are left alone.

    Raises
    ------
    DicomOutUnusable
        The folder holds none, too many files, or one that cannot be read.
    """
    paths = sorted(path for path in folder.glob("*.dcm") if path.is_file())
    if len(paths) > _MOST_FILES:
        raise DicomOutUnusable(f"{folder}: more than {_MOST_FILES} files; give the folder that dicom write has filled.")
    documents = [document for path in paths if (document := _read(path)).get("ManufacturerModelName") == MODEL]
    if not documents:
        raise DicomOutUnusable(f"{folder}: no DICOM object that aspects dicom write has written.")
    return documents


def _read(path: Path) -> Dataset:
    try:
        return pydicom.dcmread(path)
    except (InvalidDicomError, OSError, EOFError, ValueError):
        raise DicomOutUnusable(f"{path}: cannot be read as DICOM.") from None

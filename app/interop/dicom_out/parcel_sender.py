"""Sends the DICOM objects of a delivery of the outbox to a node of the nodes file.

A delivery names its objects by their keys in the object store (``payload_ref``). Sending all of them again after a
failure is harmless: their identifiers do not change, so an archive keeps one of each.
"""

import io
from collections.abc import Callable, Sequence
from typing import Literal

import pydicom
from pydantic import BaseModel, ConfigDict, Field
from pydicom.dataset import Dataset
from pydicom.errors import InvalidDicomError

from app.interop.dicom_nodes import Nodes
from app.interop.dicom_out.faults import DicomOutUnusable, NodesUnusable
from app.interop.dicom_out.outcomes import Sent
from app.interop.dicom_out.sending import send
from app.interop.dicom_out.store_scu import Ourselves
from app.outbox.delivery import Parcel, Undelivered

Fetch = Callable[[str], bytes]
"""The content of a key of the object store. Raises LookupError for what is not there, OSError where it fails."""


class DicomTarget(BaseModel):
    """An archive in the deliveries file, checked."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)

    kind: Literal["dicom-store", "stow"]
    name: str
    events: tuple[str, ...] = Field(min_length=1)
    node: str
    """Name of the archive in the nodes file."""


class DicomSender:
    """Sends to one node."""

    def __init__(self, target: DicomTarget, nodes: Nodes, ourselves: Ourselves, fetch: Fetch) -> None:
        """Raises NodesUnusable where the nodes file has no such node."""
        if target.node not in nodes:
            raise NodesUnusable(f"{target.name}: the nodes file has no node named {target.node}.")
        self._target, self._node = target, nodes[target.node]
        self._ourselves, self._fetch = ourselves, fetch

    def send(self, parcel: Parcel) -> None:
        """Return once every object is acknowledged. Raises Undelivered, which counts the outcomes by their names."""
        documents = self._documents(parcel)
        try:
            outcomes = send(documents, self._node, self._ourselves, self._target.kind)
        except DicomOutUnusable as error:
            raise Undelivered(str(error), again=False) from None
        failed = [one for one in outcomes if not one.has_arrived]
        if failed:
            raise Undelivered(_told(failed, len(outcomes)), again=any(one.may_be_sent_again for one in failed))

    def _documents(self, parcel: Parcel) -> list[Dataset]:
        if not parcel.payload_ref:
            raise Undelivered("No DICOM objects were kept for this result.", again=False)
        try:
            return [pydicom.dcmread(io.BytesIO(self._fetch(key))) for key in parcel.payload_ref]
        except LookupError:
            raise Undelivered("The result's DICOM objects are kept no longer.", again=False) from None
        except (InvalidDicomError, ValueError, EOFError):
            raise Undelivered("The result's DICOM objects are damaged.", again=False) from None
        except OSError as error:
            raise Undelivered(f"The object store could not be read ({type(error).__name__}).") from None


def _told(failed: Sequence[Sent], total: int) -> str:
    outcomes = ", ".join(f"{one.modality} {one.fault}" for one in failed)
    return f"{len(failed)} of {total} objects did not arrive: {outcomes}."

"""How sending one object ended, in words of our own: no text of the receiver, no patient data."""

from dataclasses import dataclass
from enum import StrEnum

from pydicom.dataset import Dataset

AGAIN_HELPS = frozenset({"UNREACHABLE", "TIMED_OUT", "OUT_OF_RESOURCES", "BROKEN_OFF", "BUSY"})


class SendFault(StrEnum):
    """Why an object did not arrive; the names are part of the public contract."""

    UNREACHABLE = "UNREACHABLE"
    TLS_FAILED = "TLS_FAILED"
    REJECTED = "REJECTED"
    KIND_NOT_TAKEN = "KIND_NOT_TAKEN"
    BROKEN_OFF = "BROKEN_OFF"
    TIMED_OUT = "TIMED_OUT"
    OUT_OF_RESOURCES = "OUT_OF_RESOURCES"
    NOT_ALLOWED = "NOT_ALLOWED"
    BUSY = "BUSY"
    REFUSED = "REFUSED"

    @property
    def text(self) -> str:
        """One sentence."""
        return _SENTENCES[self]


_SENTENCES = {
    SendFault.UNREACHABLE: "The node cannot be reached at its host and port.",
    SendFault.TLS_FAILED: "No TLS could be agreed with the node, or its certificate is not trusted.",
    SendFault.REJECTED: "The node rejected the association; it may not know this AE title.",
    SendFault.KIND_NOT_TAKEN: "The node does not take this kind of object.",
    SendFault.BROKEN_OFF: "The node broke off the association.",
    SendFault.TIMED_OUT: "The node did not answer in time.",
    SendFault.OUT_OF_RESOURCES: "The node has no room for the object.",
    SendFault.NOT_ALLOWED: "The node wants other credentials.",
    SendFault.BUSY: "The node is busy or has a fault of its own.",
    SendFault.REFUSED: "The node refused the object.",
}


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome for one object."""

    sop_class_uid: str
    sop_instance_uid: str
    modality: str
    fault: SendFault | None = None
    """``None``: the receiver acknowledged it."""
    status: int | None = None
    """The receiver's own: a DIMSE status (PS3.4 B.2.3), a failure reason of STOW-RS, or an HTTP status."""

    @property
    def has_arrived(self) -> bool:
        return self.fault is None

    @property
    def may_be_sent_again(self) -> bool:
        """Whether time may cure what went wrong."""
        return self.fault is not None and self.fault.value in AGAIN_HELPS

    @classmethod
    def of(cls, document: Dataset, fault: SendFault | None, status: int | None = None) -> "Sent":
        """The outcome for a document."""
        return cls(str(document.SOPClassUID), str(document.SOPInstanceUID), str(document.Modality), fault, status)


def fault_of_status(status: int) -> SendFault | None:
    """What a status of C-STORE or a failure reason of STOW-RS means; ``None``: stored, warnings included (0xB000)."""
    if status == 0 or status & 0xF000 == 0xB000:  # noqa: PLR2004 -- classes of PS3.4 B.2.3
        return None
    if status & 0xFF00 == 0xA700:  # noqa: PLR2004
        return SendFault.OUT_OF_RESOURCES
    return SendFault.KIND_NOT_TAKEN if status == 0x0122 else SendFault.REFUSED  # noqa: PLR2004 -- PS3.7 C.5.6

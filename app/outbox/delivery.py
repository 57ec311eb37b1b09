"""The words of the outbox: what is to be delivered, by what kind of sender, and how a delivery fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol


class State(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    """To be sent, for the first time or again."""
    SENT = "sent"
    """The receiver acknowledged it."""
    DEAD = "dead"
    """Given up; a person must look."""
    DROPPED = "dropped"
    """A person decided that it need not be sent."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something to deliver; written in the transaction of the change that it tells of."""

    kind: str
    """Which sender: ``webhook``, ``hl7``, ``dicom-store``, ``stow``."""
    target: str
    """Name of the receiver in the deliveries file."""
    event: str
    """What happened, such as ``reading.preliminary``."""
    subject: str
    """What it happened to, as in the audit trail: ``job/…`` or ``case/…``."""
    idempotency_key: str
    """A second delivery with the same key to the same target is not queued."""
    payload: Mapping[str, Any] = field(default_factory=dict)
    """What the sender needs, small; large things lie in the object store and are named by ``payload_ref``."""
    payload_ref: tuple[str, ...] = ()
    """Keys of the object store."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """A delivery on its way: what a sender gets."""

    id: str
    """20 characters, the same at every attempt: receivers tell a repeat by it."""
    kind: str
    target: str
    event: str
    subject: str
    payload: Mapping[str, Any]
    payload_ref: tuple[str, ...]
    attempt: int
    """1 for the first."""
    created_at: str
    """ISO 8601 with zone."""


class Undelivered(Exception):
    """The receiver did not take the delivery."""

    def __init__(self, reason: str, *, again: bool = True, after_seconds: float | None = None) -> None:
        """State why.

        Parameters
        ----------
        reason
            Words of our own for status pages and the audit trail: no text of the receiver, no patient data.
        again
            ``False``: repeating cannot help; the delivery is given up at once.
        after_seconds
            How long the receiver wants to be left alone, in seconds; ``None``: it did not say.
        """
        super().__init__(reason)
        self.reason = reason
        self.again = again
        self.after_seconds = after_seconds


class Sender(Protocol):
    """Brings parcels to one target."""

    def send(self, parcel: Parcel) -> None:
        """Return once the receiver has acknowledged; raise `Undelivered` otherwise. Blocks, within own time limits."""

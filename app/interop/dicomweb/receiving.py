"""Lays the objects of a multipart body into the spool, each judged by its header before it counts."""

import threading
from dataclasses import dataclass, replace

from app.interop.dicom_in.reasons import Aside
from app.interop.dicom_in.sorting import sort_object
from app.interop.dicom_in.spool import Delivery, Incoming, Spool, SpoolFull
from app.interop.dicomweb.store_answer import OUT_OF_RESOURCES, StoreAnswer, failure_of

_LOOKED_AT_AT_ONCE = threading.Semaphore(2)
"""Headers take memory while they are looked at, however many senders there are."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What the objects of one body share."""

    spool: Spool
    delivery: Delivery
    answer: StoreAnswer
    study_uid: str | None
    object_limit_bytes: int

    def open(self) -> "ReceivedObject":
        """The place for the next object."""
        return ReceivedObject(self)


class ReceivedObject:
    """One object on its way to the spool; whatever is wrong with it, the body goes on."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._incoming: Incoming | None = None
        try:
            self._incoming = desk.spool.open(desk.delivery)
        except SpoolFull:
            desk.answer.add_failed(None, OUT_OF_RESOURCES)

    def write(self, data: memoryview) -> None:
        incoming = self._incoming
        if incoming is None:
            return
        if incoming.size_bytes + len(data) > self._desk.object_limit_bytes:
            self.drop()
            self._desk.answer.add_failed(None, OUT_OF_RESOURCES)
            return
        try:
            incoming.write(data)
        except SpoolFull:
            self._incoming = None
            self._desk.answer.add_failed(None, OUT_OF_RESOURCES)

    def end(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is None:
            return
        try:
            self._settle(incoming)
        except SpoolFull:
            self._desk.answer.add_failed(None, OUT_OF_RESOURCES)

    def drop(self) -> None:
        incoming, self._incoming = self._incoming, None
        if incoming is not None:
            incoming.drop()

    def _settle(self, incoming: Incoming) -> None:
        desk = self._desk
        incoming.clean_preamble()
        with _LOOKED_AT_AT_ONCE:
            found = sort_object(incoming.path)
        if desk.study_uid not in {None, found.study_uid} and failure_of(found) is None:
            found = replace(found, aside=Aside.OTHER_STUDY)
        reason = failure_of(found)
        if reason is None:
            incoming.finish()
            desk.answer.add_stored(found)
        else:
            incoming.drop()
            desk.answer.add_failed(found, reason)

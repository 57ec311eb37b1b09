"""A delivery of the outbox arrives whole, or fails with a reason and a word on whether to try again."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pynetdicom import AE, evt

from app.interop.dicom_nodes import Node, Nodes
from app.interop.dicom_out.faults import NodesUnusable
from app.interop.dicom_out.parcel_sender import DicomSender, DicomTarget
from app.interop.dicom_out.store_scu import Ourselves
from app.outbox.delivery import Parcel, Undelivered
from tests.app.interop.dicom_out.conftest import Made
from tests.app.interop.dicom_out.made import as_bytes

TARGET = DicomTarget(kind="dicom-store", name="archive", events=("result.preliminary",), node="pacs")
US = Ourselves("ASPECTS", connect_seconds=5, answer_seconds=10)


def parcel(*keys: str) -> Parcel:
    return Parcel(
        "0" * 20, "dicom-store", "archive", "result.preliminary", "job/1", {}, keys, 1, "2026-03-14T09:50:30Z"
    )


@contextmanager
def listening(made: Made, statuses: dict[str, int]) -> Iterator[tuple[int, list[str]]]:
    """An archive that answers each kind of object with a status; its port, and what it got."""
    got: list[str] = []
    entity = AE(ae_title="PACS")
    for one in made.documents.values():
        entity.add_supported_context(one.SOPClassUID)

    def take(event: evt.Event) -> int:
        got.append(event.dataset.Modality)
        return statuses.get(event.dataset.Modality, 0)

    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    try:
        yield server.socket.getsockname()[1], got
    finally:
        server.shutdown()


def sender(made: Made, port: int) -> DicomSender:
    content = {kind: as_bytes(one) for kind, one in made.documents.items()}
    nodes = Nodes({"pacs": Node(ae_title="PACS", host="127.0.0.1", port=port)})
    return DicomSender(TARGET, nodes, US, content.__getitem__)


def test_every_object_of_a_delivery_arrives(made: Made) -> None:
    with listening(made, {}) as (port, got):
        sender(made, port).send(parcel("SR", "OT", "SEG", "DOC"))
    assert got == ["SR", "OT", "SEG", "DOC"]


@pytest.mark.parametrize(("status", "again"), [(0xA700, True), (0xC000, False)])
def test_a_failed_object_fails_the_delivery_by_name(made: Made, status: int, again: bool) -> None:
    with listening(made, {"OT": status}) as (port, got), pytest.raises(Undelivered) as failed:
        sender(made, port).send(parcel("SR", "OT", "DOC"))
    assert failed.value.again is again
    assert failed.value.reason.startswith("1 of 3 objects did not arrive: OT ")
    assert "SYNTHETIC" not in failed.value.reason
    assert got == ["SR", "OT", "DOC"], "the others are sent all the same"


def test_what_cannot_be_cured_is_not_tried_again(made: Made) -> None:
    for keys, said in (((), "No DICOM objects"), (("gone",), "kept no longer")):
        with pytest.raises(Undelivered, match=said) as failed:
            sender(made, 1).send(parcel(*keys))
        assert failed.value.again is False


def test_an_unknown_node_is_told_when_the_sender_is_made(made: Made) -> None:
    with pytest.raises(NodesUnusable, match="no node named pacs"):
        DicomSender(TARGET, Nodes({}), US, dict[str, bytes]().__getitem__)

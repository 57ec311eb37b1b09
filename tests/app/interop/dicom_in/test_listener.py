"""The storage service: whom it takes objects from, what it says, and what it survives."""

import errno
import os
import socket
import struct
from collections import namedtuple
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.uid import UID

from app.interop.dicom_in.memory_budget import BoundedBuffer, MemoryBudget
from app.interop.dicom_nodes import Node, Nodes
from tests.app.interop.dicom_in.listening import eventually, is_closed, listening
from tests.imaging.dicom_files import series

# The library's own client leaves its socket open where the other side was first to close.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def test_an_object_is_on_the_disk_unchanged_when_its_sender_hears_success(tmp_path: Path) -> None:
    with listening(tmp_path) as service:
        association = service.associate()
        for one in series():
            assert association.send_c_store(one).Status == 0x0000
            assert len(list(service.spool.arrivals())) == one.InstanceNumber
        (delivery,) = {arrival.delivery for arrival in service.spool.arrivals()}
        assert (delivery.source, delivery.via) == ("SCANNER", "c-store")
        assert service.spool.may_bring_more({delivery.token})
        association.release()
        assert eventually(lambda: not service.spool._is_open(delivery.token))
        first = pydicom.dcmread(next(service.spool.arrivals()).path)
    assert first == series()[0] or first.PixelData == series()[0].PixelData
    assert first.file_meta.SourceApplicationEntityTitle == "SCANNER"
    assert first.preamble == b"\0" * 128


def test_an_association_that_breaks_off_ends_its_delivery(tmp_path: Path) -> None:
    with listening(tmp_path) as service:
        association = service.associate()
        association.send_c_store(series()[0])
        (arrival,) = service.spool.arrivals()
        association.abort()
        assert eventually(lambda: not service.spool._is_open(arrival.delivery.token))


def test_a_wrong_called_title_and_an_unknown_sender_get_no_association(tmp_path: Path) -> None:
    nodes = Nodes(
        {"ct": Node(ae_title="CT1", addresses="127.0.0.0/8"), "far": Node(ae_title="CT2", addresses="10.1.2.3")}
    )
    with listening(tmp_path, nodes) as service:
        assert service.associate(calling="CT1").is_established
        for called, calling in (("OTHER", "CT1"), ("ASPECTS", "CT2"), ("ASPECTS", "SCANNER")):
            assert service.associate(called, calling).is_rejected


def test_an_address_from_which_nobody_may_send_is_not_heard(tmp_path: Path) -> None:
    with listening(tmp_path, Nodes({"far": Node(ae_title="CT2", addresses="10.0.0.0/8")})) as service:
        assert eventually(lambda: is_closed(service.connect()))
        assert not service.associate(calling="CT2").is_established


def test_silent_connections_keep_nobody_out_and_are_ended(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_associations_limit=2, dicom_acse_timeout_seconds=1.0) as service:
        silent = [service.connect() for _ in range(15)]
        assert service.answers()
        assert eventually(lambda: all(map(is_closed, silent)))
        assert service.answers()


def test_of_a_flood_of_connections_the_oldest_go_and_the_newcomer_is_heard(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_acse_timeout_seconds=60.0) as service:
        flood = [service.connect() for _ in range(80)]
        assert service.answers()
        assert eventually(lambda: sum(map(is_closed, flood)) >= 80 - 32)
        for connection in flood:
            connection.close()


def test_one_association_too_many_is_rejected_and_the_others_go_on(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_associations_limit=2) as service:
        first, second, third = (service.associate() for _ in range(3))
        assert first.is_established
        assert second.is_established
        assert third.is_rejected
        first.release()
        assert eventually(service.answers)
        assert second.send_c_store(series()[0]).Status == 0x0000


@pytest.mark.parametrize("length", [0x7FFFFFFF, 0xFFFFFFFF, 2**20 + 1])
def test_a_pdu_that_claims_gigabytes_ends_its_connection_before_it_is_read(tmp_path: Path, length: int) -> None:
    with listening(tmp_path) as service:
        connection = service.connect()
        connection.sendall(struct.pack(">BBL", 1, 0, length))
        sent = 0
        try:
            for _ in range(3000):
                connection.sendall(bytes(100_000))
                sent += 100_000
        except OSError:
            pass
        assert sent < 50_000_000, "it went on reading"
        assert service.answers()


@pytest.mark.parametrize(
    "garbage",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        os.urandom(4000),
        struct.pack(">BBL", 1, 0, 68) + b"\0\1" + b"\xff" * 66,
        struct.pack(">BBL", 1, 0, 100)
        + b"\0\1\0\0"
        + b"ASPECTS".ljust(16)
        + b"X" * 40
        + b"\x10\0\xff\xff"
        + b"\x21\0\xff\xff" * 9,
        struct.pack(">BBL", 4, 0, 10) + b"\0" * 10,
        struct.pack(">BBL", 9, 0, 0),
    ],
)
def test_garbage_ends_its_own_connection_and_nothing_else(tmp_path: Path, garbage: bytes) -> None:
    with listening(tmp_path, dicom_acse_timeout_seconds=1.0) as service:
        connection = service.connect()
        connection.sendall(garbage)
        assert eventually(lambda: is_closed(connection))
        assert service.answers()


def test_half_a_pdu_does_not_hold_a_connection_for_ever(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_acse_timeout_seconds=1.0) as service:
        connection = service.connect()
        connection.sendall(struct.pack(">BBL", 1, 0, 200) + b"\0\1")
        assert eventually(lambda: is_closed(connection))


def test_a_peer_that_trickles_bytes_is_ended_too(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_acse_timeout_seconds=1.0) as service:
        connection = service.connect()
        connection.sendall(struct.pack(">BBL", 1, 0, 60_000))

        def trickled_out() -> bool:
            try:
                connection.sendall(b"\0")
            except OSError:
                return True
            return is_closed(connection)

        assert eventually(trickled_out)


def test_an_open_association_that_falls_silent_is_ended(tmp_path: Path) -> None:
    with listening(tmp_path, dicom_timeout_seconds=1.0) as service:
        association = service.associate()
        assert association.is_established
        assert eventually(lambda: not association.is_established)


def test_an_object_beyond_the_limit_is_refused_and_the_association_goes_on(tmp_path: Path) -> None:
    large = series()[0]
    large.PixelData = bytes(3 * 2**20)
    with listening(tmp_path, dicom_object_limit_bytes=2**20) as service:
        association = service.associate()
        assert association.send_c_store(large).Status == 0xA700
        assert association.send_c_store(series()[0]).Status == 0x0000
        association.release()
        assert len(list(service.spool.arrivals())) == 1


@pytest.mark.parametrize("uid", ["../../../etc/passwd", "1.2.3/../../x", "1" * 65])
def test_a_uid_that_is_none_is_refused_and_reaches_no_path(tmp_path: Path, uid: str) -> None:
    odd = series()[0]
    with listening(tmp_path) as service:
        association = service.associate()
        odd.SOPInstanceUID = UID(uid)
        try:
            status = association.send_c_store(odd)
        except ValueError:
            return  # the sender's own library would not send it
        assert status.get("Status", 0xC000) == 0xC000
        assert list(service.spool.arrivals()) == []
    assert {path.name for path in tmp_path.iterdir()} == {"incoming", "arrived", "deliveries"}


def test_a_full_disk_is_told_to_the_sender_and_leaves_nothing_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")  # noqa: PYI024 -- as shutil's own
    with listening(tmp_path) as service:
        association = service.associate()
        service.spool._free_bytes = 1000
        monkeypatch.setattr("shutil.disk_usage", lambda _path: usage(10, 10, 500))
        assert association.send_c_store(series()[0]).Status == 0xA700
        monkeypatch.undo()

        def no_space(_descriptor: int) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        monkeypatch.setattr("os.fsync", no_space)
        assert association.send_c_store(series()[0]).Status == 0xA700
        monkeypatch.undo()
        assert list((tmp_path / "incoming").iterdir()) == []
        assert association.send_c_store(series()[0]).Status == 0x0000
        assert len(list(service.spool.arrivals())) == 1


def test_memory_for_objects_under_way_is_shared_and_given_back() -> None:
    budget = MemoryBudget(object_bytes=100, all_bytes=150)
    first, second = BoundedBuffer(budget), BoundedBuffer(budget)
    first.write(bytes(90))
    second.write(bytes(90))
    assert not first.is_over_budget
    assert second.is_over_budget
    assert second.getvalue() == b""
    first.write(bytes(20))
    assert first.is_too_large
    assert first.write(bytes(10**6)) == 10**6, "counted, not kept"
    third = BoundedBuffer(budget)
    third.write(bytes(100))
    assert not third.is_over_budget, "what the others held is free again"
    del third
    fourth = BoundedBuffer(budget)
    fourth.write(bytes(100))
    assert not fourth.is_over_budget


def test_logs_hold_nothing_of_the_objects(tmp_path: Path, caplog: Any) -> None:
    one = series(PatientName="SECRET^NAME")[0]
    caplog.set_level(0)
    with listening(tmp_path, dicom_object_limit_bytes=2**20) as service:
        association = service.associate()
        association.send_c_store(one)
        association.release()
        service.associate(called="OTHER")
        connection: socket.socket = service.connect()
        connection.sendall(b"SECRET" * 100)
        assert eventually(lambda: is_closed(connection))
    told = "".join(record.getMessage() for record in caplog.records if not record.name.startswith("pynetdicom"))
    assert "SECRET" not in told
    assert str(one.SOPInstanceUID) not in told

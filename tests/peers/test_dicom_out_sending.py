"""Objects land in real archives, by C-STORE and by STOW-RS, and come back from them as they were."""

import io
import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pydicom
import pytest
from dicomweb_client.api import DICOMwebClient
from pydicom.dataset import Dataset
from pynetdicom import AE, build_role, evt

from app.interop.dicom_nodes import Node
from app.interop.dicom_out.faults import NodesUnusable
from app.interop.dicom_out.outcomes import SendFault
from app.interop.dicom_out.sending import send
from app.interop.dicom_out.store_scu import Ourselves
from tests.app.interop.dicom_out.made import as_bytes, documents, scored
from tests.imaging.dicom_files import series
from tests.peers.orthanc import AE_TITLE, OUR_AE_TITLE, Orthanc, free_port, missing_program

pytestmark = pytest.mark.peers

US = Ourselves(OUR_AE_TITLE, connect_seconds=5, answer_seconds=20)
KINDS = {"SR", "OT", "SEG", "DOC"}
IMAGE_ROOT_GET = "1.2.840.10008.5.1.4.1.2.2.3"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> list[Dataset]:
    """The four objects of a scored reading."""
    made = documents(*scored(tmp_path_factory.mktemp("scan"), series()))
    assert set(made) == KINDS
    return [pydicom.dcmread(io.BytesIO(as_bytes(one))) for one in made.values()]


def archive(orthanc: Orthanc, **changes: Any) -> Node:
    by_dicom = {"ae_title": AE_TITLE, "host": "127.0.0.1", "port": orthanc.dicom_port}
    return Node(**by_dicom | {"dicomweb_url": orthanc.dicomweb_url} | changes)


def empty(orthanc: Orthanc) -> None:
    """Take earlier objects out of the archive."""
    for instance in orthanc.get("/instances"):
        orthanc.delete(f"/instances/{instance}")


def assert_alike(one: Dataset, other: Dataset) -> None:
    assert one.to_json_dict() == other.to_json_dict()


def kept_by(orthanc: Orthanc) -> dict[str, Dataset]:
    """What the archive holds, by SOP Instance UID."""
    files = [orthanc.content(f"/instances/{instance}/file") for instance in orthanc.get("/instances")]
    read = [pydicom.dcmread(io.BytesIO(file)) for file in files]
    return {one.SOPInstanceUID: one for one in read}


@pytest.mark.parametrize("way", ["dicom-store", "stow"])
def test_all_four_objects_land_and_come_back_as_they_were(orthanc: Orthanc, results: list[Dataset], way: Any) -> None:
    empty(orthanc)
    outcomes = send(results, archive(orthanc), US, way)
    kept = kept_by(orthanc)

    assert [one.has_arrived for one in outcomes] == [True] * 4
    assert set(kept) == {one.SOPInstanceUID for one in results}
    for one in results:
        assert_alike(kept[one.SOPInstanceUID], one)


def test_sending_the_same_again_adds_nothing(orthanc: Orthanc, results: list[Dataset]) -> None:
    empty(orthanc)
    for way in ("dicom-store", "stow"):
        assert all(one.has_arrived for one in send(results, archive(orthanc), US, way))
    assert len(orthanc.get("/instances")) == 4


def test_they_are_found_and_fetched_by_dicomweb(orthanc: Orthanc, results: list[Dataset]) -> None:
    empty(orthanc)
    send(results, archive(orthanc), US, "stow")
    client = DICOMwebClient(orthanc.dicomweb_url)
    study = results[0].StudyInstanceUID

    found = [Dataset.from_json(one) for one in client.search_for_series(study)]
    assert {one.Modality for one in found} == KINDS
    fetched = {one.SOPInstanceUID: one for one in client.retrieve_study(study)}
    for one in results:
        assert_alike(fetched[one.SOPInstanceUID], one)


def test_they_are_fetched_by_c_get(orthanc: Orthanc, results: list[Dataset]) -> None:
    empty(orthanc)
    send(results, archive(orthanc), US, "dicom-store")
    fetched: dict[str, Dataset] = {}

    def take(event: evt.Event) -> int:
        taken = event.dataset
        taken.file_meta = event.file_meta
        fetched[taken.SOPInstanceUID] = taken
        return 0x0000

    entity = AE(ae_title=OUR_AE_TITLE)
    entity.add_requested_context(IMAGE_ROOT_GET)
    for one in results:
        entity.add_requested_context(one.SOPClassUID, one.file_meta.TransferSyntaxUID)
    wanted = Dataset()
    wanted.QueryRetrieveLevel, wanted.StudyInstanceUID = "STUDY", results[0].StudyInstanceUID
    association = entity.associate(
        "127.0.0.1",
        orthanc.dicom_port,
        ae_title=AE_TITLE,
        ext_neg=[build_role(one.SOPClassUID, scp_role=True) for one in results],
        evt_handlers=[(evt.EVT_C_STORE, take)],
    )
    assert association.is_established
    statuses = [status.Status for status, _ in association.send_c_get(wanted, IMAGE_ROOT_GET)]
    association.release()

    assert statuses[-1] == 0x0000
    for one in results:
        assert_alike(fetched[one.SOPInstanceUID], one)


def test_an_archive_that_does_not_know_us_rejects_us(orthanc: Orthanc, results: list[Dataset]) -> None:
    stranger = Ourselves("STRANGER", connect_seconds=5, answer_seconds=5)
    outcomes = send(results, archive(orthanc), stranger, "dicom-store")
    assert {one.fault for one in outcomes} <= {SendFault.REJECTED, SendFault.KIND_NOT_TAKEN, SendFault.BROKEN_OFF}
    assert len(outcomes) == 4


def test_a_wrong_called_title_is_rejected(orthanc: Orthanc, results: list[Dataset]) -> None:
    outcomes = send(results, archive(orthanc, ae_title="NOBODY"), US, "dicom-store")
    assert [one.fault for one in outcomes] == [SendFault.REJECTED] * 4


@pytest.mark.parametrize("way", ["dicom-store", "stow"])
def test_a_node_that_is_down_is_unreachable_and_may_be_tried_again(results: list[Dataset], way: Any) -> None:
    port = free_port()
    node = Node(ae_title="DOWN", host="127.0.0.1", port=port, dicomweb_url=f"http://127.0.0.1:{port}/dicom-web")
    outcomes = send(results, node, US, way)
    assert [(one.fault, one.may_be_sent_again) for one in outcomes] == [(SendFault.UNREACHABLE, True)] * 4


@contextmanager
def deaf_listener() -> Iterator[int]:
    """A port that takes connections and says nothing."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


@pytest.mark.parametrize("way", ["dicom-store", "stow"])
def test_a_node_that_says_nothing_times_out(results: list[Dataset], way: Any) -> None:
    impatient = Ourselves(OUR_AE_TITLE, connect_seconds=0.5, answer_seconds=0.5)
    with deaf_listener() as port:
        node = Node(ae_title="DEAF", host="127.0.0.1", port=port, dicomweb_url=f"http://127.0.0.1:{port}/")
        outcomes = send(results[:1], node, impatient, way)
    assert [one.fault for one in outcomes] == [SendFault.TIMED_OUT]


def test_a_kind_that_a_node_does_not_take_is_named_and_the_others_arrive(results: list[Dataset]) -> None:
    taken: list[str] = []
    entity = AE(ae_title="PICKY")
    for one in results:
        if one.Modality != "SEG":
            entity.add_supported_context(one.SOPClassUID)

    def take(event: evt.Event) -> int:
        taken.append(event.dataset.Modality)
        return 0xA700 if event.dataset.Modality == "OT" else 0xB000

    server = entity.start_server(("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_C_STORE, take)])
    try:
        node = Node(ae_title="PICKY", host="127.0.0.1", port=server.socket.getsockname()[1])
        outcomes = {one.modality: one for one in send(results, node, US)}
    finally:
        server.shutdown()

    assert set(taken) == KINDS - {"SEG"}
    assert outcomes["SEG"].fault is SendFault.KIND_NOT_TAKEN
    assert (outcomes["OT"].fault, outcomes["OT"].status) == (SendFault.OUT_OF_RESOURCES, 0xA700)
    assert outcomes["SR"].has_arrived, "a warning status means stored"
    assert outcomes["SR"].status == 0xB000


@contextmanager
def storescp(folder: Path, *options: str) -> Iterator[int]:
    """DCMTK's receiver, which takes what it is sent and writes it to a folder."""
    program = shutil.which("storescp", path="/usr/bin")
    if program is None:
        missing_program("DCMTK's storescp")
    port = free_port()
    folder.mkdir()
    process = subprocess.Popen([str(program), "-od", str(folder), "-pm", *options, str(port)])
    try:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait()


def test_dcmtk_takes_all_four(results: list[Dataset], tmp_path: Path) -> None:
    with storescp(tmp_path / "got") as port:
        outcomes = send(results, Node(ae_title="STORESCP", host="127.0.0.1", port=port), US)
    assert all(one.has_arrived for one in outcomes)
    got = {one.SOPInstanceUID: one for one in map(pydicom.dcmread, (tmp_path / "got").iterdir())}
    for one in results:
        assert_alike(got[one.SOPInstanceUID], one)


def certificate(folder: Path, name: str) -> tuple[Path, Path]:
    """A self-signed certificate for this machine, and its key."""
    program = shutil.which("openssl")
    if program is None:
        missing_program("openssl")
    made, key = folder / f"{name}.pem", folder / f"{name}.key"
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    kind = ["-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", str(key), "-out", str(made)]
    subprocess.run([str(program), "req", "-x509", *kind, *names], check=True, capture_output=True)
    return made, key


def test_tls_with_certificates_of_both_sides(results: list[Dataset], tmp_path: Path) -> None:
    theirs, their_key = certificate(tmp_path, "node")
    ours, our_key = certificate(tmp_path, "us")
    options = ["+tls", str(their_key), str(theirs), "+cf", str(ours)]
    with storescp(tmp_path / "got", *options) as port:
        node = Node(ae_title="SECURE", host="127.0.0.1", port=port, tls=True, tls_ca_file=theirs)
        known = Ourselves(OUR_AE_TITLE, ours, our_key, 5, 20)
        assert all(one.has_arrived for one in send(results[:1], node, known))
        distrusted = node.model_copy(update={"tls_ca_file": ours})
        assert [one.fault for one in send(results[:1], distrusted, known)] == [SendFault.TLS_FAILED]
        nameless = send(results[:1], node, US)
        assert not nameless[0].has_arrived, "a node that asks for a certificate gets none"
    assert len(list((tmp_path / "got").iterdir())) == 1


def test_a_secret_does_not_go_over_the_network_in_the_clear(results: list[Dataset], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-secret\n")
    node = Node(ae_title="WEB", dicomweb_url="http://pacs.example.org/dicom-web", dicomweb_token_file=token)
    with pytest.raises(NodesUnusable, match="in the clear"):
        send(results, node, US)


def test_a_refused_secret_and_a_redirect_are_told_apart(results: list[Dataset], tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("a-secret\n")
    seen: list[str] = []
    for status, fault in ((b"401 Unauthorized", SendFault.NOT_ALLOWED), (b"302 Found", SendFault.REFUSED)):
        with answering(status, seen) as port:
            url = f"http://127.0.0.1:{port}/dicom-web"
            node = Node(ae_title="WEB", dicomweb_url=url, dicomweb_token_file=token)
            assert [one.fault for one in send(results[:1], node, US)] == [fault]
    assert all("authorization: bearer a-secret" in one.lower() for one in seen)
    assert len(seen) == 2, "neither is asked again"


@contextmanager
def answering(status: bytes, seen: list[str]) -> Iterator[int]:
    """A web server that reads a request and gives one answer."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                head, _, body = connection.recv(65536).partition(b"\r\n\r\n")
                seen.append(head.decode())
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                while len(body) < length and (more := connection.recv(65536)):
                    body += more
                place = b"http://127.0.0.1:1/elsewhere"
                connection.sendall(b"HTTP/1.1 " + status + b"\r\nLocation: " + place + b"\r\nContent-Length: 0\r\n\r\n")

        thread = threading.Thread(target=serve)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(20)


def test_a_node_without_the_way_that_is_asked_for_is_an_error(results: list[Dataset]) -> None:
    with pytest.raises(NodesUnusable, match="dicomweb_url"):
        send(results, Node(ae_title="A", host="127.0.0.1", port=104), US, "stow")
    with pytest.raises(NodesUnusable, match="host and port"):
        send(results, Node(ae_title="A", dicomweb_url="http://127.0.0.1/"), US, "dicom-store")

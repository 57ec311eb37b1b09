"""Real senders and archives against the storage service, STOW-RS and the fetches: DCMTK and Orthanc."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydicom.uid import SecondaryCaptureImageStorage

from app.hospital import open_hospital
from app.interop.dicom_in import catalogue
from app.interop.dicom_in.parts import assembler_of, spool_of
from app.interop.dicom_in.pull import Way, pull_study
from app.interop.dicom_in.pull_faults import PullFailed
from app.interop.dicom_nodes import Node
from app.settings.settings import Settings
from app.store.database import open_database
from tests.app.access.test_hospital_server import serving
from tests.app.queue.desk import until
from tests.imaging.dicom_files import series, write
from tests.peers.orthanc import AE_TITLE, Orthanc, free_port, missing_program, running_orthanc

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]
STUDY = "1.2.826.0.1.3680043.8.498.1"
STORESCU = "/usr/bin/storescu"
ECHOSCU = "/usr/bin/echoscu"
WHOLE = tuple(range(0, 125, 5))


@dataclass
class Listening:
    """``aspects dicom-listen`` in a process of its own."""

    settings: Settings
    port: int

    def studies(self) -> list[dict[str, Any]]:
        engine = open_database(self.settings)
        try:
            with engine.connect() as connection:
                return catalogue.list_studies(connection, 10)
        finally:
            engine.dispose()

    def queued(self, seconds: float = 40.0) -> dict[str, Any]:
        """The first study whose scan is in the queue."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for study in self.studies():
                if study["state"] == "queued":
                    return study
            time.sleep(0.2)
        pytest.fail(f"no study was queued: {self.studies()}")


@contextmanager
def dicom_listen(folder: Path, **settings: object) -> Iterator[Listening]:
    chosen = Settings(data_dir=folder / "data", dicom_port=0, dicom_quiet_seconds=0.5, **settings)  # type: ignore[arg-type]
    told = {
        f"ASPECTS_{name.upper()}": str(getattr(chosen, name))
        for name in ("data_dir", "dicom_port", "dicom_quiet_seconds", *settings)
    }
    command = [sys.executable, "-c", "from app.cli import main; main()", "dicom-listen"]
    log = folder / "listen.log"
    with (
        log.open("wb") as stream,
        subprocess.Popen(command, stderr=stream, env={**os.environ, **told}, cwd=ROOT) as process,
    ):
        try:
            yield Listening(chosen, _port(log, process))
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=30) == 0


def _port(log: Path, process: subprocess.Popen[bytes]) -> int:
    for _ in range(300):
        words = log.read_text().split()
        if "associations" in words and words[-1].endswith("."):
            return int(words[-1].rstrip(".").rpartition(":")[2])
        assert process.poll() is None, log.read_text()
        time.sleep(0.1)
    pytest.fail("the storage service did not start")


def storescu(port: int, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    if not Path(STORESCU).exists():
        missing_program("DCMTK")
    command = [STORESCU, "-aec", "ASPECTS", *map(str, arguments[:-1]), "127.0.0.1", str(port), str(arguments[-1])]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def whole_study(folder: Path) -> Path:
    """A head series, a bone series of it, an overview and a picture, as an archive forwards them."""
    bone = series(WHOLE, SeriesInstanceUID="1.2.3.1", ConvolutionKernel="H70h")
    overview = series(WHOLE[:1], SeriesInstanceUID="1.2.3.2", ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    picture = series(WHOLE[:1], SeriesInstanceUID="1.2.3.3", SOPClassUID=SecondaryCaptureImageStorage)
    for number, group in enumerate((series(WHOLE), bone, overview, picture)):
        write(folder, group, prefix=f"{number}-")
    return folder


def codes(study: dict[str, Any]) -> dict[str, str]:
    return {one["series_uid"]: one["code"] for one in study["series"]}


EXPECTED = {
    "1.2.826.0.1.3680043.8.498.2": "TAKEN",
    "1.2.3.1": "BONE_KERNEL",
    "1.2.3.2": "NOT_A_SLICE",
    "1.2.3.3": "NOT_CT",
}


def test_dcmtk_sends_a_whole_study_and_its_head_series_is_queued(tmp_path: Path) -> None:
    folder = whole_study(tmp_path / "study")
    with dicom_listen(tmp_path) as service:
        result = storescu(service.port, "+sd", folder)
        assert (result.returncode, result.stderr) == (0, "")
        study = service.queued()
        assert study["study_uid"] == STUDY
        assert codes(study) == EXPECTED
        rejected = subprocess.run(
            [STORESCU, "-aec", "OTHER", "127.0.0.1", str(service.port), str(next(folder.iterdir()))],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
        assert "Called AE Title Not Recognized" in rejected.stderr


def test_only_senders_with_a_certificate_of_the_site_are_heard_over_tls(tmp_path: Path) -> None:
    if not Path(STORESCU).exists():
        missing_program("DCMTK")
    (ours, our_key), (theirs, their_key) = (_certificate(tmp_path, name) for name in ("ours", "theirs"))
    folder = write(tmp_path / "study", series(WHOLE))
    tls = {"dicom_tls_certificate_file": ours, "dicom_tls_key_file": our_key, "dicom_tls_ca_file": theirs}
    with dicom_listen(tmp_path, **tls) as service:
        silent = [socket.create_connection(("127.0.0.1", service.port)) for _ in range(3)]
        result = storescu(service.port, "+tls", their_key, theirs, "+cf", ours, "+sd", folder)
        assert (result.returncode, result.stderr) == (0, "")
        assert service.queued()["study_uid"] == STUDY
        assert storescu(service.port, "+sd", folder).returncode != 0, "without TLS"
        assert storescu(service.port, "+tla", "+cf", ours, "+sd", folder).returncode != 0, "without a certificate"
        for connection in silent:
            connection.close()


def _certificate(folder: Path, name: str) -> tuple[Path, Path]:
    certificate, key = folder / f"{name}.pem", folder / f"{name}.key"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
         "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True,
    )  # fmt: skip
    return certificate, key


def test_orthanc_sends_what_it_is_told_to(tmp_path: Path, orthanc: Orthanc) -> None:
    ids = orthanc.upload(whole_study(tmp_path / "study"))
    with dicom_listen(tmp_path) as service:
        orthanc.add_modality("triage", "ASPECTS", service.port)
        answer = orthanc.post("/modalities/triage/store", {"Resources": ids, "Synchronous": True})
        assert answer["FailedInstancesCount"] == 0
        assert codes(service.queued()) == EXPECTED


def test_orthanc_forwards_a_series_by_itself_once_it_is_stable(tmp_path: Path) -> None:
    script = tmp_path / "forward.lua"
    script.write_text("function OnStableSeries(id, tags, metadata) RestApiPost('/modalities/triage/store', id) end\n")
    with dicom_listen(tmp_path) as service:
        modalities = {"triage": ["ASPECTS", "127.0.0.1", service.port]}
        with running_orthanc(tmp_path / "orthanc", LuaScripts=[str(script)], DicomModalities=modalities) as archive:
            archive.upload(write(tmp_path / "study", series(WHOLE)))
            study = service.queued()
    assert study["objects"] == len(WHOLE)
    assert codes(study) == {"1.2.826.0.1.3680043.8.498.2": "TAKEN"}


def test_orthanc_sends_by_dicomweb(tmp_path: Path) -> None:
    with serving(tmp_path, ASPECTS_DICOM_QUIET_SECONDS="0.5") as service:
        key = service.key("ingest", "read", name="archive")
        target = {"Url": f"{service.address}/dicom-web/", "HttpHeaders": {"Authorization": key["authorization"]}}
        dicomweb = {"Enable": True, "Root": "/dicom-web/", "Servers": {"triage": target}}
        with running_orthanc(tmp_path / "orthanc", DicomWeb=dicomweb) as archive:
            ids = archive.upload(whole_study(tmp_path / "study"))
            archive.post("/dicom-web/servers/triage/stow", {"Resources": ids, "Synchronous": True})
        until(lambda: _study_at(service.address, key)["state"] == "queued", 40)
        study = _study_at(service.address, key)
    assert study["objects"] == len(ids)
    assert codes(study) == EXPECTED


def _study_at(address: str, key: dict[str, str]) -> dict[str, Any]:
    """The only study of a service."""
    (study,) = httpx.get(f"{address}/v1/studies", headers=key, timeout=60).json()["studies"]
    return dict(study)


@pytest.mark.parametrize("way", ["wado-rs", "c-get"])
def test_a_study_is_fetched_from_orthanc(tmp_path: Path, way: Way) -> None:
    modalities = {"us": {"AET": "ASPECTS", "Host": "127.0.0.1", "Port": free_port(), "AllowGet": True}}
    with running_orthanc(tmp_path / "orthanc", DicomModalities=modalities, DicomAlwaysAllowGet=True) as archive:
        archive.upload(whole_study(tmp_path / "study"))
        settings = Settings(data_dir=tmp_path / "data", dicom_quiet_seconds=0)
        node = Node(ae_title=AE_TITLE, host="127.0.0.1", port=archive.dicom_port, dicomweb_url=archive.dicomweb_url)
        pulled = pull_study(settings, tmp_path / "data", "pacs", node, STUDY, way)
    assert (pulled.stored, pulled.failed, pulled.way) == (2 * len(WHOLE) + 2, 0, way)
    assert_is_queued(settings)


def assert_is_queued(settings: Settings) -> None:
    """What was fetched becomes a study whose head series is taken."""
    assert settings.data_dir is not None
    hospital = open_hospital(settings)
    assert hospital is not None
    assembler = assembler_of(hospital)
    assembler.take_in()
    assembler.process(STUDY)
    with hospital.engine.connect() as connection:
        (study,) = catalogue.list_studies(connection, 5)
    hospital.writer.close()
    hospital.engine.dispose()
    assert study["state"] == "queued"
    assert codes(study)["1.2.826.0.1.3680043.8.498.2"] == "TAKEN"
    assert list(spool_of(settings, settings.data_dir).arrivals()) == []


def test_a_study_is_fetched_from_the_archive_of_dcmtk(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data", dicom_quiet_seconds=0)
    with dcmqrscp(tmp_path, whole_study(tmp_path / "study")) as port:
        node = Node(ae_title="QR", host="127.0.0.1", port=port)
        pulled = pull_study(settings, tmp_path / "data", "qr", node, STUDY)
        with pytest.raises(PullFailed):
            pull_study(settings, tmp_path / "data", "qr", node, "1.2.3.4")
    assert (pulled.stored, pulled.failed, pulled.way) == (2 * len(WHOLE) + 2, 0, "c-get")
    assert_is_queued(settings)


@contextmanager
def dcmqrscp(folder: Path, study: Path) -> Iterator[int]:
    """DCMTK's archive with a study in it; its port."""
    program, index = Path("/usr/bin/dcmqrscp"), "/usr/bin/dcmqridx"
    if not program.exists():
        missing_program("dcmqrscp")
    port, held = free_port(), folder / "qr"
    held.mkdir()
    (folder / "qr.cfg").write_text(
        f"NetworkTCPPort = {port}\nMaxPDUSize = 16384\nMaxAssociations = 16\n"
        "HostTable BEGIN\nHostTable END\nVendorTable BEGIN\nVendorTable END\n"
        f"AETable BEGIN\nQR {held} RW (200, 1024mb) ANY\nAETable END\n"
    )
    subprocess.run([index, str(held), *sorted(map(str, study.iterdir()))], check=True, timeout=60)
    with subprocess.Popen([str(program), "-c", str(folder / "qr.cfg")], stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(port)
            yield port
        finally:
            process.terminate()


def _wait_for(port: int) -> None:
    for _ in range(300):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail("nothing listens")

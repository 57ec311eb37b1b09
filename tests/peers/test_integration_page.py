"""docs/integration.md, followed with real programs: a study sent to Orthanc comes back by itself, and reaches the EHR.

The page's own files and addresses are used; only ports, folders and waits are the test's.
"""

import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import hl7
import httpx
import pydicom
import pytest
from pydicom.dataset import Dataset

from tests.app.interop.hl7.listener import Listener, acknowledge, listening
from tests.peers.orthanc import CERTIFICATES, Orthanc, free_port, missing_program, running_orthanc

pytestmark = pytest.mark.peers

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "integration.md").read_text()
SAMPLE = ROOT / "sample_data" / "head_ct_left_mca_dicom.zip"
STORESCU = "/usr/bin/storescu"
OWN_KINDS = {"SR", "OT", "SEG", "DOC"}
SECONDS = 240.0
"""Within which each step must come to pass; a loaded machine is slow."""
UNAFFECTED = dict.fromkeys(("C", "IC", "M1", "M2", "M3", "M4", "M5", "M6"), "unaffected")
OWN_CALLS = {"side": "left", "regions": UNAFFECTED | {"L": "affected", "I": "affected"}}
(FACTS,) = re.findall(r"-d '(\{\"case_id.*?\})'\n", PAGE)
"""What the page has the EHR send."""
(SEND,) = re.findall(r"^storescu (.+)$", PAGE, re.MULTILINE)
SCAN = "FOLDER_WITH_A_HEAD_CT"


def blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


@dataclass
class Site:
    """The three processes, the archive and the EHR's receiver, as the page sets them up."""

    folder: Path
    archive: Orthanc
    ehr: Listener
    ports: dict[int, int]
    environment: dict[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def put(self, text: str) -> str:
        """Text of the page with the folders and ports of this test."""
        for path in ("/etc/aspects", "/var/lib/aspects"):
            text = text.replace(path, str(self.folder / path.rpartition("/")[2] / path.split("/")[1]))
        for port, ours in self.ports.items():
            text = re.sub(rf"\b{port}\b", str(ours), text)
        return text

    def aspects(self, *words: str) -> str:
        """What a command prints; it must end with 0."""
        told = subprocess.run(
            [*COMMAND, *words], env=self.environment, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
        )
        assert told.returncode == 0, told.stdout + told.stderr
        return told.stdout

    def start(self, word: str) -> None:
        with (self.folder / f"{word}.log").open("wb") as log:
            self.processes.append(
                subprocess.Popen([*COMMAND, *word.split()], env=self.environment, cwd=ROOT, stdout=log, stderr=log)
            )

    def is_ready(self) -> bool:
        """Whether the service answers and the listener takes connections."""
        with suppress(httpx.TransportError), socket.socket() as probe:
            listens = probe.connect_ex(("127.0.0.1", self.ports[11112])) == 0
            return listens and httpx.get(f"{self.service}/readyz", verify=CERTIFICATES).status_code == httpx.codes.OK
        return False

    def client(self, name: str) -> httpx.Client:
        """Somebody with a key of their own, made as on the page."""
        key = self.aspects("keys", "make", name, "--scope", "read", "--scope", "triage").strip()
        return httpx.Client(base_url=self.service, headers={"authorization": f"Bearer {key}"}, timeout=60)

    @property
    def service(self) -> str:
        return f"http://127.0.0.1:{self.ports[8000]}"

    def held(self) -> dict[str, list[str]]:
        """What the archive holds of ours, by modality: its own names for them."""
        kinds = {kind: {"Level": "Instance", "Query": {"Modality": kind}} for kind in OWN_KINDS}
        found = {kind: self.archive.post("/tools/find", asked) for kind, asked in kinds.items()}
        return {kind: names for kind, names in found.items() if names}

    def objects(self) -> dict[str, list[Dataset]]:
        """The same, fetched."""
        return {kind: [self._fetched(name) for name in names] for kind, names in self.held().items()}

    def _fetched(self, name: str) -> Dataset:
        return pydicom.dcmread(io.BytesIO(self.archive.content(f"/instances/{name}/file")))

    def statuses(self) -> list[str]:
        """OBR-25 of the messages that the EHR acknowledged."""
        return [str(message.segment("OBR")[25]) for message in self.ehr.received]


COMMAND = [sys.executable, "-c", "from app.cli import main; main()"]


@contextmanager
def site(folder: Path, quiet_seconds: float = 1) -> Iterator[Site]:
    """Everything set up and running, as after step 3."""
    orthanc_json = json.loads(blocks("json")[0])
    config = folder / "aspects" / "etc"
    config.mkdir(parents=True)
    listener = free_port()
    (config / "forward.lua").write_text(blocks("lua")[0])
    settings = {name: orthanc_json[name] for name in ("DicomModalities", "LuaScripts", "DicomWeb")}
    settings["LuaScripts"] = [str(config / "forward.lua")]
    settings["DicomModalities"] = {"aspects": ["ASPECTS", "127.0.0.1", listener]}
    with (
        listening(acknowledge("AA")) as ehr,
        running_orthanc(folder / "pacs", **settings, DicomAlwaysAllowStore=True, StableAge=1) as archive,
    ):
        ports = {8042: archive.http_port, 4242: archive.dicom_port, 11112: listener, 8000: free_port(), 2575: ehr.port}
        made = Site(folder, archive, ehr, ports)
        nodes, deliveries = blocks("yaml")
        (config / "nodes.yaml").write_text(made.put(nodes))
        (config / "deliveries.yaml").write_text(made.put(deliveries))
        exports = re.findall(r"^export (ASPECTS_\w+)=(\S+)$", PAGE, re.MULTILINE)
        told = {name: made.put(value) for name, value in exports}
        ours = {"ASPECTS_DICOM_PORT": str(listener), "ASPECTS_DICOM_QUIET_SECONDS": str(quiet_seconds)}
        made.environment = {**os.environ, **told, **ours}
        for word in ("dicom-listen", "worker", f"serve --port {ports[8000]}"):
            made.start(word)
        try:
            yield made
        finally:
            for process in made.processes:
                process.send_signal(signal.SIGTERM)
            ends = [process.wait(timeout=60) for process in made.processes]
        assert ends == [0, 0, 0]


def until(holds: Callable[[], bool], made: Site, what: str) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        if time.monotonic() > deadline or any(process.poll() is not None for process in made.processes):
            logs = "".join(path.read_text()[-1500:] for path in made.folder.glob("*.log"))
            stands = f"{ {kind: len(them) for kind, them in made.held().items()} } {made.statuses()}"
            pytest.fail(f"{what}: it did not come to pass. {stands} {made.aspects('outbox', 'list')}{logs}")
        time.sleep(0.2)


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Site]:
    """A site to whose archive a study was sent."""
    if not Path(STORESCU).exists():
        missing_program("DCMTK")
    with zipfile.ZipFile(SAMPLE) as archive:
        archive.extractall(tmp_path / "scan")
    with site(tmp_path) as made:
        until(made.is_ready, made, "service and listener are ready")
        words = [str(tmp_path / "scan") if word == SCAN else word for word in made.put(SEND).split()]
        subprocess.run([STORESCU, *words], check=True, timeout=60)
        yield made


def test_a_study_that_is_sent_to_the_archive_comes_back_and_reaches_the_ehr(made: Site) -> None:
    study = comes_back_without_a_hand_on_it(made)
    with made.client("ehr") as ehr, made.client("dr-meyer") as doctor:
        is_joined_with_facts_and_signed(made, study, ehr, doctor)
    newest, *before = in_order_of_replacement(made.objects()["SR"])
    assert [one.VerificationFlag for one in (newest, *before)] == ["VERIFIED", "VERIFIED", "UNVERIFIED", "UNVERIFIED"]
    assert str(newest.VerifyingObserverSequence[0].VerifyingObserverName) == "dr-meyer"
    the_trail_tells_who_did_what(made, study)


def is_joined_with_facts_and_signed(made: Site, study: str, ehr: httpx.Client, doctor: httpx.Client) -> None:
    """Facts of the EHR, a clinician's signature, a clinician's correction: each reaches archive and EHR."""
    assert score_over_fhir(ehr, study) == ("preliminary", 7)

    told = FACTS.replace("'$STUDY'", study)
    answer = ehr.post("/v1/triage", content=told, headers={"content-type": "application/json"}).json()
    assert (answer["aspects"]["total"], answer["record"]["revision"]) == (7, 2), "the EHR's facts join the scan"
    until(lambda: made.statuses() == ["P", "P"], made, "preliminary, with facts")

    sign_off = f"/v1/cases/{study}/revisions/2/sign-off"
    assert doctor.post(sign_off, json={"decision": "confirm"}).json()["status"] == "final"
    until(lambda: made.statuses() == ["P", "P", "F"], made, "final")
    changed = {"facts": json.loads(told)["facts"], "findings": OWN_CALLS}
    edit = {"decision": "edit", "request": changed}
    assert doctor.post(sign_off, json=edit).json()["status"] == "corrected"
    until(lambda: made.statuses() == ["P", "P", "F", "C"], made, "corrected")
    assert sent_score(made.ehr.received[-1]) == "8"
    assert score_over_fhir(ehr, study) == ("corrected", 8)

    until(lambda: len(made.held()["SR"]) == 4, made, "four reports in the archive")


def comes_back_without_a_hand_on_it(made: Site) -> str:
    """Report, picture, segmentation and page in the archive, a message at the EHR; returns the study."""
    until(lambda: made.statuses() == ["P"] and set(made.held()) == OWN_KINDS, made, "preliminary")
    first = made.objects()
    (report,), (page,) = first["SR"], first["DOC"]
    assert (report.PreliminaryFlag, report.VerificationFlag) == ("PRELIMINARY", "UNVERIFIED")
    assert bytes(page.EncapsulatedDocument[:5]) == b"%PDF-"
    assert {one.StudyInstanceUID for them in first.values() for one in them} == {report.StudyInstanceUID}
    assert {one.PatientID for them in first.values() for one in them} == {"SYNTHETIC"}
    assert sent_score(made.ehr.received[0]) == "7"
    return str(report.StudyInstanceUID)


def sent_score(message: hl7.Message) -> str:
    """The total of a message."""
    (told,) = [one for one in message.segments("OBX") if str(one[3]).startswith("1290002002^")]
    return str(told[5])


def score_over_fhir(ehr: httpx.Client, study: str) -> tuple[str, int]:
    """Status of the study's only report, and the total beside it."""
    found = ehr.get(f"/fhir/DiagnosticReport?identifier={study}&_include=DiagnosticReport:result").json()
    by_kind = {entry["resource"]["resourceType"]: entry["resource"] for entry in found["entry"]}
    assert len(by_kind) == len(found["entry"]) == 2
    return by_kind["DiagnosticReport"]["status"], by_kind["Observation"]["valueInteger"]


def in_order_of_replacement(reports: list[Dataset]) -> list[Dataset]:
    """The newest report, then the one that it takes the place of, and so on to the first."""
    by_uid = {str(one.SOPInstanceUID): one for one in reports}
    before = {uid: predecessor(one) for uid, one in by_uid.items()}
    (newest,) = set(before) - set(before.values())
    order = [newest]
    while (uid := before[order[-1]]) is not None:
        order.append(uid)
    assert len(order) == len(reports)
    return [by_uid[uid] for uid in order]


def predecessor(report: Dataset) -> str | None:
    for study in report.get("PredecessorDocumentsSequence", ()):
        return str(study.ReferencedSeriesSequence[0].ReferencedSOPSequence[0].ReferencedSOPInstanceUID)
    return None


def the_trail_tells_who_did_what(made: Site, study: str) -> None:
    told = made.aspects("record", "audit", "--about", study, "--most", "1000", "--json")
    assert {(one["actor_name"], one["action"]) for one in json.loads(told)} >= {
        ("c-store/pacs", "dicom.received"), ("dicom-in", "study.queued"), ("worker worker-1", "scan.read"),
        ("dicom-in", "case.kept"), ("ehr", "case.read"), ("ehr", "case.kept"), ("dr-meyer", "case.signed_off"),
        ("worker worker-1", "delivery.attempted"),
    }  # fmt: skip
    assert "SYNTHETIC" not in told
    assert json.loads(made.aspects("record", "verify", "--json"))["whole"]

"""From a kept case to the objects that its archive gets: preliminary, edited and signed, corrected."""

import json
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydantic_core import to_json
from pydicom.dataset import Dataset
from sqlalchemy import Engine, select, update

from app.access.actor import Actor, ActorKind
from app.edits import edited
from app.intake.schemas import TriageRequest
from app.intake.site_network import NO_SITES
from app.interop.dicom_out.kept_drawing import KeptDrawing
from app.interop.dicom_out.sources import Slices
from app.outbox import delivery_rows
from app.outbox.announcer import Announcer
from app.outbox.delivery import Parcel, Undelivered
from app.outbox.dicom_parcels import DocumentSender
from app.outbox.targets import Target
from app.queue import job_rows
from app.queue.queue import Identity
from app.queue.recording import Recorder
from app.settings.settings import Settings
from app.store.case_queries import show_revision
from app.store.objects import Objects
from app.store.records import Records
from app.store.rule_snapshot import keep_installed_rules
from app.store.tables_queue import scan_jobs
from app.store.writer import Writer
from imaging.scan_file import read_volume
from scoring.regions import Region
from tests.app.interop.dicom_out.made import drawn_on, refused_reading, scored_reading
from tests.app.queue.studies import UID, WORKER, accepted, record, recorder_of
from tests.imaging.dicom_files import series, write

DOCTOR = Actor(ActorKind.PERSON, "Meyer^Ida", frozenset())
EVENTS = frozenset({"result.preliminary", "result.final", "result.corrected"})
OWN_CALLS = dict.fromkeys((region.value for region in Region), "unaffected") | {"I": "affected", "M6": "affected"}

pytestmark = pytest.mark.anyio
"""These look at the objects that are made, which takes long and is the same on each database."""


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class Archive:
    """Takes what a node would be sent, if it is not told to fail."""

    got: dict[str, Dataset] = field(default_factory=dict)
    fault: Undelivered | None = None

    def send(self, parcel: Parcel) -> None:
        if self.fault is not None:
            raise self.fault
        self.got = {one.Modality: one for one in map(pydicom.dcmread, parcel.payload_ref)}


@dataclass
class Department:
    """A worker's side of the record, with an archive that is told results."""

    settings: Settings
    engine: Engine
    writer: Writer
    records: Records
    recorder: Recorder
    objects: Objects
    archive: Archive
    folder: Path

    def read(
        self,
        heights_mm: tuple[float, ...] = tuple(range(0, 60, 5)),
        *,
        draws: bool = True,
        spoilt: bool = False,
        **changes: Any,
    ) -> str:
        """A study comes in, is queued and read; returns the job. ``spoilt``: its accession number cannot be read."""
        files = write(self.folder / f"scan-{len(heights_mm)}", series(heights_mm, AccessionNumber="1234"))
        for file in files.iterdir() if spoilt else ():
            file.write_bytes(file.read_bytes().replace(b"\x08\0\x50\0SH", b"\x08\0\x50\0QH"))
        volume = read_volume(files)
        scan = tuple(self.objects.put(files))
        drawing = KeptDrawing(drawn_on(volume.hu.shape), Slices.of(volume)).packed()
        key = self.objects.put_bytes(drawing, "drawing") if draws else None
        reading = (scored_reading() | changes) | {
            "input": {"sha256": "0" * 64, "series_uid": volume.acquisition.series_uid}
        }
        kept = accepted(self.writer, scan, identity=Identity("4711", study_uid=UID))
        record(self.recorder, kept, reading)
        if key is not None:
            self.writer.write_blocking(lambda connection: job_rows.keep_drawing(connection, kept.job_id, key))
        return kept.job_id

    async def edit(self, revision: int, regions: dict[str, str]) -> None:
        """A clinician enters calls of their own and signs."""
        with self.engine.connect() as connection:
            before = show_revision(connection, UID, revision)
        told = {"facts": {}, "findings": {"side": "left", "regions": regions}}
        changed = edited(before, UID, to_json(told), TriageRequest.model_validate(told), NO_SITES)
        await self.records.edit(DOCTOR, UID, revision, changed, None)

    def parcels(self) -> list[Parcel]:
        with self.engine.connect() as connection:
            return delivery_rows.due(connection, {"pacs"})

    def deliver(self) -> dict[str, Dataset]:
        """Send the next result; returns its objects by modality."""
        (parcel,) = self.parcels()
        self.sender().send(parcel)
        self.writer.write_blocking(lambda connection: delivery_rows.sent(connection, parcel, WORKER))
        return self.archive.got

    def sender(self) -> DocumentSender:
        slots = threading.Semaphore(1)
        return DocumentSender(self.archive, self.settings, self.engine, self.writer, self.objects, slots)


@pytest.fixture
def department(hospital_settings: Settings, engine: Engine, writer: Writer, tmp_path: Path) -> Department:
    writer.write_blocking(keep_installed_rules)
    records, announcer = Records(engine, writer), Announcer([Target("pacs", "dicom-store", EVENTS, {})])
    records.listeners.append(announcer.case_changed)
    recorder = recorder_of(records, announcer)
    settings = hospital_settings.model_copy(update={"sign_off_organisation": "St Elsewhere"})
    objects = Objects(settings, engine, writer)
    return Department(settings, engine, writer, records, recorder, objects, Archive(), tmp_path)


def affected(segmentation: Dataset) -> set[str]:
    """Side and region of each segment."""
    return {one.SegmentLabel for one in segmentation.SegmentSequence}


def predecessors(report: Dataset) -> list[str]:
    return [
        item.ReferencedSOPInstanceUID
        for study in report.get("PredecessorDocumentsSequence", ())
        for one in study.ReferencedSeriesSequence
        for item in one.ReferencedSOPSequence
    ]


async def test_a_result_goes_out_preliminary_then_as_the_clinician_reads_it_then_corrected(
    department: Department,
) -> None:
    department.read()
    first = department.deliver()
    assert set(first) == {"SR", "OT", "SEG", "DOC"}
    assert (first["SR"].PreliminaryFlag, predecessors(first["SR"])) == ("PRELIMINARY", [])
    assert first["SR"].StudyInstanceUID == UID

    await department.edit(1, OWN_CALLS)
    second = department.deliver()
    assert set(second) == {"SR", "SEG", "DOC"}, "the picture shows what the software read"
    assert (second["SR"].PreliminaryFlag, second["SR"].VerificationFlag) == ("FINAL", "VERIFIED")
    (observer,) = second["SR"].VerifyingObserverSequence
    assert (observer.VerifyingObserverName, observer.VerifyingOrganization) == ("Meyer^Ida", "St Elsewhere")
    assert predecessors(second["SR"]) == [first["SR"].SOPInstanceUID]
    assert {"I", "M6"} == {label.split()[0] for label in affected(second["SEG"]) if "left" in label}
    assert affected(first["SEG"]) != affected(second["SEG"])

    await department.edit(2, OWN_CALLS | {"M6": "unaffected"})
    third = department.deliver()
    assert predecessors(third["SR"]) == [second["SR"].SOPInstanceUID]
    assert third["SR"].SOPInstanceUID != second["SR"].SOPInstanceUID
    assert department.parcels() == []


async def test_each_revision_goes_out_with_its_own_scan(department: Department) -> None:
    department.read()
    department.read(tuple(range(0, 65, 5)))
    counts = []
    for _ in range(2):
        (study,) = department.deliver()["SR"].CurrentRequestedProcedureEvidenceSequence
        counts.append(len(study.ReferencedSeriesSequence[0].ReferencedSOPSequence))
    assert counts == [12, 13]


async def test_an_archive_that_fails_gets_the_same_objects_again(department: Department) -> None:
    department.read()
    department.archive.fault = Undelivered("down")
    (parcel,) = department.parcels()
    with pytest.raises(Undelivered, match="down"):
        department.sender().send(parcel)
    department.archive.fault = None
    first = {kind: one.SOPInstanceUID for kind, one in department.deliver().items()}
    department.sender().send(parcel)
    assert {kind: one.SOPInstanceUID for kind, one in department.archive.got.items()} == first


async def test_without_a_drawing_the_scan_is_read_again_and_the_kept_reading_told(department: Department) -> None:
    """The synthetic head is not read as the test says, so what is drawn of it today is not of the kept reading."""
    department.read(draws=False)
    made = department.deliver()
    assert set(made) == {"SR", "DOC"}
    assert scored_reading()["warnings"][0]["text"] in json.dumps(made["SR"].to_json_dict())


async def test_a_refused_scan_goes_out_with_its_reason(department: Department) -> None:
    department.read(draws=False, **refused_reading())
    report = department.deliver()["SR"]
    assert "UNSUPPORTED_TRANSFER_SYNTAX" in json.dumps(report.to_json_dict())


async def test_a_result_whose_scan_is_gone_is_given_up_with_the_reason(department: Department) -> None:
    department.read()
    with department.engine.connect() as connection:
        (keys,) = connection.execute(select(scan_jobs.c.scan)).scalars()
    department.objects.delete(json.loads(keys)[0], "kept long enough", DOCTOR)
    (parcel,) = department.parcels()
    with pytest.raises(Undelivered, match="kept no longer") as told:
        department.sender().send(parcel)
    assert not told.value.again


async def test_a_result_whose_scan_has_an_unreadable_header_is_given_up_with_the_reason(department: Department) -> None:
    department.read(spoilt=True)
    (parcel,) = department.parcels()
    with pytest.raises(Undelivered, match="headers") as told:
        department.sender().send(parcel)
    assert not told.value.again


async def test_a_result_without_a_scan_is_given_up_with_the_reason(department: Department) -> None:
    department.read()
    (parcel,) = department.parcels()
    for payload in ({"case_id": UID, "revision": 1}, {"job_id": "unknown"}):
        department.writer.write_blocking(lambda connection: connection.execute(update(scan_jobs), {"case_id": None}))
        with pytest.raises(Undelivered, match="has no scan") as told:
            department.sender().send(replace(parcel, payload=payload))
        assert not told.value.again

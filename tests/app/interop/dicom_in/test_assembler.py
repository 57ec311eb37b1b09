"""From objects in the spool to one scan in the queue, on both databases."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydicom import dcmread
from pydicom.uid import SecondaryCaptureImageStorage
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from app.interop.dicom_in import assembler, catalogue
from app.store.tables_audit import audit_events
from app.store.tables_dicom_in import dicom_objects
from tests.app.interop.dicom_in.conftest import Ward, encoded
from tests.imaging.dicom_files import series

STUDY = "1.2.826.0.1.3680043.8.498.1"


def study(ward: Ward, uid: str = STUDY) -> dict[str, Any]:
    with ward.engine.connect() as connection:
        (found,) = catalogue.list_studies(connection, 10, uid)
        return found


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_study_is_read_once_it_is_quiet_and_not_before(ward: Ward) -> None:
    ward.send(*series())
    ward.assembler.round(datetime.now(UTC))
    assert ward.queue.jobs == []
    assert study(ward)["state"] == "receiving"
    ward.later()
    (job,) = ward.queue.jobs
    assert len(job.scan) == 12
    assert job.origin == "dicom"
    assert job.identity is not None
    assert (job.identity.patient_id, job.identity.study_uid) == ("phantom", STUDY)
    assert study(ward)["state"] == "queued"
    assert study(ward)["job_id"] == "job-1"


def test_an_open_association_holds_its_study_back_however_long_it_is_silent(ward: Ward) -> None:
    delivery = ward.spool.begin("scanner", "c-store")
    for one in series():
        ward.send_bytes(delivery, encoded(one))
    ward.later(600)
    assert ward.queue.jobs == []
    ward.spool.end(delivery)
    ward.later(600)
    assert len(ward.queue.jobs) == 1


def test_the_last_object_is_not_missed_where_its_delivery_ends_while_others_are_sorted(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    *first, last = series()
    delivery = ward.spool.begin("scanner", "stow-rs")
    for one in first:
        ward.send_bytes(delivery, encoded(one))
    ward.assembler.take_in()
    take_in = ward.assembler.take_in

    def take_in_and_then_it_ends() -> None:
        take_in()
        ward.send_bytes(delivery, encoded(last))
        ward.spool.end(delivery)

    monkeypatch.setattr(ward.assembler, "take_in", take_in_and_then_it_ends)
    ward.later()
    assert ward.queue.jobs == []
    monkeypatch.undo()
    ward.later()
    assert [len(job.scan) for job in ward.queue.jobs] == [12]


def test_a_study_is_read_at_once_when_somebody_asks(ward: Ward) -> None:
    ward.send(*series())
    ward.assembler.round(datetime.now(UTC))
    assert ward.writer.write_blocking(lambda connection: catalogue.ask(connection, STUDY, datetime.now(UTC)))
    ward.assembler.round(datetime.now(UTC))
    assert len(ward.queue.jobs) == 1
    ward.assembler.round(datetime.now(UTC))
    assert len(ward.queue.jobs) == 1
    assert not ward.writer.write_blocking(lambda connection: catalogue.ask(connection, "1.2.3", datetime.now(UTC)))


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_the_same_objects_again_change_nothing_and_late_slices_have_the_study_read_again(ward: Ward) -> None:
    slices = series(tuple(range(0, 65, 5)))
    ward.send(*slices[:-1])
    ward.later()
    before = study(ward)
    ward.send(*slices[:-1], source="other-archive")
    ward.later()
    assert len(ward.queue.jobs) == 1
    assert study(ward) == before
    ward.send(slices[-1])
    ward.later()
    assert [len(job.scan) for job in ward.queue.jobs] == [12, 13]
    assert set(ward.queue.jobs[0].scan) < set(ward.queue.jobs[1].scan)


def test_an_object_that_comes_again_with_other_content_takes_the_place_of_the_first(ward: Ward) -> None:
    slices = series()
    ward.send(*slices)
    ward.later()
    slices[3].InstitutionName = "corrected"
    ward.send(slices[3])
    ward.later()
    assert [len(job.scan) for job in ward.queue.jobs] == [12, 12]
    assert ward.queue.jobs[0].scan != ward.queue.jobs[1].scan
    assert study(ward)["aside"] == [
        {
            "objects": 1,
            "code": "REPLACED",
            "reason": "The same object came again with other content, which counts now.",
        }
    ]


def test_what_is_no_slice_is_told_and_its_bytes_are_not_kept(ward: Ward) -> None:
    picture, overview, broken = series((100, 105, 110), SeriesInstanceUID="1.2.3.4")
    picture.SOPClassUID = picture.file_meta.MediaStorageSOPClassUID = SecondaryCaptureImageStorage
    overview.ImageType = ["ORIGINAL", "PRIMARY", "LOCALIZER"]
    ward.send(*series(), picture, overview)
    uid = str(broken.SOPInstanceUID).encode()
    with ward.spool.delivery("scanner", "c-store") as delivery:
        ward.send_bytes(delivery, encoded(broken).replace(uid, b"9" * len(uid), 1))
    ward.later()
    assert len(ward.queue.jobs[0].scan) == 12
    found = study(ward)
    assert [(one["code"], one["objects"]) for one in found["aside"]] == [("NOT_A_SLICE", 1), ("NOT_CT", 1)]
    codes = {(one["series_uid"], one["code"], one["images"]) for one in found["series"]}
    assert codes == {
        ("1.2.826.0.1.3680043.8.498.2", "TAKEN", 12),
        ("1.2.3.4", "NOT_CT", 1),
        ("1.2.3.4", "NOT_A_SLICE", 1),
    }
    with ward.engine.connect() as connection:
        (stray,) = catalogue.list_strays(connection, 10)
        files = connection.execute(select(func.count(dicom_objects.c.file))).scalar_one()
    assert stray["code"] == "NOT_AS_ANNOUNCED"
    assert files == len([path for path in (ward.folder / "kept").rglob("*") if path.is_file()]) == 13


def test_damaged_bytes_are_put_aside_with_the_reason_and_stop_nothing(ward: Ward) -> None:
    whole = encoded(series()[0])
    with ward.spool.delivery("scanner", "c-store") as delivery:
        for content in (b"no dicom at all", whole[:200], whole[:400], b"MZ" + b"\0" * 126 + b"DICM", b""):
            ward.send_bytes(delivery, content)
    ward.send(*series())
    ward.later()
    assert len(ward.queue.jobs) == 1
    with ward.engine.connect() as connection:
        strays = catalogue.list_strays(connection, 10)
    assert {one["code"] for one in strays} <= {"NOT_DICOM", "DAMAGED", "BAD_UID"}
    assert len(strays) == 5


def test_two_patients_in_one_study_are_not_mixed(ward: Ward) -> None:
    ward.send(*series(), *series((100, 105), PatientID="somebody else"))
    ward.later()
    assert ward.queue.jobs == []
    assert (study(ward)["state"], study(ward)["refusal"]) == ("unusable", "SEVERAL_PATIENTS")


def test_a_full_queue_loses_no_study(ward: Ward) -> None:
    ward.queue.is_full = True
    ward.send(*series())
    ward.later()
    assert study(ward)["state"] == "receiving"
    ward.queue.is_full = False
    ward.later(120)
    assert len(ward.queue.jobs) == 1
    assert study(ward)["state"] == "queued"


def test_a_scan_whose_patient_cannot_be_read_is_read_and_is_nobodys(ward: Ward) -> None:
    slices = [encoded(one) for one in series(AccessionNumber="1234")]
    with ward.spool.delivery("scanner", "c-store") as delivery:
        for one in slices:
            assert one.count(b"\x08\0\x50\0SH") == 1
            ward.send_bytes(delivery, one.replace(b"\x08\0\x50\0SH", b"\x08\0\x50\0QH"))
    ward.later()
    (job,) = ward.queue.jobs
    assert job.identity is None


def test_a_study_with_a_fault_of_its_own_holds_up_no_other_and_is_tried_again(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = "1.2.826.0.1.3680043.8.498.9"
    ward.send(*series())
    ward.assembler.take_in()
    ward.send(*series(StudyInstanceUID=other))
    name_of = assembler.identity_of
    monkeypatch.setattr(assembler, "identity_of", lambda path: name_of(path) if kept_as(path) == other else 1 / 0)
    ward.later()
    assert (study(ward)["state"], study(ward, other)["state"]) == ("receiving", "queued")
    monkeypatch.undo()
    ward.later(61)
    assert study(ward)["state"] == "receiving", "not at once"
    ward.later(66)
    assert study(ward)["state"] == "queued"


def test_what_keeps_all_studies_waiting_is_held_against_none(ward: Ward, monkeypatch: pytest.MonkeyPatch) -> None:
    ward.send(*series())
    monkeypatch.setattr(
        ward.assembler, "process", lambda _study: (_ for _ in ()).throw(OperationalError("", {}, OSError()))
    )
    for seconds in range(60, 120, 6):
        ward.later(seconds)
    monkeypatch.undo()
    ward.later(126)
    assert len(ward.queue.jobs) == 1


def kept_as(path: Path) -> str:
    return str(dcmread(path, stop_before_pixels=True).StudyInstanceUID)


def test_a_crash_between_keeping_and_recording_loses_and_doubles_nothing(ward: Ward, monkeypatch: Any) -> None:
    ward.send(*series())
    monkeypatch.setattr(ward.assembler, "_write", lambda _function: (_ for _ in ()).throw(OSError("killed")))
    with suppress(OSError):
        ward.assembler.take_in()
    monkeypatch.undo()
    ward.later()
    (job,) = ward.queue.jobs
    assert len(job.scan) == 12


def test_old_objects_go_and_come_back_when_they_are_sent_again(ward: Ward) -> None:
    slices = series()
    ward.send(*slices)
    ward.later()
    ward.assembler.clean(datetime.now(UTC) + timedelta(hours=1000))
    assert not [path for path in (ward.folder / "kept").rglob("*") if path.is_file()]
    ward.send(*slices)
    ward.later()
    assert len(ward.queue.jobs) == 1, "the same content is the same job"
    assert len([path for path in (ward.folder / "kept").rglob("*") if path.is_file()]) == 12
    ward.send(*series((60, 65)))
    ward.later()
    assert len(ward.queue.jobs) == 2


def test_the_audit_trail_tells_who_brought_what_and_what_became_of_it(ward: Ward) -> None:
    ward.send(*series())
    ward.later()
    with ward.engine.connect() as connection:
        events = connection.execute(select(audit_events).order_by(audit_events.c.sequence)).all()
    assert [(one.actor_name, one.action, one.subject) for one in events] == [
        ("c-store/scanner", "dicom.received", f"study/{STUDY}"),
        ("dicom-in", "study.queued", f"study/{STUDY}"),
    ]
    assert "phantom" not in "".join(one.detail for one in events).lower()

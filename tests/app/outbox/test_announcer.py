"""What is told to whom when a scan is read or a case is kept and signed."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic_core import to_json
from sqlalchemy import Engine, insert

from app.access.actor import Actor, ActorKind
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.outbox import delivery_rows
from app.outbox.announcer import Announcer
from app.outbox.targets import EVENTS, Target
from app.store.judged_case import JudgedCase
from app.store.records import Records, judgement_of
from app.store.revisions import Origin
from app.store.rule_snapshot import keep_installed_rules
from app.store.tables_queue import scan_jobs
from app.store.writer import Writer

ROOT = Path(__file__).parents[3]
CASE: dict[str, Any] = json.loads((ROOT / "sample_data" / "cases" / "spoke_left_m1.json").read_text())
DOCTOR = Actor(ActorKind.PERSON, "dr-who", frozenset())
TARGETS = [Target(kind, kind, frozenset(EVENTS), {}) for kind in ("webhook", "hl7", "dicom-store", "stow")]
IDENTITY = {"patient_id": "4711", "issuer": "", "accession_number": "", "study_uid": "1.2"}
REGIONS = ("C", "L", "IC", "I", "M1", "M2", "M3", "M4", "M5", "M6")


def scored() -> dict[str, Any]:
    sides = {side: {name: {"status": "unaffected"} for name in REGIONS} for side in ("left", "right")}
    sides["left"]["I"] = {"status": "affected"}
    told = {"status": "scored", "side": "left", "total": 9, "total_low": 9, "total_high": 9, "regions": sides}
    return told | {"input": {"sha256": "0" * 64}, "warnings": []}


READING = scored() | {"input": {"sha256": "0" * 64, "series_uid": "1.2.3"}}

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def records(engine: Engine, writer: Writer) -> Records:
    writer.write_blocking(keep_installed_rules)
    records = Records(engine, writer)
    records.listeners.append(Announcer(TARGETS).case_changed)
    return records


async def keep(records: Records, reading: dict[str, Any] | None = READING, **changes: Any) -> str:
    request = CASE | changes
    kept = None if reading is None else to_json(reading)
    checked = TriageRequest.model_validate(request)
    judged = JudgedCase.beside(case_of(checked), kept, checked.parts)
    judgement = judgement_of(to_json(request), judged, reading=kept, origin=Origin.SCAN)
    return (await records.keep(judgement, DOCTOR)).case_id


def told(engine: Engine) -> set[tuple[str, str]]:
    with engine.connect() as connection:
        return {(view.target, view.event.removeprefix("result.")) for view in delivery_rows.views(connection)}


def know_patient(writer: Writer, case_id: str = CASE["case_id"]) -> None:
    row = dict.fromkeys(("job_id", "content_key", "origin", "actor_kind", "actor_name", "submitted_at"), "x")
    row |= {"generation": 1, "number": 10**6, "scan": "[]", "overlay": False, "state": "done", "attempts": 1}
    row |= {"case_id": case_id, "identity": json.dumps(IDENTITY)}
    writer.write_blocking(lambda connection: connection.execute(insert(scan_jobs), row) and None)


async def test_a_kept_case_is_preliminary_and_a_signed_one_final(
    records: Records, engine: Engine, writer: Writer
) -> None:
    know_patient(writer)
    case_id = await keep(records)
    kinds = {target.kind for target in TARGETS}
    assert told(engine) == {(kind, "preliminary") for kind in kinds}
    await records.confirm(DOCTOR, case_id, 1, None)
    assert told(engine) == {(kind, event) for kind in kinds for event in ("preliminary", "final")}


async def test_a_later_preliminary_result_does_not_take_the_place_of_a_signed_one(
    records: Records, engine: Engine, writer: Writer
) -> None:
    know_patient(writer)
    await records.confirm(DOCTOR, await keep(records), 1, None)
    with engine.connect() as connection:
        before = {view.delivery_id for view in delivery_rows.views(connection)}
    await keep(records)
    with engine.connect() as connection:
        new = [view for view in delivery_rows.views(connection) if view.delivery_id not in before]
    assert [(view.target, view.event) for view in new] == [("webhook", "result.preliminary")]


async def test_without_a_patient_there_is_no_message_and_without_a_study_no_object(
    records: Records, engine: Engine
) -> None:
    await keep(records, scored())
    assert told(engine) == {("webhook", "preliminary")}


async def test_a_score_of_the_clinicians_own_is_not_sent_as_what_the_software_read(
    records: Records, engine: Engine, writer: Writer
) -> None:
    know_patient(writer)
    await keep(records, facts=CASE["facts"] | {"aspects_total": 5})
    assert told(engine) == {("webhook", "preliminary"), ("hl7", "preliminary")}


async def test_an_answer_that_does_not_tell_the_score_makes_no_objects(
    records: Records, engine: Engine, writer: Writer
) -> None:
    know_patient(writer)
    case_id = await keep(records, parts=["transfer"])
    await records.confirm(DOCTOR, case_id, 1, None)
    assert {kind for kind, _ in told(engine)} == {"webhook", "hl7"}


async def test_a_target_hears_only_of_what_it_asked_for(engine: Engine, writer: Writer) -> None:
    writer.write_blocking(keep_installed_rules)
    records = Records(engine, writer)
    records.listeners.append(Announcer([Target("hook", "webhook", frozenset({"result.final"}), {})]).case_changed)
    case_id = await keep(records)
    assert told(engine) == set()
    await records.confirm(DOCTOR, case_id, 1, None)
    assert told(engine) == {("hook", "final")}


def test_a_scan_without_a_case_is_told_as_it_was_read(engine: Engine, writer: Writer) -> None:
    announcer = Announcer(TARGETS)
    writer.write_blocking(
        lambda connection: announcer.scan_read(connection, "j1", READING, IDENTITY, "2026-03-01T12:00:00Z")
    )
    assert {kind for kind, _ in told(engine)} == {"webhook", "hl7", "dicom-store", "stow"}

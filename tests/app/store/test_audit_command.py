"""``aspects record audit``: who did what, told from the trail."""

import json
from pathlib import Path

import pytest
from sqlalchemy import insert
from typer.testing import CliRunner

from app.access.actor import Actor, ActorKind
from app.cli import app
from app.outbox import delivery_rows
from app.outbox.delivery import Delivery
from app.settings.settings import Settings
from app.store import audit
from app.store.tables_queue import scan_jobs
from app.store.writer import Writer

EHR = Actor(ActorKind.KEY, "ehr", frozenset())
DOCTOR = Actor(ActorKind.PERSON, "dr-müller", frozenset())
JOB = dict.fromkeys(("job_id", "content_key", "origin", "actor_kind", "actor_name", "submitted_at"), "j1") | {
    "generation": 1, "number": 1, "scan": "[]", "overlay": False, "state": "done", "attempts": 1, "case_id": "a",
}  # fmt: skip


@pytest.fixture
def settings(hospital_settings: Settings, writer: Writer) -> Settings:
    """A record in which two cases were kept, the scan of one read and its result told, and that one signed."""
    writer.write_blocking(lambda connection: connection.execute(insert(scan_jobs), JOB) and None)
    for actor, action, subject in (
        (EHR, "study.queued", "study/a"),
        (EHR, "scan.read", "job/j1"),
        (EHR, "case.kept", "case/a"),
        (EHR, "case.kept", "case/ab"),
        (DOCTOR, "case.signed_off", "case/a"),
    ):
        event = audit.Event(actor, action, subject, detail={"revision": 1})
        writer.write_blocking(lambda connection, event=event: audit.append(connection, event))
    told = Delivery("hl7", "ris", "result.final", "case/a", "key")
    writer.write_blocking(lambda connection: delivery_rows.enqueue(connection, told, EHR))
    return hospital_settings


def run(settings: Settings, *words: str) -> tuple[int, str]:
    environment = {"ASPECTS_DATA_DIR": str(settings.data_dir), "ASPECTS_DATABASE_URL": settings.database_url}
    result = CliRunner().invoke(app, ["record", "audit", *words], env=environment)
    return result.exit_code, result.output


def actions(settings: Settings, *words: str) -> list[str]:
    code, told = run(settings, "--json", *words)
    assert code == 0, told
    return [event["action"] for event in json.loads(told)]


def test_it_tells_who_did_what_to_what_in_order(settings: Settings) -> None:
    code, told = run(settings)
    assert code == 0
    lines = told.splitlines()
    assert [line.split()[0] for line in lines] == [str(number) for number in range(1, 7)]
    assert 'person:dr-müller  case.signed_off  case/a  {"revision": 1}' in lines[4]


def test_a_case_is_told_with_its_study_its_scan_and_its_results_and_no_other(settings: Settings) -> None:
    told = actions(settings, "--about", "a")
    assert told == ["study.queued", "scan.read", "case.kept", "case.signed_off", "delivery.queued"]
    assert actions(settings, "--about", "ab") == ["case.kept"]
    assert actions(settings, "--about", "%") == []


def test_it_is_narrowed_by_actor_action_time_and_number(settings: Settings) -> None:
    assert actions(settings, "--actor", "dr-müller") == ["case.signed_off"]
    assert actions(settings, "--action", "case") == ["case.kept", "case.kept", "case.signed_off"]
    assert actions(settings, "--action", "case.kept", "--most", "1") == ["case.kept"]
    assert actions(settings, "--action", "cas") == []
    assert actions(settings, "--since", "2999-01-01T00:00+02:00") == []
    assert len(actions(settings, "--since", "2020-01-01T00:00:00Z")) == 6


@pytest.mark.parametrize("since", ["2026-03-14T07:00", "yesterday"])
def test_a_time_without_a_zone_is_refused(settings: Settings, since: str) -> None:
    code, told = run(settings, "--since", since)
    assert code == 2
    assert "2026-03-14T07:00+00:00" in told


def test_without_a_record_it_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["record", "audit"], env={"ASPECTS_DATA_DIR": str(tmp_path)})
    assert (result.exit_code, result.output) == (2, "aspects: There is no record here.\n")

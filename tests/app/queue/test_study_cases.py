"""A study's case: scan and facts come by different ways and in any order, and neither loses the other."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine

from app.access.actor import Actor, ActorKind
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.queue import job_rows
from app.queue.queue import STUDY
from app.queue.recording import Recorder
from app.store.case_queries import RevisionContent, show_case, show_revision
from app.store.faults import CaseWentOn
from app.store.records import Records
from app.store.rule_snapshot import keep_installed_rules
from app.store.writer import Writer
from tests.app.queue.studies import UID, accepted, record, recorder_of
from tests.app.scans.fake_worker import scored

EHR = Actor(ActorKind.KEY, "ehr", frozenset())
FACTS = {"age_years": 71, "nihss_total": 16}

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def records(engine: Engine, writer: Writer) -> Records:
    writer.write_blocking(keep_installed_rules)
    return Records(engine, writer)


@pytest.fixture
def recorder(records: Records) -> Recorder:
    return recorder_of(records)


def read(recorder: Recorder, kept: job_rows.KeptJob) -> None:
    record(recorder, kept, scored())


async def tell(records: Records, name: str = UID, **changes: Any) -> dict[str, Any]:
    """Facts of a case, as an EHR sends them."""
    request = TriageRequest.model_validate({"case_id": name, "facts": FACTS, **changes})
    sent = request.model_dump_json(exclude_none=True, by_alias=True).encode()
    answer: dict[str, Any] = json.loads(await records.judge_and_keep(sent, case_of(request), None, EHR))
    return answer


def revision(engine: Engine, number: int, name: str = UID) -> RevisionContent:
    with engine.connect() as connection:
        return show_revision(connection, name, number)


async def test_a_study_is_a_case_of_its_own_name_before_anybody_tells_a_fact(
    recorder: Recorder, writer: Writer, engine: Engine
) -> None:
    read(recorder, accepted(writer))
    kept = revision(engine, 1)
    assert (kept.summary.origin, kept.summary.actor_name, kept.summary.standing.status) == (
        "study",
        "dicom-in",
        "preliminary",
    )
    answer = json.loads(kept.answer)
    assert (answer["aspects"]["total"], answer["aspects"]["source"]) == (8, "software_reading")
    assert answer["evt_summary"]["verdict"] == "need_data"


async def test_facts_that_come_after_the_scan_are_judged_with_it(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    read(recorder, accepted(writer))
    answer = await tell(records)
    assert answer["record"]["revision"] == 2
    assert answer["aspects"]["source"] == "software_reading"
    first, second = revision(engine, 1), revision(engine, 2)
    assert second.reading == first.reading is not None
    assert second.summary.scan_sha256 == first.summary.scan_sha256
    assert json.loads(second.request)["facts"]["nihss_total"] == 16


async def test_facts_that_come_before_the_scan_are_judged_with_it_as_at_now(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    await tell(records, evaluated_at="2026-03-14T08:00:00Z", parts=["aspects"])
    begun = datetime.now(UTC)
    read(recorder, accepted(writer))
    answer = json.loads(revision(engine, 2).answer)
    assert answer["aspects"]["source"] == "software_reading"
    assert datetime.fromisoformat(answer["evaluated_at"]) >= begun
    assert json.loads(revision(engine, 2).request)["facts"]["nihss_total"] == 16


async def test_facts_of_long_ago_are_judged_as_at_then(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    """A time of last known well that is more than a week back is refused: it is likely to be a wrong date."""
    long_ago = FACTS | {"last_known_well_at": "2026-03-14T07:00:00Z"}
    await tell(records, facts=long_ago, evaluated_at="2026-03-14T08:00:00Z")
    read(recorder, accepted(writer))
    answer = json.loads(revision(engine, 2).answer)
    assert answer["aspects"]["source"] == "software_reading"
    assert answer["evaluated_at"] == "2026-03-14T08:00:00+00:00"


async def test_a_span_of_time_keeps_the_moment_that_it_was_counted_to(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    facts = {"minutes_since_last_known_well": 90}
    await tell(records, facts=facts, evaluated_at="2026-03-14T08:00:00Z")
    read(recorder, accepted(writer))
    assert json.loads(revision(engine, 2).answer)["time"]["minutes_since_anchor"] == 90


async def test_late_slices_add_a_revision_and_lose_no_fact(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    read(recorder, accepted(writer))
    await tell(records)
    read(recorder, accepted(writer, scan=("b",)))
    third = revision(engine, 3)
    assert third.summary.scan_sha256 == "b"
    assert json.loads(third.request)["facts"]["nihss_total"] == 16


async def test_what_a_reader_saw_wins_over_a_scan_that_comes_later(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    await tell(records, facts=FACTS | {"aspects_total": 5})
    read(recorder, accepted(writer))
    answer = json.loads(revision(engine, 2).answer)
    assert answer["aspects"]["total"] == 5
    assert any("software reads ASPECTS 8" in warning for warning in answer["warnings"])


async def test_facts_that_come_while_the_scan_is_judged_are_not_lost(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine
) -> None:
    kept = accepted(writer)
    outdated = recorder.ending(kept, scored())
    await tell(records)
    with pytest.raises(CaseWentOn):
        writer.write_blocking(outdated)
    assert revision(engine, 1).reading is None
    read(recorder, kept)
    assert json.loads(revision(engine, 2).request)["facts"]["nihss_total"] == 16


async def test_a_scan_that_comes_while_facts_are_judged_is_not_lost(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, keep = accepted(writer), records.keep

    async def read_meanwhile(*arguments: Any) -> Any:
        monkeypatch.undo()
        read(recorder, kept)
        return await keep(*arguments)

    monkeypatch.setattr(Records, "keep", lambda _self, *arguments: read_meanwhile(*arguments))
    answer = await tell(records)
    assert answer["record"]["revision"] == 2
    assert answer["aspects"]["source"] == "software_reading"


@pytest.mark.parametrize(("name", "origin"), [("bay 4", STUDY), ("bay 4", "http"), (UID, "http")])
async def test_a_name_that_its_caller_chose_takes_over_no_earlier_scan(
    recorder: Recorder, records: Records, writer: Writer, engine: Engine, name: str, origin: str
) -> None:
    read(recorder, accepted(writer, origin=origin, name=name))
    answer = await tell(records, name)
    assert answer["record"]["revision"] == 2
    assert answer["aspects"] is None
    assert revision(engine, 2, name).reading is None
    with engine.connect() as connection:
        assert [one.scan_sha256 for one in show_case(connection, name).revisions] == ["a", None]

"""The whole record: replay under old rules, verification of contents, backup and restore, every former schema."""

import hashlib
import json
import shutil
from dataclasses import replace
from math import ceil, floor
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic_core import to_json
from sqlalchemy import Engine, create_engine, select, text

from app.access.actor import Actor, ActorKind
from app.intake.cases import case_of
from app.intake.schemas import TriageRequest
from app.settings.settings import Settings
from app.store import rule_snapshot, schema
from app.store.backup import back_up
from app.store.case_queries import show_revision
from app.store.database import open_database
from app.store.judged_case import JudgedCase, read_judged_case
from app.store.objects import ObjectMissing, Objects
from app.store.record_check import check_record
from app.store.records import judgement_of
from app.store.replay import replay, rules_for_replay
from app.store.restore import BackupUnusable, restore
from app.store.revisions import Kept, Revision
from app.store.signing import confirm
from app.store.tables_cases import rule_snapshots
from app.store.writer import Writer
from app.triage import rulebook
from scoring.facts import FACTS, Kind
from scoring.rule_files import rules_version
from tests.peers.postgresql import Postgresql

ROOT = Path(__file__).parents[3]
PERSON = Actor(ActorKind.PERSON, "dr-who", frozenset())
CASES = sorted((ROOT / "sample_data" / "cases").glob("*.json"))


def judged(request: dict[str, Any]) -> JudgedCase:
    checked = TriageRequest.model_validate(request)
    return JudgedCase(case_of(checked), checked.parts)


def keep(writer: Writer, request: dict[str, Any], rules: str | None = None) -> Kept:
    """Keep a case; ``rules``: as if it had been judged by that rule book."""
    case = judged(request)
    answer = case.judge()
    if rules is not None:
        answer["versions"] = {**answer["versions"], "rules": rules}
    judgement = replace(judgement_of(to_json(request), case), versions=answer["versions"], answer=to_json(answer))
    return writer.write_blocking(Revision(judgement, PERSON).keep)


@pytest.fixture
def record(writer: Writer, engine: Engine) -> Engine:
    """Three cases, one of them signed."""
    writer.write_blocking(rule_snapshot.keep_installed_rules)
    for path in CASES[:3]:
        keep(writer, {**json.loads(path.read_text()), "case_id": path.stem})
    writer.write_blocking(lambda connection: confirm(connection, PERSON, CASES[0].stem, 1, "seen"))
    return engine


def faults(engine: Engine) -> tuple[str, ...]:
    with engine.connect() as connection:
        return check_record(connection).faults


def test_an_untouched_record_is_whole(record: Engine) -> None:
    with record.connect() as connection:
        check = check_record(connection)
    assert (check.faults, check.events, check.revisions) == ((), 5, 3)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE case_revisions SET answer = request WHERE audit_sequence = 3",
        "UPDATE case_revisions SET judged_case = answer WHERE audit_sequence = 3",
        "UPDATE case_revisions SET actor_name = 'somebody' WHERE audit_sequence = 3",
        "UPDATE case_revisions SET kept_at = '2020' WHERE audit_sequence = 3",
        "UPDATE case_revisions SET software = '9' WHERE audit_sequence = 3",
        "UPDATE case_revisions SET scan_sha256 = 'x' WHERE audit_sequence = 3",
        "DELETE FROM case_revisions WHERE audit_sequence = 3",
        "UPDATE sign_offs SET comment = 'not seen'",
        "UPDATE sign_offs SET comment = NULL",
        "UPDATE sign_offs SET actor_name = 'somebody'",
        "DELETE FROM sign_offs",
        "UPDATE cases SET made_at = '2020'",
        "DELETE FROM cases",
        "UPDATE rule_snapshots SET content_sha256 = 'x'",
        "DELETE FROM rule_snapshots",
    ],
)
def test_a_changed_row_of_any_table_is_refused_and_where_the_triggers_are_off_is_found(
    record: Engine, statement: str
) -> None:
    table = statement.removeprefix("DELETE FROM ").removeprefix("UPDATE ").split()[0]
    on_sqlite = record.dialect.name == "sqlite"
    with pytest.raises(Exception, match="append-only"), record.begin() as connection:
        connection.execute(text(statement))
    with record.connect() as connection:
        if on_sqlite:
            connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            connection.execute(text(f"DROP TRIGGER {table}_refuse_update"))
            connection.execute(text(f"DROP TRIGGER {table}_refuse_delete"))
        else:
            connection.exec_driver_sql("SET session_replication_role = replica")
        connection.execute(text(statement))
        assert check_record(connection).faults != ()


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_a_kept_case_reads_back_as_the_same_case(path: Path) -> None:
    case = judged(json.loads(path.read_text()))
    again = read_judged_case(case.to_json())
    assert to_json(again.judge()) == to_json(case.judge())


def value_of(name: str) -> st.SearchStrategy[Any]:
    spec = FACTS[name]
    if spec.kind is Kind.BOOLEAN:
        return st.booleans()
    if spec.kind is Kind.CHOICE:
        return st.sampled_from(spec.choices)
    low, high = spec.minimum or 0, spec.maximum or 1000
    return st.integers(ceil(low), floor(high)) if spec.kind is Kind.INTEGER else st.floats(low, high)


PLAIN = [name for name, spec in FACTS.items() if spec.kind in {Kind.BOOLEAN, Kind.CHOICE, Kind.INTEGER, Kind.NUMBER}]
SOME_FACTS = st.lists(st.sampled_from(PLAIN), unique=True, max_size=12).flatmap(
    lambda names: st.fixed_dictionaries({name: value_of(name) for name in names})
)


@settings(max_examples=60)
@given(facts=SOME_FACTS, offset=st.sampled_from(["Z", "+00:00", "+05:45", "-09:30"]))
def test_any_facts_read_back_as_the_same_facts(facts: dict[str, Any], offset: str) -> None:
    request = TriageRequest.model_validate({"facts": facts, "evaluated_at": f"2026-03-14T10:00:00.25{offset}"})
    case = JudgedCase(case_of(request))
    again = read_judged_case(case.to_json())
    assert again.case == case.case
    assert again.case.evaluated_at.isoformat() == case.case.evaluated_at.isoformat()


@pytest.fixture
def other_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> tuple[str, bytes]:
    """A rule book of which one file differs: its version and its text."""
    book = json.loads(rule_snapshot.installed_rules())
    name = next(name for name in book["rules"] if name.startswith("aha_asa_2026/"))
    book["rules"][name] = book["rules"][name].replace("\n", "\n# an older edition\n", 1)
    content = json.dumps(book, sort_keys=True, separators=(",", ":")).encode()
    folder = tmp_path / "older"
    rule_snapshot.write_rules(content, folder)
    monkeypatch.setattr("scoring.rule_files.TABLES_FOLDER", folder / "tables")
    version = rules_version(folder / "rules")
    monkeypatch.undo()
    return version, content


def test_an_answer_of_older_rules_is_given_again_from_the_rules_in_the_record(
    record: Engine, writer: Writer, other_rules: tuple[str, bytes]
) -> None:
    version, content = other_rules
    assert version != rulebook().version
    kept_book = {"version": version, "content": rule_snapshot.pack(content)}
    kept_book["content_sha256"] = hashlib.sha256(content).hexdigest()
    writer.write_blocking(lambda connection: connection.execute(rule_snapshots.insert(), kept_book))
    kept = keep(writer, {**json.loads(CASES[0].read_text()), "case_id": "older"}, version)
    with record.connect() as connection:
        revision = show_revision(connection, kept.case_id, kept.revision)
        told = replay(revision, rules_for_replay(connection, revision))
    assert told["own_rules"]["reason"] is None
    assert told["own_rules"]["identical"] is True
    assert told["own_rules"]["rules_are_installed"] is False
    assert told["today"]["versions"]["rules"] == rulebook().version
    assert told["today"]["differences"] == []


def test_a_rule_book_that_was_changed_is_not_used_for_a_replay(
    record: Engine, writer: Writer, other_rules: tuple[str, bytes]
) -> None:
    _, content = other_rules
    false = {"version": "sha256:0000000000000000", "content": rule_snapshot.pack(content)}
    false["content_sha256"] = hashlib.sha256(content).hexdigest()
    writer.write_blocking(lambda connection: connection.execute(rule_snapshots.insert(), false))
    kept = keep(writer, {**json.loads(CASES[0].read_text()), "case_id": "x"}, "sha256:0000000000000000")
    with record.connect() as connection:
        revision = show_revision(connection, kept.case_id, kept.revision)
        told = replay(revision, rules_for_replay(connection, revision))
    assert told["own_rules"]["identical"] is None
    assert "not the one" in told["own_rules"]["reason"]
    assert "sha256:0000000000000000" in [row.version for row in snapshots(record)]


def snapshots(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(select(rule_snapshots.c.version)).all())


def test_a_backup_restored_elsewhere_is_the_same_record(
    record: Engine, writer: Writer, hospital_settings: Settings, tmp_path: Path, postgresql: Postgresql
) -> None:
    """From each database to the other, so that a site can change its mind."""
    scan = Objects(hospital_settings, record, writer).put_bytes(b"a scan")
    told = back_up(hospital_settings, record, tmp_path / "backup", with_objects=True)
    elsewhere = None if record.dialect.name == "postgresql" else postgresql.new_database()
    new = Settings(data_dir=tmp_path / "new", database_url=elsewhere)
    restored = restore(new, tmp_path / "backup")
    assert restored.check.faults == ()
    assert (restored.check.anchor, restored.objects, restored.missing_objects) == (told.anchor, 1, 0)
    engine = open_database(new)
    new_writer = Writer(engine)
    with engine.connect() as connection, record.connect() as old_connection:
        for path in CASES[:3]:
            revision = show_revision(connection, path.stem, 1)
            assert revision == show_revision(old_connection, path.stem, 1)
            assert replay(revision, rules_for_replay(connection, revision))["own_rules"]["identical"] is True
    assert keep(new_writer, {"facts": {}, "case_id": CASES[0].stem}).revision == 2
    assert faults(engine) == ()
    (tmp_path / "out").mkdir()
    assert Objects(new, engine, new_writer).fetch([scan], tmp_path / "out").read_bytes() == b"a scan"
    new_writer.close()
    engine.dispose()


def test_a_backup_goes_only_where_there_is_no_record(
    record: Engine, hospital_settings: Settings, tmp_path: Path
) -> None:
    back_up(hospital_settings, record, tmp_path / "backup", with_objects=False)
    with pytest.raises(BackupUnusable):
        restore(hospital_settings, tmp_path / "backup")
    assert faults(record) == ()
    with pytest.raises(FileExistsError):
        back_up(hospital_settings, record, tmp_path / "backup", with_objects=False)


def test_a_backup_that_lacks_an_object_is_not_made(
    record: Engine, writer: Writer, hospital_settings: Settings, tmp_path: Path
) -> None:
    objects = Objects(hospital_settings, record, writer)
    objects.bytes.remove(objects.put_bytes(b"a scan"))
    with pytest.raises(ObjectMissing):
        back_up(hospital_settings, record, tmp_path / "backup", with_objects=True)
    assert not list(tmp_path.glob("*backup*"))


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"x" * 100_000])
def test_what_is_no_backup_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "backup").write_bytes(content)
    with pytest.raises(BackupUnusable):
        restore(Settings(data_dir=tmp_path / "new"), tmp_path / "backup")


def test_a_damaged_backup_is_refused(tmp_path: Path) -> None:
    engine = open_database(Settings(data_dir=tmp_path / "old"))
    schema.migrate(engine)
    back_up(Settings(data_dir=tmp_path / "old"), engine, tmp_path / "backup", with_objects=True)
    engine.dispose()
    whole = (tmp_path / "backup").read_bytes()
    (tmp_path / "backup").write_bytes(whole[:2000] + bytes(64) + whole[2064:])
    with pytest.raises(BackupUnusable):
        restore(Settings(data_dir=tmp_path / "new"), tmp_path / "backup")


def fill(engine: Engine, number: str) -> None:
    """A signed case in a record of a schema."""
    schema.migrate(engine, number)
    writer = Writer(engine)
    writer.write_blocking(rule_snapshot.keep_installed_rules)
    keep(writer, {**json.loads(CASES[0].read_text()), "case_id": "spoke"})
    writer.write_blocking(lambda connection: confirm(connection, PERSON, "spoke", 1, "seen"))
    writer.close()


def assert_whole_in_this_schema(engine: Engine) -> None:
    """The record that `fill` wrote, after all steps."""
    with engine.connect() as connection:
        schema.check(connection)
        check = check_record(connection)
        assert show_revision(connection, "spoke", 1).summary.signature is not None
    assert check.faults == ()
    assert check.revisions > 0


STEPS = sorted(path.name[:4] for path in (ROOT / "app" / "store" / "migrations" / "versions").glob("0*.py"))


@pytest.mark.parametrize("number", STEPS[:-1])
def test_every_step_takes_a_record_along(hospital_settings: Settings, number: str) -> None:
    engine = open_database(hospital_settings)
    fill(engine, number)
    schema.migrate(engine)
    assert_whole_in_this_schema(engine)
    engine.dispose()


SCHEMAS = sorted((Path(__file__).parent / "schemas").glob("*.sql"))


def test_the_migrated_schema_is_what_the_tables_say(engine: Engine) -> None:
    with engine.connect() as connection:
        schema.check(connection)


@pytest.mark.parametrize("dump", SCHEMAS, ids=lambda path: path.stem)
def test_a_record_of_every_former_schema_comes_to_this_one_whole(tmp_path: Path, dump: Path) -> None:
    (tmp_path / "data").mkdir()
    raw = create_engine(f"sqlite:///{tmp_path}/data/aspects.db")
    with raw.connect() as connection:
        connection.connection.driver_connection.executescript(dump.read_text())
    raw.dispose()
    engine = open_database(Settings(data_dir=tmp_path / "data"))
    schema.migrate(engine)
    assert_whole_in_this_schema(engine)
    engine.dispose()
    shutil.rmtree(tmp_path / "data")

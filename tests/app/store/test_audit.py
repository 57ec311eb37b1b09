"""The audit trail: the database refuses to change it, and whoever changes it all the same is found."""
# ruff: noqa: S608 -- the statements are the test's own

from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError

from app.access.actor import ANYONE_HERE, Actor, ActorKind
from app.settings.settings import Settings
from app.store import audit, schema
from app.store.audit_check import Anchor, NotAnAnchor, check_audit, read_anchor
from app.store.database import open_database
from app.store.tables_audit import audit_events
from app.store.writer import Writer

PERSON = Actor(ActorKind.PERSON, "dr-müller", frozenset())
EVENTS = 12
TEXT_COLUMNS = [column.name for column in audit_events.columns if column.name != "sequence"]


def fill(connection: Connection) -> None:
    for number in range(EVENTS):
        actor = PERSON if number % 2 else ANYONE_HERE
        audit.append(connection, audit.Event(actor, "case.triaged", f"case/{number % 3}", detail={"revision": number}))


def faults(engine: Engine, *anchors: Anchor) -> tuple[str, ...]:
    with engine.connect() as connection:
        return check_audit(connection, anchors).faults


@pytest.fixture
def trail(writer: Writer, engine: Engine) -> Engine:
    writer.write_blocking(fill)
    return engine


def test_an_untouched_trail_is_whole(trail: Engine) -> None:
    with trail.connect() as connection:
        check = check_audit(connection)
    assert check.faults == ()
    assert check.count == EVENTS
    assert faults(trail, check.anchor, read_anchor(f" {check.anchor}\n")) == ()


def test_an_empty_trail_is_whole(engine: Engine) -> None:
    assert faults(engine) == ()


@pytest.mark.parametrize("statement", ["UPDATE audit_events SET actor_name = 'nobody'", "DELETE FROM audit_events"])
def test_the_database_refuses_to_change_what_was_written(trail: Engine, statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), trail.begin() as connection:
        connection.execute(text(statement))
    assert faults(trail) == ()


def tamper(engine: Engine, *statements: str, **values: object) -> None:
    """Do what the owner of the database can: switch the triggers off, then change rows."""
    with engine.begin() as connection:
        if engine.dialect.name == "sqlite":
            for action in ("update", "delete"):
                connection.execute(text(f"DROP TRIGGER IF EXISTS audit_events_refuse_{action}"))
        else:
            connection.execute(text("ALTER TABLE audit_events DISABLE TRIGGER USER"))
        for statement in statements:
            connection.execute(text(statement), values)


@pytest.mark.parametrize("column", TEXT_COLUMNS)
def test_a_changed_column_is_found(trail: Engine, column: str) -> None:
    tamper(trail, f"UPDATE audit_events SET {column} = 'x' WHERE sequence = 5")
    assert any("Event 5" in fault for fault in faults(trail))


def test_a_truncated_trail_is_found(trail: Engine) -> None:
    tamper(trail, "DELETE FROM audit_events WHERE sequence > 9")
    assert faults(trail) != ()


def test_a_trail_cut_short_together_with_its_head_is_found_by_an_anchor(trail: Engine) -> None:
    with trail.connect() as connection:
        anchor = check_audit(connection).anchor
    head = "(SELECT hash FROM audit_events WHERE sequence = 9)"
    tamper(
        trail,
        f"UPDATE audit_head SET count = 9, hash = {head}",
        "DELETE FROM audit_events WHERE sequence > 9",
    )
    assert faults(trail) == ()
    assert faults(trail, anchor) != ()


def test_a_trail_written_anew_with_fresh_hashes_is_found_by_an_anchor(trail: Engine) -> None:
    with trail.connect() as connection:
        anchor = check_audit(connection).anchor
    tamper(trail, "DELETE FROM audit_events", "UPDATE audit_head SET count = 0, hash = :none", none=audit.NO_HASH)
    with trail.begin() as connection:
        fill(connection)
    assert faults(trail) == ()
    assert faults(trail, anchor) != ()


@pytest.mark.parametrize("anchor", ["", "7", "7:abc", f"-1:{'0' * 64}", f"1:{'G' * 64}", f"1:{'0' * 64}x"])
def test_what_is_not_an_anchor_is_refused(anchor: str) -> None:
    with pytest.raises(NotAnAnchor):
        read_anchor(anchor)


@pytest.fixture(scope="module")
def sqlite_trail(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    folder: Path = tmp_path_factory.mktemp("trail")
    engine = open_database(Settings(data_dir=folder))
    schema.migrate(engine)
    with engine.begin() as connection:
        fill(connection)
    tamper(engine)
    return engine


number = st.integers(1, EVENTS)


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_tampering_with_any_rows_is_found(sqlite_trail: Engine, data: st.DataObject) -> None:
    """Draws changes, removals, swaps, copies and renumberings, and undoes them by rolling back."""
    with sqlite_trail.connect() as connection:
        before = connection.execute(text("SELECT * FROM audit_events ORDER BY sequence")).all()
        for _ in range(data.draw(st.integers(1, 3))):
            _one_change(connection, data)
        after = connection.execute(text("SELECT * FROM audit_events ORDER BY sequence")).all()
        assume(before != after)
        assert check_audit(connection).faults != ()
        connection.rollback()


def _one_change(connection: Connection, data: st.DataObject) -> None:
    first, second = data.draw(number), data.draw(number)
    kind = data.draw(st.sampled_from(["change", "remove", "swap", "copy", "renumber", "blob"]))
    column = data.draw(st.sampled_from(TEXT_COLUMNS))
    free = 1000 + connection.execute(text("SELECT max(sequence) FROM audit_events")).scalar_one()
    values: dict[str, object] = {"a": first, "b": second, "free": free, "value": data.draw(st.text(max_size=4))}
    columns = ", ".join(TEXT_COLUMNS)
    statements = {
        "change": [f"UPDATE audit_events SET {column} = :value WHERE sequence = :a"],
        "blob": [f"UPDATE audit_events SET {column} = CAST({column} AS BLOB) WHERE sequence = :a"],
        "remove": ["DELETE FROM audit_events WHERE sequence = :a"],
        "swap": [
            "UPDATE audit_events SET sequence = :free WHERE sequence = :a",
            "UPDATE OR IGNORE audit_events SET sequence = :a WHERE sequence = :b",
            "UPDATE OR IGNORE audit_events SET sequence = :b WHERE sequence = :free",
        ],
        "copy": [
            (
                f"INSERT INTO audit_events (sequence, {columns})"
                f" SELECT :free, {columns} FROM audit_events WHERE sequence = :a"
            )
        ],
        "renumber": ["UPDATE OR IGNORE audit_events SET sequence = :b - 2 WHERE sequence = :a"],
    }[kind]
    for statement in statements:
        used = {name: value for name, value in values.items() if f":{name}" in statement}
        connection.execute(text(statement), used)

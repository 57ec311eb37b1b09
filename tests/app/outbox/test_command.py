"""``aspects outbox``: what waits, what was given up, and what a person decides about it."""

import json

import pytest
from sqlalchemy import Engine
from typer.testing import CliRunner, Result

from app.cli import app
from app.outbox import delivery_rows
from app.settings.settings import Settings
from app.store.rule_snapshot import keep_installed_rules
from app.store.writer import Writer
from tests.app.outbox.test_postman import ACTOR, enqueue

UNKNOWN = "A" * 20


@pytest.fixture
def settings(hospital_settings: Settings, writer: Writer) -> Settings:
    writer.write_blocking(keep_installed_rules)
    return hospital_settings


def run(settings: Settings, *words: str) -> Result:
    environment = {"ASPECTS_DATA_DIR": str(settings.data_dir), "ASPECTS_DATABASE_URL": settings.database_url}
    return CliRunner().invoke(app, ["outbox", *words], env=environment)


def given_up(engine: Engine, writer: Writer, key: str) -> str:
    """A delivery that its target does not take."""
    enqueue(writer, key=key)
    with engine.connect() as connection:
        (parcel,) = delivery_rows.due(connection, {"ris"})
    writer.write_blocking(lambda connection: delivery_rows.give_up(connection, parcel, ACTOR, "It was refused."))
    return parcel.id


def states(settings: Settings) -> dict[str, str]:
    listed = json.loads(run(settings, "list", "--json").stdout)
    return {one["delivery_id"]: one["state"] for one in listed["deliveries"]}


def test_what_waits_is_listed_without_its_patient(settings: Settings, writer: Writer) -> None:
    waiting = enqueue(writer)
    told = run(settings, "list")
    assert told.exit_code == 0
    assert f"{waiting}  waiting" in told.stdout
    assert "1 waiting" in told.stderr
    assert "4711" not in told.output + run(settings, "list", "--json").output


def test_what_was_given_up_ends_the_list_with_1_and_says_why(
    settings: Settings, engine: Engine, writer: Writer
) -> None:
    dead = given_up(engine, writer, "1")
    told = run(settings, "list", "--state", "dead")
    assert told.exit_code == 1
    assert dead in told.stdout
    assert "It was refused." in told.stdout


def test_a_person_has_it_tried_again_or_lets_it_be(settings: Settings, engine: Engine, writer: Writer) -> None:
    first = given_up(engine, writer, "1")
    assert run(settings, "retry", first).exit_code == 0
    assert states(settings) == {first: "waiting"}
    assert run(settings, "drop", first).exit_code == 0
    assert states(settings) == {first: "dropped"}
    assert run(settings, "list").exit_code == 0


@pytest.mark.parametrize("words", [("retry", UNKNOWN), ("drop", UNKNOWN), ("list", "--state", "lost")])
def test_what_is_not_there_is_said(settings: Settings, words: tuple[str, ...]) -> None:
    told = run(settings, *words)
    assert told.exit_code == 2
    assert told.stderr.startswith("aspects: ")


def test_without_a_record_it_is_said() -> None:
    told = CliRunner().invoke(app, ["outbox", "list"], env={"ASPECTS_DATA_DIR": None})
    assert (told.exit_code, told.stderr) == (2, "aspects: ASPECTS_DATA_DIR is not set: nothing is kept here.\n")

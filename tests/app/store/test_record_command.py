"""``aspects record verify``, ``backup``, ``restore``, ``sweep`` and ``migrate``, as an administrator types them."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text
from typer.testing import CliRunner, Result

from app.cli import app
from app.settings.settings import Settings
from app.store import schema
from app.store.database import open_database
from app.store.objects import Objects
from app.store.writer import Writer
from tests.app.store.test_record import fill

USED, FAULTS, UNUSABLE = 0, 1, 2


@pytest.fixture
def settings(hospital_settings: Settings, engine: Engine, writer: Writer) -> Settings:
    """A record with a signed case and a scan."""
    fill(engine, "head")
    Objects(hospital_settings, engine, writer).put_bytes(b"a scan")
    return hospital_settings


def typed(settings: Settings, *words: str | Path) -> Result:
    environment = {"ASPECTS_DATA_DIR": str(settings.data_dir), "ASPECTS_DATABASE_URL": settings.database_url}
    return CliRunner().invoke(app, [str(word) for word in words], env=environment)


def run(settings: Settings, *words: str | Path) -> Result:
    return typed(settings, "record", *words)


def elsewhere(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path / "new", database_url=f"sqlite:///{tmp_path / 'new' / 'aspects.db'}")


def verified(settings: Settings, *words: str) -> dict[str, object]:
    told = run(settings, "verify", "--objects", "--json", *words)
    assert told.exit_code == USED, told.output
    found: dict[str, object] = json.loads(told.stdout)
    return found


def test_a_backup_is_restored_elsewhere_and_verified_against_its_anchor(settings: Settings, tmp_path: Path) -> None:
    made = run(settings, "backup", tmp_path / "copy")
    assert made.exit_code == USED, made.output
    new, anchor = elsewhere(tmp_path), made.stdout.strip()
    restored = run(new, "restore", tmp_path / "copy")
    assert restored.exit_code == USED, restored.output
    assert "1 objects restored, 0 missing" in restored.stderr
    assert verified(new, "--anchor", anchor) == verified(settings, "--anchor", anchor)


def test_backup_restore_and_verify_need_not_be_called_record(settings: Settings, tmp_path: Path) -> None:
    made = typed(settings, "backup", tmp_path / "copy")
    restored = typed(elsewhere(tmp_path), "restore", tmp_path / "copy")
    checked = typed(elsewhere(tmp_path), "verify")
    assert [told.exit_code for told in (made, restored, checked)] == [USED, USED, USED]
    assert made.stdout == checked.stdout == run(settings, "verify").stdout  # the same anchor


def test_a_backup_takes_the_place_of_no_file_and_is_laid_over_no_record(settings: Settings, tmp_path: Path) -> None:
    assert run(settings, "backup", tmp_path / "copy").exit_code == USED
    whole = (tmp_path / "copy").read_bytes()
    assert run(settings, "backup", tmp_path / "copy").exit_code == UNUSABLE
    assert (tmp_path / "copy").read_bytes() == whole
    assert run(settings, "restore", tmp_path / "copy").exit_code == UNUSABLE
    assert verified(settings)["whole"]


def test_a_changed_row_is_told_and_ends_with_1(settings: Settings, engine: Engine) -> None:
    on_sqlite = engine.dialect.name == "sqlite"
    with engine.begin() as connection:
        if on_sqlite:
            triggers = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars().all()
            for name in triggers:
                connection.execute(text(f'DROP TRIGGER "{name}"'))
        else:
            connection.execute(text("SET session_replication_role = replica"))
        connection.execute(text("UPDATE audit_events SET actor_name = 'somebody' WHERE sequence = 2"))
    told = run(settings, "verify")
    assert told.exit_code == FAULTS
    assert "2" in told.stdout
    assert json.loads(run(settings, "verify", "--json").stdout)["whole"] is False


def test_a_lost_object_is_told_where_objects_are_asked_for(settings: Settings, engine: Engine, writer: Writer) -> None:
    objects = Objects(settings, engine, writer)
    (lost,) = (sha256 for sha256, _ in objects.bytes.stored())
    objects.bytes.remove(lost)
    assert run(settings, "verify").exit_code == USED
    told = run(settings, "verify", "--objects")
    assert (told.exit_code, f"Object {lost} is missing or damaged." in told.stdout) == (FAULTS, True)
    swept = run(settings, "sweep")
    assert (swept.exit_code, f"Object {lost} is missing." in swept.stdout) == (FAULTS, True)


def test_a_sweep_with_nothing_to_do_says_so(settings: Settings) -> None:
    swept = run(settings, "sweep")
    assert (swept.exit_code, swept.stdout) == (USED, "0 deleted, 0 left behind and removed.\n")


def test_a_record_of_a_former_schema_is_not_touched_until_it_is_migrated(hospital_settings: Settings) -> None:
    engine = open_database(hospital_settings)
    fill(engine, "0001")
    engine.dispose()
    told = run(hospital_settings, "verify")
    assert told.exit_code == UNUSABLE
    assert f"this release has {schema.head_revision()}: run aspects record migrate" in told.stderr
    assert run(hospital_settings, "migrate").stdout == f"The schema is {schema.head_revision()}.\n"
    assert verified(hospital_settings)["whole"]


@pytest.mark.parametrize("words", [("verify",), ("sweep",), ("backup", "copy")])
def test_where_there_is_no_record_it_is_said(tmp_path: Path, words: tuple[str, ...]) -> None:
    told = run(elsewhere(tmp_path), *words)
    assert (told.exit_code, told.stderr) == (UNUSABLE, "aspects: There is no record here.\n")
    assert not (tmp_path / "new").exists()
    assert not Path("copy").exists()


def test_an_anchor_that_is_none_is_refused(settings: Settings) -> None:
    assert run(settings, "verify", "--anchor", "no anchor").exit_code == UNUSABLE

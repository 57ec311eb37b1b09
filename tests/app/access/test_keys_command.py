"""aspects keys: what an administrator does, sees, and finds in the audit trail."""

import json
from pathlib import Path

import pytest
from sqlalchemy import select
from typer.testing import CliRunner, Result

from app.cli import app as command_line
from app.settings.settings import Settings
from app.store.database import open_database
from app.store.tables_access import api_keys
from app.store.tables_audit import audit_events

RUN = CliRunner()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ASPECTS_DATA_DIR", str(tmp_path))
    return tmp_path


def run(*words: str, code: int = 0) -> Result:
    result = RUN.invoke(command_line, ["keys", *words])
    assert result.exit_code == code, result.output
    return result


def listed() -> list[dict[str, object]]:
    found: list[dict[str, object]] = json.loads(run("list", "--json").stdout)["keys"]
    return found


def test_a_key_is_printed_once_and_kept_as_a_hash(folder: Path) -> None:
    secret = run("make", "ehr", "--scope", "read", "--scope", "triage").stdout.strip()
    assert secret.startswith("ak_")
    assert len(secret) >= 11 + 43
    assert secret not in run("list").output
    kept = (folder / "aspects.db").read_bytes() + b"".join(file.read_bytes() for file in folder.glob("aspects.db-*"))
    assert secret.encode() not in kept
    assert secret[11:].encode() not in kept
    (key,) = listed()
    assert (key["prefix"], key["name"], key["scopes"], key["in_force"]) == (secret[:11], "ehr", "read triage", True)


def test_a_key_in_rotation_works_beside_the_new_one_and_ends_by_itself(folder: Path) -> None:
    old = run("make", "pacs", "--scope", "ingest").stdout.strip()
    new = run("rotate", "pacs", "--hours", "1").stdout.strip()
    assert new != old
    keys = {key["prefix"]: key for key in listed()}
    assert keys[old[:11]]["in_force"]
    assert keys[old[:11]]["expires_at"]
    assert keys[new[:11]]["replaces"] == old[:11]
    assert keys[new[:11]]["scopes"] == "ingest"
    assert "name one by its prefix" in run("end", "pacs", code=2).stderr
    run("end", old[:11])
    assert not {key["prefix"]: key for key in listed()}[old[:11]]["in_force"]
    last = run("rotate", "pacs", "--hours", "0").stdout.strip()
    assert [key["prefix"] for key in listed() if key["in_force"]] == [last[:11]]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("make", "../../etc", "--scope", "read"), "letters, digits"),
        (("make", "Müller Anna", "--scope", "read"), "letters, digits"),
        (("end", "nobody"), "No key in force"),
        (("rotate", "ak_00000000"), "No key in force"),
        (("sign-in", "a b", "--scope", "read"), "letters, digits"),
    ],
)
def test_what_cannot_be_done_is_told_in_a_sentence(folder: Path, words: tuple[str, ...], said: str) -> None:
    result = run(*words, code=2)
    assert said in result.stderr
    assert not result.stdout


def test_a_name_is_given_to_one_key_at_a_time(folder: Path) -> None:
    run("make", "ehr", "--scope", "read")
    assert "rotate it" in run("make", "ehr", "--scope", "read", code=2).stderr
    run("end", "ehr")
    run("make", "ehr", "--scope", "read")


@pytest.mark.parametrize("words", [("make", "ehr"), ("make", "ehr", "--scope", "everything")])
def test_a_key_without_a_known_scope_is_not_made(folder: Path, words: tuple[str, ...]) -> None:
    run(*words, code=2)
    assert "ehr" not in run("list").stdout


def test_without_a_record_there_are_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ASPECTS_DATA_DIR", raising=False)
    assert "ASPECTS_DATA_DIR is not set" in run("list", code=2).stderr


def test_every_step_is_in_the_audit_trail_without_a_secret(folder: Path) -> None:
    secret = run("make", "ehr", "--scope", "read", "--days", "30").stdout.strip()
    other = run("rotate", "ehr").stdout.strip()
    run("end", other[:11])
    code = run("sign-in", "dr.test", "--scope", "triage").stdout.strip()
    run("sign-out", "dr.test")
    engine = open_database(Settings(data_dir=folder))
    with engine.connect() as connection:
        events = connection.execute(select(audit_events).order_by(audit_events.c.sequence)).all()
        hashes = connection.scalars(select(api_keys.c.key_sha256)).all()
    engine.dispose()
    done = [event.action for event in events if event.action.startswith(("key.", "sign_in", "sessions."))]
    assert done == ["key.made", "key.made", "key.rotated", "key.ended", "sign_in_code.made", "sessions.ended"]
    told = repr(events)
    for hidden in (secret[11:], other[11:], code.partition("#")[2], *hashes):
        assert hidden not in told

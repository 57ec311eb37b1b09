"""docs/reference.md names everything that callers rely on, and nothing that is not there."""

import re
from pathlib import Path

import pytest
import typer.main
from pydantic import BaseModel

from app.cli import app as command_line
from app.interop.dicom_nodes import Node
from app.interop.dicom_out.parcel_sender import DicomTarget
from app.interop.hl7.target import Hl7Target
from app.interop.webhooks.target import WebhookTarget
from app.main import create_app
from app.outbox.targets import EVENTS, KINDS
from app.settings.settings import Settings
from imaging.refusals import RefusalCode

ROOT = Path(__file__).resolve().parent.parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text()
RAISED_STATUS = re.compile(r"\b(?:Problem|problem_response|HTTPException)\(\s*(?:status(?:_code)?=)?(\d{3})\b")


def section(title: str) -> str:
    found = re.search(rf"^## {re.escape(title)}$(.*?)(?=^## |\Z)", REFERENCE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/reference.md has no section {title!r}"
    return found.group(1)


def first_column(title: str) -> list[str]:
    """Every name in the first column of a section's table."""
    rows = re.findall(r"^\| (?!---)([^|]+?) \|", section(title), re.MULTILINE)[1:]
    return [name.strip("` ") for row in rows for name in row.split(", ")]


def test_every_refusal_code_is_told_and_no_other() -> None:
    assert sorted(first_column("Refusal codes")) == sorted(RefusalCode)


def test_every_setting_is_told_and_no_other() -> None:
    settings = [f"ASPECTS_{name.upper()}" for name in Settings.model_fields]
    assert sorted(first_column("Settings")) == sorted(settings)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_defaults_and_meanings_of_settings_are_those_of_the_code(name: str) -> None:
    field = Settings.model_fields[name]
    default = "none" if field.get_default() is None else field.get_default()
    assert f"| `ASPECTS_{name.upper()}` | {default} | {field.description} |" in REFERENCE


def rows_of(model: type[BaseModel], *kinds: str) -> list[str]:
    """The lines of a table of a file's entries; those that every target has stand in the text."""
    rows = []
    for name, field in model.model_fields.items():
        if kinds and name in {"name", "kind", "events"}:
            continue
        default = field.get_default()
        told = "needed" if field.is_required() else "none" if default in {None, "", ()} else str(default).lower()
        told = str(default) if isinstance(default, (str, float)) and default else told
        first = [f"`{kind}`" for kind in kinds]
        cells = [*([", ".join(first)] if first else []), f"`{name}`", told, field.description]
        rows.append("| " + " | ".join(map(str, cells)) + " |")
    return rows


ENTRIES = {
    "Nodes file": rows_of(Node),
    "Deliveries file": [
        *rows_of(DicomTarget, "dicom-store", "stow"), *rows_of(Hl7Target, "hl7"), *rows_of(WebhookTarget, "webhook")
    ],
}  # fmt: skip


@pytest.mark.parametrize("title", ENTRIES)
def test_every_entry_of_a_sites_files_is_told_and_no_other(title: str) -> None:
    assert re.findall(r"^\| [^-].*\|$", section(title), re.MULTILINE)[1:] == ENTRIES[title]


def test_every_kind_and_event_of_deliveries_is_told() -> None:
    told = section("Deliveries file")
    assert [word for word in (*KINDS, *EVENTS) if f"`{word}`" not in told] == []


def test_exit_codes_are_those_of_the_contract() -> None:
    assert first_column("Exit codes") == ["0", "1", "2"]


def test_every_http_status_that_the_code_raises_is_told() -> None:
    raised = {status for path in (ROOT / "app").rglob("*.py") for status in RAISED_STATUS.findall(path.read_text())}
    assert raised, "the search finds no status: it must be brought in line with app/problems.py"
    assert raised - set(first_column("HTTP status codes")) == set()


def test_every_http_status_that_the_api_describes_is_told() -> None:
    described = {
        status
        for operations in create_app().openapi()["paths"].values()
        for operation in operations.values()
        for status in operation["responses"]
    }
    assert "200" in described
    assert described - set(first_column("HTTP status codes")) == set()


def commands_of(group: object, prefix: str = "aspects") -> set[str]:
    subcommands = getattr(group, "commands", None)
    if not subcommands:
        return {prefix}
    return {name for word, command in subcommands.items() for name in commands_of(command, f"{prefix} {word}")}


def test_every_command_is_told_and_no_other() -> None:
    commands = commands_of(typer.main.get_command(command_line))
    told = {
        max((one for one in commands if f"{name} ".startswith(f"{one} ")), key=len, default=name)
        for name in first_column("Commands")
    }
    assert told == commands

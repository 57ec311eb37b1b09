"""What deploy/ and its page name exists: settings, commands, files."""

import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from app.cli import app as command_line
from app.interop.dicom_nodes import load_nodes
from app.operations import metrics
from app.outbox.targets import read_targets
from app.settings.settings import Settings

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "deploy.md").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
NAMES = {f"ASPECTS_{name.upper()}" for name in Settings.model_fields}


def is_setting(variable: str) -> bool:
    return variable in NAMES or variable.removesuffix("_FILE") in NAMES


def assert_command(words: list[str]) -> None:
    command = typer.main.get_command(command_line)
    while subcommand := getattr(command, "commands", {}).get(words[0] if words else ""):
        command, words = subcommand, words[1:]
    assert not getattr(command, "commands", None), words
    options = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, words


@pytest.mark.parametrize(
    "file", ["docs/deploy.md", "deploy/compose.yaml", "deploy/systemd/aspects.env", "docs/security.md"]
)
def test_settings_that_are_named_exist(file: str) -> None:
    named = set(re.findall(r"\bASPECTS_[A-Z_]*[A-Z]\b", (ROOT / file).read_text()))
    assert named
    assert {name for name in named if not is_setting(name)} == set()


def test_services_run_commands_that_exist() -> None:
    own = [service for service in COMPOSE["services"].values() if str(service.get("image")).startswith("aspects")]
    assert len(own) == 3
    for service in own:
        assert service["command"][0] == "aspects"
        assert_command(service["command"][1:])
        assert service["read_only"]
        assert service["cap_drop"] == ["ALL"]


def test_units_run_commands_that_exist() -> None:
    assert len(UNITS) == 3
    for unit in UNITS:
        found = re.search(r"^ExecStart=/opt/aspects/bin/aspects (.+)$", unit.read_text(), re.MULTILINE)
        assert found, unit
        assert_command(shlex.split(found.group(1)))


def test_commands_of_the_page_exist() -> None:
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()]
    ours = [words for line in lines if (words := re.search(r"(?:^|\s)(?:\S*/)?aspects ([a-z].*)$", line))]
    assert len(ours) > 5
    for words in ours:
        assert_command(shlex.split(words.group(1)))


def test_files_for_the_containers_can_be_read() -> None:
    assert "orthanc" in load_nodes(DEPLOY / "config" / "nodes.yaml")
    assert read_targets(DEPLOY / "config" / "deliveries.yaml") == ()


def test_metrics_that_are_named_exist() -> None:
    named = {name.removesuffix("_total") for name in re.findall(r"`(aspects_[a-z_]+)(?=\{)", PAGE)}
    ours = (metrics.REQUESTS, metrics.REQUEST_SECONDS, metrics.TRIAGES, metrics.SCANS, metrics.WAITING)
    assert named == {metric._name for metric in ours}


def test_the_settings_of_the_page_are_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = re.search(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    (tmp_path / "aspects.toml").write_text(found.group(1))
    monkeypatch.setenv("ASPECTS_CONFIG_FILE", str(tmp_path / "aspects.toml"))
    assert Settings().oidc_roles_claim == "realm_access.roles"

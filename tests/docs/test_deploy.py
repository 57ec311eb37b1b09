"""What deploy/ and its page name exists: settings, commands, files."""

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
import yaml

from app.cli import app as command_line
from app.interop.dicom_nodes import load_nodes
from app.operations import metrics
from app.outbox.targets import read_targets
from app.settings.settings import Settings
from tests.peers.orthanc import missing_program

ROOT = Path(__file__).resolve().parent.parent.parent
DEPLOY = ROOT / "deploy"
PAGE = (ROOT / "docs" / "deploy.md").read_text()
COMPOSE = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
OWN = {
    name: service for name, service in COMPOSE["services"].items() if str(service.get("image")).startswith("aspects")
}
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
    assert len(OWN) == 3
    for service in OWN.values():
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


@pytest.mark.parametrize("name", OWN)
def test_what_a_service_of_the_containers_names_is_there(name: str) -> None:
    service = OWN[name]
    assert set(service["secrets"]) <= COMPOSE["secrets"].keys()
    assert set(service["depends_on"]) <= COMPOSE["services"].keys()
    targets = {volume.split(":")[1] for volume in service["volumes"]}
    paths = [
        value for value in service["environment"].values() if value.startswith("/") and "/run/secrets/" not in value
    ]
    assert all(any(path.startswith(target) for target in targets) for path in paths)
    secrets = {value.rpartition("/")[2] for value in service["environment"].values() if "/run/secrets/" in value}
    assert secrets <= set(service["secrets"])


@pytest.mark.parametrize("name", OWN)
def test_settings_of_the_containers_are_taken(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "database_url").write_text("postgresql+psycopg://aspects:x@database/aspects\n")
    for variable, value in OWN[name]["environment"].items():
        plain = re.sub(r"\$\{\w+:(?:-(\w*)|\?[^}]*)\}", lambda found: found.group(1) or "aspects.example", value)
        monkeypatch.setenv(variable, plain.replace("/run/secrets/database_url", str(tmp_path / "database_url")))
    assert str(Settings().database_url).startswith("postgresql")


def test_settings_of_the_units_are_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    for line in (DEPLOY / "systemd" / "aspects.env").read_text().splitlines():
        if not line.startswith("#"):
            monkeypatch.setenv(*line.split("=", maxsplit=1))
    assert Settings().data_dir == Path("/var/lib/aspects")


def test_whoever_stops_a_process_waits_longer_than_it_needs() -> None:
    needed = max(Settings.model_fields["worker_stop_seconds"].default, Settings.model_fields["drain_seconds"].default)
    for service in OWN.values():
        assert int(service["stop_grace_period"].removesuffix("s")) > needed
    for unit in UNITS:
        (seconds,) = re.findall(r"^TimeoutStopSec=(\d+)$", unit.read_text(), re.MULTILINE)
        assert int(seconds) > needed or unit.stem == "aspects-listener"


def test_units_are_units(tmp_path: Path) -> None:
    """As systemd reads them, with a program that is there."""
    analyze = shutil.which("systemd-analyze")
    if analyze is None:
        missing_program("systemd-analyze")
    for unit in UNITS:
        (tmp_path / unit.name).write_text(unit.read_text().replace("/opt/aspects/bin/aspects", sys.executable))
    units = [str(tmp_path / unit.name) for unit in UNITS]
    told = subprocess.run([str(analyze), "verify", *units], capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout + told.stderr) == (0, "")


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

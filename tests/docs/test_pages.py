"""README and CONTRIBUTING: their commands exist and their links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
import typer.main
import yaml

from app.cli import app as command_line

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#]+)(?:#[^)]*)?\)")


def text_of(name: str) -> str:
    return (ROOT / name).read_text()


@pytest.fixture(scope="module")
def x() -> ModuleType:
    spec = importlib.util.spec_from_file_location("x", ROOT / "x.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_commands_of_x_py_exist(page: str, x: ModuleType) -> None:
    told = set(re.findall(r"python3 x\.py (\w+)", text_of(page)))
    assert told
    assert told <= {command.__name__ for command in x.COMMANDS}


def test_contributing_tells_every_command_of_x_py(x: ModuleType) -> None:
    told = set(re.findall(r"^\| `python3 x\.py (\w+)`", text_of("CONTRIBUTING.md"), re.MULTILINE))
    assert told == {command.__name__ for command in x.COMMANDS}


def test_readme_has_its_two_commands_at_the_top() -> None:
    first_block = re.search(r"```sh\n(.*?)```", text_of("README.md"), re.DOTALL)
    assert first_block
    assert re.findall(r"^python3 x\.py (\w+)", first_block.group(1), re.MULTILINE) == ["demo", "test"]


def test_commands_of_the_readme_and_their_options_exist() -> None:
    known = typer.main.get_command(command_line)
    lines = re.findall(r"^aspects ([^#\n]+)", text_of("README.md"), re.MULTILINE)
    assert lines
    for line in lines:
        command = known
        words = line.split()
        while subcommand := getattr(command, "commands", {}).get(words[0] if words else ""):
            command, words = subcommand, words[1:]
        assert not getattr(command, "commands", None), f"aspects {line} names no command"
        options = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in words if word.startswith("--")} <= options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_between_files_lead_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_paths_that_contributing_sends_to_exist() -> None:
    told = re.findall(
        r"`((?:app|imaging|scoring|tests|docs|sample_data|requirements)/[\w./-]*)`", text_of("CONTRIBUTING.md")
    )
    assert told
    assert [path for path in told if not (ROOT / path).exists()] == []


def test_citation_file_holds_what_the_format_demands() -> None:
    citation = yaml.safe_load(text_of("CITATION.cff"))
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()
    assert citation["license"] == "Apache-2.0"


def test_changelog_has_the_heading_for_clinical_changes() -> None:
    changelog = text_of("CHANGELOG.md")
    sections = re.findall(r"^## .+$", changelog, re.MULTILINE)
    assert sections
    assert changelog.count("### Clinical results changed") == len(sections)

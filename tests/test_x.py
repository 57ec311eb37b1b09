"""Set-up from a checkout: what is skipped, what is rebuilt, and what is said where it cannot be done."""

import importlib.util
import subprocess
import sys
import venv
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "x.py"


@pytest.fixture
def x(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """The script, working on an empty checkout whose path has a space and is too long for a shebang line."""
    spec = importlib.util.spec_from_file_location("x", SCRIPT)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    root = tmp_path / "check out" / ("long" * 40)
    (root / "requirements").mkdir(parents=True)
    for name in ("run", "dev", "uv"):
        (root / "requirements" / f"{name}.txt").write_text(f"# {name}\n")
    places = {"ROOT": root, "VENV": root / ".venv", "BIN": root / ".venv" / "bin", "LOCKS": root / "requirements"}
    for name, place in {**places, "PYTHON": places["BIN"] / "python"}.items():
        monkeypatch.setattr(module, name, place)
    return module


@pytest.fixture
def installs(x: ModuleType, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Makes environments without pip and records the locks that would be installed."""
    done: list[str] = []
    monkeypatch.setattr(x, "make_venv", lambda: venv.create(x.VENV, symlinks=True))
    monkeypatch.setattr(x, "install", lambda lock_file: done.append(lock_file.name))
    return done


def run_script(*words: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(SCRIPT), *words], capture_output=True, text=True, check=False, cwd=cwd)


def test_help_lists_every_command(x: ModuleType, tmp_path: Path) -> None:
    told = run_script("--help", cwd=tmp_path)
    assert told.returncode == 0
    for command in x.COMMANDS:
        assert f"\n  {command.__name__} " in told.stdout
        assert command.__doc__ in told.stdout


@pytest.mark.parametrize("words", [[], ["unknown"]])
def test_unusable_command_line_ends_with_2_and_the_usage(words: Sequence[str]) -> None:
    told = run_script(*words)
    assert told.returncode == 2
    assert "usage: python3 x.py" in told.stderr
    assert "Traceback" not in told.stderr


def test_commands_without_options_refuse_them() -> None:
    told = run_script("check", "--faster")
    assert told.returncode == 1
    assert told.stderr == "x.py check takes no options: --faster\n"


def test_second_set_up_is_skipped(x: ModuleType, installs: list[str]) -> None:
    x.prepare("run")
    x.prepare("run")
    assert installs == ["run.txt"]


def test_development_set_up_is_enough_for_running(x: ModuleType, installs: list[str]) -> None:
    x.prepare("dev")
    x.prepare("run")
    assert installs == ["dev.txt"]


def test_running_set_up_is_not_enough_for_development(x: ModuleType, installs: list[str]) -> None:
    x.prepare("run")
    x.prepare("dev")
    assert installs == ["run.txt", "dev.txt"]


def test_changed_lock_is_installed(x: ModuleType, installs: list[str]) -> None:
    x.prepare("run")
    (x.LOCKS / "run.txt").write_text("# newer\n")
    x.prepare("run")
    assert installs == ["run.txt", "run.txt"]


def test_set_up_that_broke_off_is_done_again(
    x: ModuleType, installs: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_off(_lock_file: Path) -> None:
        raise x.Failure("no network")

    with monkeypatch.context() as patch:
        patch.setattr(x, "install", break_off)
        with pytest.raises(x.Failure, match="no network"):
            x.prepare("run")
    x.prepare("run")
    assert installs == ["run.txt"]


def test_command_and_packages_of_the_checkout_work_from_anywhere(
    x: ModuleType, installs: list[str], tmp_path: Path
) -> None:
    (x.ROOT / "app").mkdir()
    (x.ROOT / "app" / "cli.py").write_text("import sys\ndef main():\n    print(sys.argv[1:])\n    return 7\n")
    x.prepare("run")
    told = subprocess.run(
        [str(x.BIN / "aspects"), "two words", "--x"], capture_output=True, text=True, check=False, cwd=tmp_path
    )
    assert (told.stdout, told.stderr, told.returncode) == ("['two words', '--x']\n", "", 7)
    assert installs


def test_command_may_be_imported_by_server_processes(x: ModuleType, installs: list[str], tmp_path: Path) -> None:
    (x.ROOT / "app").mkdir()
    (x.ROOT / "app" / "cli.py").write_text("def main():\n    raise SystemExit('ran')\n")
    x.prepare("run")
    code = f"import runpy; runpy.run_path({str(x.BIN / 'aspects')!r}, run_name='__mp_main__'); print('imported')"
    told = subprocess.run([str(x.PYTHON), "-c", code], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert told.stdout == "imported\n"
    assert installs


def test_environment_of_a_moved_checkout_is_not_sound(x: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    venv.create(x.VENV, symlinks=True)
    assert x.venv_is_sound()
    moved = x.VENV.rename(x.ROOT / "moved")
    (x.ROOT / ".venv").symlink_to(moved)
    monkeypatch.setattr(x, "VENV", moved / "elsewhere")
    assert not x.venv_is_sound()


def test_folder_that_is_no_environment_is_left_alone(x: ModuleType) -> None:
    x.VENV.mkdir()
    (x.VENV / "thesis.txt").write_text("years of work")
    with pytest.raises(x.Failure, match="not a virtual environment"):
        x.make_venv()
    assert (x.VENV / "thesis.txt").exists()


def test_python_without_ensurepip_is_told_what_to_install(x: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(x.importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setattr(x, "find_uv", lambda: None)
    with pytest.raises(x.Failure, match="python3-venv"):
        x.make_venv()


def test_pip_installs_where_uv_fails(x: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[Sequence[str]] = []
    monkeypatch.setattr(x, "find_uv", lambda: "/opt/broken/uv")
    monkeypatch.setattr(x, "try_run", lambda command: command[0] != "/opt/broken/uv")
    monkeypatch.setattr(x, "run", ran.append)
    x.install(x.LOCKS / "run.txt")
    assert [command[:3] for command in ran] == [[str(x.PYTHON), "-m", "pip"]]
    assert "--require-hashes" in ran[0]


@pytest.mark.parametrize("version", [(3, 10, 14), (3, 8, 0)])
def test_older_python_is_told_so(x: ModuleType, monkeypatch: pytest.MonkeyPatch, version: tuple[int, ...]) -> None:
    monkeypatch.setattr(x.sys, "version_info", version)
    with pytest.raises(x.Failure, match=r"Python 3\.11 or later is needed"):
        x.main()


def test_one_failed_check_fails_the_whole_and_the_others_still_run(
    x: ModuleType, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(x, "prepare", lambda _lock: None)
    monkeypatch.setattr(x, "exit_code", lambda command: int("ruff" in command[0]))
    with pytest.raises(x.Failure, match="failed: format, lint"):
        x.check([])
    assert "--- Dockerfile" in capsys.readouterr().out

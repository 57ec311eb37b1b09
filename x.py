#!/usr/bin/env python3
"""Set up and run the project from a checkout: `python3 x.py --help`. Needs Python 3.11 or later, nothing else."""

from __future__ import annotations  # so that an older Python gets as far as saying that it is too old

import argparse
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
BIN = VENV / "bin"
PYTHON = BIN / "python"
LOCKS = ROOT / "requirements"
MIN_PYTHON = (3, 11)
HOSPITAL_EXTRAS = ("hospital", "dicom", "hl7", "jpeg")
"""What the container holds besides the base."""

LAUNCHED = {"aspects": "app.cli", "aspects-bids": "app.batch.scans.bids.command"}
"""Commands, and where their `main` is, as in the [project.scripts] of pyproject.toml."""
LAUNCHER = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys

from {module} import main

if __name__ == "__main__":
    sys.exit(main())
"""
"""A command. The shell line stands in for a shebang, which breaks on long paths and on spaces; server
processes import the file again, so it runs only as the main program."""


BY_FILE = ("--dist", "loadfile", "--no-loadscope-reorder")
"""How tests are shared out among cores: a file stays in one process; tests/conftest.py says which files begin."""


class Failure(Exception):
    """Something the caller can act on; its text is the whole message."""


# --- commands --------------------------------------------------------------------------------------------------------


def demo(rest: Sequence[str]) -> None:
    """Start the service, send it the sample scan with a case, print the answer, keep serving (--once: end)."""
    prepare("run")
    hand_over([str(PYTHON), "sample_data/demo.py", *rest])


def test(rest: Sequence[str]) -> None:
    """Run the tests on all cores; options go to pytest (-n 0: in one process)."""
    prepare("dev")
    # They start hundreds of processes; where Python may write no bytecode, each would compile what has changed.
    try_run([str(PYTHON), "-m", "compileall", "-q", "app", "imaging", "scoring"])
    hand_over([str(PYTHON), "-m", "pytest", "-n", "auto", *BY_FILE, *rest])


def serve(rest: Sequence[str]) -> None:
    """Run the service; options go to `aspects serve`."""
    prepare("run")
    hand_over([str(BIN / "aspects"), "serve", *rest])


def check(rest: Sequence[str]) -> None:
    """Run every check that is not a test, all of them even if one fails."""
    refuse_options("check", rest)
    prepare("dev")
    checks = {
        "format": [str(BIN / "ruff"), "format", "--check"],
        "lint": [str(BIN / "ruff"), "check"],
        "types": [str(BIN / "mypy")],
        "imports": [str(BIN / "lint-imports"), "--no-logo"],
        "doctests": [str(PYTHON), "-m", "pytest", "-q", "--doctest-modules", "scoring"],
        "rules": [str(BIN / "aspects"), "rules", "check"],
        "Dockerfile": [str(BIN / "hadolint"), "Dockerfile"],
        "Compose file": [
            *(str(BIN / "check-jsonschema"), "--quiet", "--builtin-schema", "vendor.compose-spec"),
            "deploy/compose.yaml",
        ],
    }
    failed = []
    for name, command in checks.items():
        say(f"--- {name}")
        if exit_code(command):
            failed.append(name)
    if failed:
        raise Failure(f"--- failed: {', '.join(failed)}")
    say(f"--- all passed: {', '.join(checks)}")


def bench(rest: Sequence[str]) -> None:
    """Measure request rates beside an empty endpoint, reading of scans, and judging of tables."""
    prepare("dev")
    hand_over([str(PYTHON), "bench/run.py", *rest])


def trial(rest: Sequence[str]) -> None:
    """Put infarcts of known place and depth into heads and read them: how well, beside a naive rule (--full: more)."""
    prepare("dev")
    hand_over([str(PYTHON), "bench/imaging_trial.py", *rest])


def fix(rest: Sequence[str]) -> None:
    """Format the code and mend what ruff can mend."""
    refuse_options("fix", rest)
    prepare("dev")
    mended = exit_code([str(BIN / "ruff"), "check", "--fix"])
    run([str(BIN / "ruff"), "format"])
    if mended:
        raise Failure("What is listed above needs a hand.")


def lock(rest: Sequence[str]) -> None:
    """Resolve pyproject.toml into the hashed locks anew (--upgrade: newest versions)."""
    prepare("run")
    uv = find_uv()
    if uv is None:
        raise Failure("uv is needed to lock and could not be installed.")
    resolve = [uv, "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
    resolve += ["--no-header", "--no-emit-index-url", "--no-emit-find-links", "--no-annotate", *rest]
    run([*resolve, "pyproject.toml", "-o", "requirements/run.txt"])
    hospital = [word for extra in HOSPITAL_EXTRAS for word in ("--extra", extra)]
    run([*resolve, "pyproject.toml", *hospital, "-c", "requirements/run.txt", "-o", "requirements/hospital.txt"])
    run([*resolve, "pyproject.toml", "--group", "dev", "-c", "requirements/run.txt", "-o", "requirements/dev.txt"])
    for tool in ("build", "uv"):
        run([*resolve, "--group", tool, "-o", f"requirements/{tool}.txt"])


COMMANDS = (demo, test, serve, check, bench, trial, fix, lock)


# --- set-up ----------------------------------------------------------------------------------------------------------


def prepare(lock_name: str) -> None:
    """Make .venv hold what the lock names, unless it already does. ``dev`` holds all of ``run``."""
    stamp = VENV / "installed-lock"
    enough = {lock_digest(lock_name), lock_digest("dev")}
    if PYTHON.exists() and stamp.is_file() and stamp.read_text() in enough:
        return
    started = time.monotonic()
    say(f"Setting up .venv from requirements/{lock_name}.txt, once ...")
    make_venv()
    stamp.unlink(missing_ok=True)
    install(LOCKS / f"{lock_name}.txt")
    link_checkout()
    stamp.write_text(lock_digest(lock_name))
    say(f"Set up in {time.monotonic() - started:.0f} s.")


def lock_digest(lock_name: str) -> str:
    """Differ between locks, Python versions, places of the checkout and launchers: each calls for its own set-up."""
    lock_bytes = (LOCKS / f"{lock_name}.txt").read_bytes()
    parts = [lock_bytes, sys.version.encode(), os.fsencode(ROOT), LAUNCHER.encode(), str(LAUNCHED).encode()]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def make_venv() -> None:
    """Create .venv, or replace one whose Python is gone, has another version or belongs to a moved checkout."""
    if VENV.exists():
        if venv_is_sound():
            return
        if not (VENV / "pyvenv.cfg").is_file():
            raise Failure(f"{VENV} is not a virtual environment; move it away and try again.")
        shutil.rmtree(VENV)
    uv = find_uv()
    if importlib.util.find_spec("ensurepip"):
        run([sys.executable, "-m", "venv", str(VENV)])
    elif uv:
        run([uv, "venv", "--quiet", "--python", sys.executable, str(VENV)])
    else:
        raise Failure(
            "This Python cannot make virtual environments: its module 'ensurepip' is missing.\n"
            "On Debian and Ubuntu install the package python3-venv, or put uv on the PATH; then try again."
        )


def venv_is_sound() -> bool:
    """Whether .venv has a Python of this very version that works and knows where it stands."""
    if not PYTHON.exists():
        return False
    told = subprocess.run(
        [str(PYTHON), "-c", "import sys; print(sys.prefix); print(sys.version)"],
        capture_output=True,
        text=True,
        check=False,
    )
    return told.stdout.splitlines() == [str(VENV), *sys.version.splitlines()]


def install(lock_file: Path) -> None:
    """Install a hashed lock with uv where it can be had (seconds), else with pip."""
    hashed = ["install", "--quiet", "--require-hashes", "-r"]
    pip = [str(PYTHON), "-m", "pip", "--disable-pip-version-check"]
    if not try_run([*pip, "--version"]):
        try_run([str(PYTHON), "-m", "ensurepip"])
    if find_uv() is None:
        try_run([*pip, *hashed, str(LOCKS / "uv.txt")])
    uv = find_uv()
    compiled = ["--compile-bytecode"] if lock_file.stem == "dev" else []  # see test()
    if uv and try_run([uv, "pip", *hashed, str(lock_file), "--python", str(PYTHON), *compiled]):
        return
    say("uv could not install the packages; installing with pip, which takes longer ...")
    run([*pip, *hashed, str(lock_file)])


def find_uv() -> str | None:
    return shutil.which("uv") or shutil.which("uv", path=str(BIN))


def link_checkout() -> None:
    """Make `import app` and the commands work from .venv, on the files of this checkout."""
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (VENV / "lib" / version / "site-packages" / "aspects_triage_checkout.pth").write_text(f"{ROOT}\n")
    for name, module in LAUNCHED.items():
        command = BIN / name
        command.write_text(LAUNCHER.format(python=PYTHON, module=module))
        command.chmod(0o755)


# --- running ---------------------------------------------------------------------------------------------------------


def hand_over(command: Sequence[str]) -> None:
    """Become another command, so that signals and exit codes are its own."""
    os.chdir(ROOT)
    os.execv(command[0], list(command))  # noqa: S606 -- the command is this project's own


def exit_code(command: Sequence[str]) -> int:
    return subprocess.run(command, cwd=ROOT, check=False).returncode


def run(command: Sequence[str]) -> None:
    """Run a command that must succeed; it says itself what is wrong."""
    if exit_code(command):
        raise Failure(f"This command failed: {' '.join(command)}")


def try_run(command: Sequence[str]) -> bool:
    """Run a command that may fail, quietly."""
    return subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 0


def refuse_options(name: str, rest: Sequence[str]) -> None:
    if rest:
        raise Failure(f"x.py {name} takes no options: {' '.join(rest)}")


def say(text: str) -> None:
    print(text, flush=True)


def main() -> None:
    if sys.version_info < MIN_PYTHON:
        raise Failure(f"Python 3.11 or later is needed; this is {sys.version.split()[0]}.")
    if os.name != "posix":
        raise Failure("x.py runs on Linux and macOS; on Windows use the Windows Subsystem for Linux or the container.")
    lines = "\n".join(f"  {command.__name__:<7} {command.__doc__}" for command in COMMANDS)
    parser = argparse.ArgumentParser(
        prog="x.py",
        description=f"{__doc__}\n\ncommands:\n{lines}",
        usage="python3 x.py COMMAND [OPTIONS]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=[command.__name__ for command in COMMANDS], help=argparse.SUPPRESS)
    words = sys.argv[1:]
    name = parser.parse_args(words[:1]).command
    next(command for command in COMMANDS if command.__name__ == name)(words[1:])


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(str(failure))
    except KeyboardInterrupt:
        sys.exit("Stopped.")

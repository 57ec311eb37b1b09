"""A PostgreSQL of the tests' own, from the system's packages: on a socket in a folder, gone with the tests."""

import itertools
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

ACCOUNT = "postgres"
"""PostgreSQL refuses to run as root; its packages bring this account."""


@dataclass
class Postgresql:
    """A running server; whoever may enter its folder is let in."""

    folder: Path
    programs: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def new_database(self) -> str:
        """Make an empty database and return its SQLAlchemy address."""
        name = f"aspects_{next(self._numbers)}"
        with psycopg.connect(host=str(self.folder), user=ACCOUNT, dbname="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://{ACCOUNT}@/{name}?host={self.folder}"

    def run(self, program: str, *options: str) -> None:
        """Run one of the server's programs under an account that it accepts."""
        as_account = {"user": ACCOUNT, "group": ACCOUNT, "extra_groups": []} if os.geteuid() == 0 else {}
        log = self.folder / "programs.log"
        with log.open("ab") as out:
            told = subprocess.run(
                [self.programs / program, *options],
                cwd=self.folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out, check=False, **as_account,
            )  # fmt: skip
        server_log = self.folder / "server.log"
        assert told.returncode == 0, log.read_text() + (server_log.read_text() if server_log.exists() else "")

    def start(self) -> None:
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", str(self.folder / "server.log"), "start")

    def stop(self, mode: str = "fast") -> None:
        """``immediate``: as if the power went."""
        self.run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def kill(self) -> None:
        """End every process of the server at once by SIGKILL; `start` then recovers from the log."""
        lock_file = self.folder / "data" / "postmaster.pid"
        postmaster = int(lock_file.read_text().splitlines()[0])
        os.kill(postmaster, signal.SIGSTOP)  # it would restart children that it sees die
        processes = [postmaster, *_children_of(postmaster)]
        for process in processes:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        while any(_lives(process) for process in processes):
            time.sleep(0.01)
        # Where nobody reaps the dead, as in some containers, the server would take them for alive.
        for file in (lock_file, *self.folder.glob(".s.PGSQL.*.lock")):
            file.unlink()


@contextmanager
def running_postgresql() -> Iterator[Postgresql]:
    """Start a server; where none is installed the test is skipped, and fails where CI is true."""
    programs = _programs()
    if programs is None:
        if os.environ.get("CI") == "true":
            pytest.fail("PostgreSQL is not installed.")
        pytest.skip("PostgreSQL is not installed (Debian and Ubuntu: apt-get install postgresql).")
    with tempfile.TemporaryDirectory(prefix="pg-", dir="/tmp", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        if os.geteuid() == 0:
            shutil.chown(folder, ACCOUNT, ACCOUNT)
        server = Postgresql(folder, programs)
        data = folder / "data"
        server.run("initdb", "-D", str(data), "-U", ACCOUNT, "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        with (data / "postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{folder}'\nshared_buffers = 32MB\n")
            # Only a machine that loses its power would need these; processes that are killed do not.
            settings.write("fsync = off\nfull_page_writes = off\n")
        server.start()
        try:
            yield server
        finally:
            server.stop("immediate")


def _children_of(process: int) -> list[int]:
    children = (Path("/proc") / str(process) / "task" / str(process) / "children").read_text()
    return [int(child) for child in children.split()]


def _lives(process: int) -> bool:
    """Whether it is there and no zombie."""
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except OSError:
        return False


def _programs() -> Path | None:
    """The folder of initdb: Debian keeps each version's programs apart from the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None

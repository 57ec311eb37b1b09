"""A hospital's service under load, whose processes are killed: what it acknowledged, and what became of that."""

import json
import os
import random
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from itertools import cycle, islice
from pathlib import Path

import httpx
from sqlalchemy import Engine, select

from app.access import keys
from app.access.actor import Actor, ActorKind, Scope
from app.access.keys import KeyWanted
from app.queue import job_rows
from app.queue.queue import MOST_ATTEMPTS
from app.settings.settings import Settings
from app.store.database import open_database
from app.store.record_check import check_record
from app.store.rule_snapshot import keep_installed_rules
from app.store.schema import migrate
from app.store.tables_audit import audit_events
from app.store.tables_cases import case_revisions
from app.store.writer import Writer
from tests.app.queue.desk import Worker, until
from tests.peers.orthanc import free_port
from tests.peers.postgresql import Postgresql

ROOT = Path(__file__).parents[2]
CASE = json.loads((ROOT / "sample_data" / "cases" / "spoke_left_m1.json").read_text())
TESTS = Actor(ActorKind.SYSTEM, "tests", frozenset())
_CASE_CALLERS = 2
_PAUSE_SECONDS = {"case": 0.1, "scan": 0.8}
"""Between two requests of a caller; a stand-in reads about a scan a second."""
_LONGEST_SECONDS = 600.0
"""Within which everything accepted must have ended; a loaded machine is slow."""


@dataclass
class Siege:
    """Three kinds of process, callers that never stop asking, and notes of what was acknowledged."""

    settings: Settings
    engine: Engine
    folder: Path
    database: Postgresql | None
    """``None``: SQLite, which dies with whoever uses it."""
    port: int = field(default_factory=free_port)
    cases: list[tuple[str, int]] = field(default_factory=list)
    jobs: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    _asker: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=10))
    """One for all: to make one takes as long as a dozen questions."""
    _web: subprocess.Popen[bytes] | None = None
    _worker: Worker | None = None
    _over: threading.Event = field(default_factory=threading.Event)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def victims(self) -> dict[str, Callable[[], None]]:
        """How each kind of process is killed and started again."""
        return {
            "web": self.kill_web, "worker": self.kill_worker, "database": self.kill_database,
            "server process": self.kill_server_process,
        }  # fmt: skip

    @property
    def order(self) -> tuple[str, ...]:
        """Who is killed after whom, round and round. A web server takes longest to start."""
        if self.database is None:
            return ("web", "worker", "server process", "worker")
        return ("web", "worker", "database", "server process", "worker", "database")

    def start_web(self) -> None:
        told = {f"ASPECTS_{name.upper()}": str(value) for name, value in _chosen(self.settings).items()}
        command = [sys.executable, "-c", "from app.cli import main; main()", "serve", "--port", str(self.port)]
        with (self.folder / "web.log").open("ab") as log:
            self._web = subprocess.Popen(
                [*command, "--workers", "2"], stdout=log, stderr=log, cwd=ROOT, env={**os.environ, **told},
                start_new_session=True,
            )  # fmt: skip

    def is_ready(self) -> bool:
        assert self._web is not None
        assert self._web.poll() is None, "the web server ended:" + (self.folder / "web.log").read_text()[-3000:]
        with suppress(httpx.TransportError):
            return self._asker.get(f"{self.address}/readyz").status_code == httpx.codes.OK
        return False

    def kill_web(self) -> None:
        assert self._web is not None
        os.killpg(self._web.pid, signal.SIGKILL)
        self._web.wait()
        self.start_web()

    def kill_server_process(self) -> None:
        """The one of the web server's processes that has served longest; the server puts another in its place."""
        assert self._web is not None
        os.kill(_server_processes(self._web.pid)[0], signal.SIGKILL)

    def start_worker(self) -> None:
        log = self.folder / "worker.log"
        log.touch()
        self._worker = Worker(self.settings, "slow", log, start_seconds=_LONGEST_SECONDS).start()

    def kill_worker(self) -> None:
        assert self._worker is not None
        self._worker.kill()
        self._worker.start()

    def kill_database(self) -> None:
        assert self.database is not None
        self.database.kill()
        self.database.start()

    def call(self, kind: str, ask: Callable[[httpx.Client], None], headers: dict[str, str]) -> None:
        """Ask again and again; whatever is in the way, go on."""
        with httpx.Client(base_url=self.address, headers=headers) as client:
            while not self._over.wait(_PAUSE_SECONDS[kind]):
                with suppress(httpx.TransportError):
                    ask(client)

    def send_case(self, client: httpx.Client) -> None:
        answer = client.post("/v1/triage", json={**CASE, "case_id": f"case-{secrets.token_hex(4)}"}, timeout=60)
        self.statuses[answer.status_code] += 1
        if answer.status_code == httpx.codes.OK:
            record = answer.json()["record"]
            self.cases.append((record["case_id"], record["revision"]))

    def send_scan(self, client: httpx.Client) -> None:
        answer = client.post(
            "/v1/scans", files={"scan": secrets.token_bytes(64)}, headers={"prefer": "respond-async"}, timeout=60
        )
        self.statuses[answer.status_code] += 1
        if answer.status_code == httpx.codes.ACCEPTED:
            self.jobs.append(answer.headers["location"].rpartition("/")[2])

    def close(self) -> None:
        self._over.set()
        self._asker.close()
        if self._web is not None:
            os.killpg(self._web.pid, signal.SIGKILL)
            self._web.wait()
        if self._worker is not None:
            self._worker.close()


@dataclass(frozen=True)
class Outcome:
    """What was found once the last accepted scan had ended."""

    kills: dict[str, int]
    cases: int
    jobs: int
    statuses: dict[int, int]
    """How often callers heard what."""
    lost: list[object]
    """Acknowledged cases that are not kept, and accepted scans that never ended."""
    most_begun: int
    """How often the reading of one scan was begun, at most."""
    ended_twice: int
    faults: Sequence[object]
    """Of the record and its audit trail."""
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether nothing was lost, and no reading repeated more than once."""
        repeated = self.most_begun > MOST_ATTEMPTS or self.ended_twice > 0
        return not (self.lost or self.faults or repeated or 500 in self.statuses)


def killed(folder: Path, kills: int, database: Postgresql | None = None) -> Outcome:
    """Kill one process after another, under load; then let everything end, and look."""
    began = time.monotonic()
    with _siege(folder, database) as siege:
        draw = random.Random(kills)
        for victim in islice(cycle(siege.order), kills):
            time.sleep(draw.uniform(0.2, 1.5))
            siege.victims[victim]()
            siege.kills[victim] += 1
            until(siege.is_ready, _LONGEST_SECONDS)
        siege._over.set()
        until(partial(_all_ended, siege), _LONGEST_SECONDS)
        return _outcome(siege, began)


@contextmanager
def _siege(folder: Path, database: Postgresql | None) -> Iterator[Siege]:
    url = {} if database is None else {"database_url": database.new_database()}
    settings = Settings(
        data_dir=folder / "data", disk_free_limit_mib=0, memory_free_limit_mib=0, queue_waiting_limit=100_000,
        request_limit_per_minute=10**8, **url,
    )  # fmt: skip
    assert settings.data_dir is not None
    settings.data_dir.mkdir(parents=True)
    engine = open_database(settings)
    migrate(engine)
    writer = Writer(engine)
    writer.write_blocking(keep_installed_rules)
    wanted = KeyWanted("siege", frozenset(Scope))
    key = writer.write_blocking(partial(keys.make_key, wanted=wanted, by=TESTS))
    writer.close()
    siege = Siege(settings, engine, folder, database)
    headers = {"authorization": f"Bearer {key.secret}"}
    with ExitStack() as stack:
        stack.callback(engine.dispose)
        stack.callback(siege.close)
        siege.start_web()
        siege.start_worker()
        until(siege.is_ready, _LONGEST_SECONDS)
        asked = [("case", siege.send_case)] * _CASE_CALLERS + [("scan", siege.send_scan)]
        for kind, ask in asked:
            caller = threading.Thread(target=siege.call, args=(kind, ask, headers), daemon=True)
            caller.start()
            stack.callback(caller.join)
        stack.callback(siege._over.set)
        yield siege


def _server_processes(web: int) -> list[int]:
    """The oldest first."""
    children = Path(f"/proc/{web}/task/{web}/children").read_text().split()
    return [int(child) for child in children if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _chosen(settings: Settings) -> dict[str, object]:
    return {name: getattr(settings, name) for name in settings.model_fields_set}


def _all_ended(siege: Siege) -> bool:
    with siege.engine.connect() as connection:
        return not job_rows.unfinished_after(connection, 0, 1)


def _outcome(siege: Siege, began: float) -> Outcome:
    with siege.engine.connect() as connection:
        rows = connection.execute(select(case_revisions.c.case_id, case_revisions.c.revision))
        held = {(row.case_id, row.revision) for row in rows}
        ended = {view.job_id for view in job_rows.views(connection, most=10**6)}
        events = connection.execute(select(audit_events.c.action, audit_events.c.subject)).all()
        faults = check_record(connection).faults
    begun = Counter(row.subject for row in events if row.action == "scan.begun")
    read = Counter(row.subject for row in events if row.action == "scan.read")
    lost = [one for one in siege.cases if one not in held] + [job for job in siege.jobs if job not in ended]
    return Outcome(
        kills=dict(siege.kills), cases=len(siege.cases), jobs=len(siege.jobs), statuses=dict(siege.statuses),
        lost=lost, most_begun=max(begun.values(), default=0), ended_twice=sum(times > 1 for times in read.values()),
        faults=faults, seconds=time.monotonic() - began,
    )  # fmt: skip

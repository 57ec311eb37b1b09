"""A run on a Dask cluster: a real scheduler over TLS, two worker processes, one of them killed mid-run."""

import csv
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.batch.faults import TableUnusable
from app.batch.scans.cluster import Cluster, on_cluster
from app.batch.scans.run import Counts, Limits, run_scans

ROOT = Path(__file__).parents[4]
SCANS, COPIES = 16, 2
NOTES = """
import json, os, sys, time
sys.stdout.write("ready\\n"); sys.stdout.flush()
line = sys.stdin.readline()
if not line: sys.exit()
job = json.loads(line)
with open({log!r}, "a") as log: log.write(open(job["scan"]).read() + "\\n")
time.sleep(0.25)
refusal = {{"code": "NOT_A_HEAD", "text": "No head.", "remedy": "Send a head CT."}}
reading = {{"status": "refused", "refusal": refusal, "warnings": [], "versions": {{"atlas": "1"}}}}
with open(job["answer"] + ".part", "w") as answer: json.dump({{"reading": reading}}, answer)
os.rename(job["answer"] + ".part", job["answer"])
"""
"""A reader that notes which scan it was given, then takes a quarter of a second."""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate of the loopback address that is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    (folder / "cert.pem").write_bytes(certificate.public_bytes(pem))
    form, closed = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    (folder / "key.pem").write_bytes(key.private_bytes(pem, form, closed))
    return folder / "cert.pem", folder / "key.pem"


class Machines:
    """A scheduler and its workers, each a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.certificate, self.key = make_certificate(folder)
        self._file = folder / "scheduler.json"
        self._folder = folder
        self._started: list[subprocess.Popen[bytes]] = []
        self._start("scheduler", "--host", "127.0.0.1", "--port", "0", "--protocol", "tls")
        self.workers = [self._start("worker", "--nthreads", "1", "--no-nanny", "--death-timeout", "60") for _ in "ab"]
        deadline = time.monotonic() + 60
        while not self._file.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        self.address = json.loads(self._file.read_text())["address"]

    @property
    def cluster(self) -> Cluster:
        return Cluster(self.address, self.certificate, self.certificate, self.key)

    def _start(self, part: str, *options: str) -> subprocess.Popen[bytes]:
        files = ("--tls-ca-file", self.certificate, "--tls-cert", self.certificate, "--tls-key", self.key)
        place = ("--scheduler-file", self._file, "--no-dashboard")
        command = [sys.executable, "-m", f"distributed.cli.dask_{part}", *options, *map(str, (*files, *place))]
        if part == "worker":
            command += ["--local-directory", str(self._folder)]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, **quiet)
        self._started.append(process)
        return process

    def stop(self) -> None:
        for process in self._started:
            process.kill()
            process.wait()


@pytest.fixture(scope="module")
def machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    started = Machines(tmp_path_factory.mktemp("dask"))
    yield started
    started.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(SCANS):
        (folder / f"{number:02}.nii").write_text(f"scan {number}")
    for number in range(COPIES):
        (folder / f"copy {number}.nii").write_text(f"scan {number}")
    return folder


def run(machines: Machines, folder: Path, out: Path, log: Path) -> Counts:
    limits = Limits(1, 20, 4096, (sys.executable, "-c", NOTES.format(log=str(log))))
    return run_scans(folder, out, limits, on_cluster(machines.cluster, folder))


def finished(out: Path) -> set[Path]:
    return set(out.glob("scans/[0-9a-f]*.json"))


@pytest.mark.filterwarnings("ignore")
def test_a_lost_worker_loses_nothing_and_no_finished_scan_is_read_again(
    machines: Machines, folder: Path, tmp_path: Path
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    at_kill: set[Path] = set()

    def kill() -> None:
        """Wait until a few scans are done on both workers, then take one worker away."""
        while len(finished(out)) < 4:
            time.sleep(0.02)
        at_kill.update(finished(out))
        os.kill(machines.workers[0].pid, signal.SIGKILL)

    killer = threading.Thread(target=kill, daemon=True)
    killer.start()
    counts = run(machines, folder, out, log)
    killer.join(10)
    assert machines.workers[0].wait(10) == -signal.SIGKILL
    assert 4 <= len(at_kill) < SCANS, "the worker was lost mid-run"
    assert counts.statuses == {"refused": SCANS + COPIES}
    with (out / "results.csv").open(newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == SCANS + COPIES
    assert len(finished(out)) == SCANS
    reads = Counter(log.read_text().split("\n"))
    done = {json.loads(path.read_text())["sha256"] for path in at_kill}
    names = {row["sha256"]: (folder / row["case_id"]).read_text() for row in rows}
    assert all(reads[names[digest]] == 1 for digest in done), "what was finished is not read again"
    assert sum(reads.values()) - 1 <= SCANS + 3, "only what the lost worker had in hand is read twice"

    again = run(machines, folder, out, tmp_path / "second log")
    assert again.earlier == SCANS + COPIES
    assert not (tmp_path / "second log").exists()


@pytest.mark.filterwarnings("ignore")
def test_what_cannot_be_used_is_said_before_anything_is_read(
    machines: Machines, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(TableUnusable, match="go together"):
        Cluster(machines.address, tls_ca=machines.certificate).security()
    monkeypatch.setattr("app.batch.scans.cluster._CONNECT_SECONDS", 1)
    unsafe = machines.address.replace("tls://", "tcp://")
    for address in (unsafe, "tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1"):
        with pytest.raises(TableUnusable, match="no Dask scheduler"):
            run_scans(folder, tmp_path / "out", Limits(1, 20, 4096), on_cluster(Cluster(address), folder))
    assert not finished(tmp_path / "out")
    monkeypatch.setattr("app.batch.scans.results.__version__", "another")
    with pytest.raises(TableUnusable, match="other versions"):
        run(machines, folder, tmp_path / "out", tmp_path / "log")

"""Start the service, send it the sample scan with a case, print the answer; then keep serving, or end with --once."""

from __future__ import annotations

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
from pathlib import Path
from typing import IO

import send_sample

ASPECTS = Path(sys.executable).parent / "aspects"
SAMPLE_CT = Path(__file__).resolve().parent / "head_ct_left_mca_dicom.zip"
READY_WITHIN_SECONDS = 60
STOP_WITHIN_SECONDS = 10


class DemoFailed(Exception):
    """The service could not be shown at work; the text says where it stopped."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 x.py demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the answer")
    parser.add_argument("--port", type=int, default=8000, help="default: %(default)s; another is taken if it is busy")
    options = parser.parse_args()
    port = free_port(options.port)
    address = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryFile() as log:
        service = start(port, log)
        try:
            wait_until_ready(service, address)
            print(send_sample.as_text(send_sample.send(address)))
            if options.once:
                return 0
            print(f"\nA head CT to open in the form: {SAMPLE_CT}")
            print(f"The form: {address}/   The API: {address}/docs   Ctrl-C stops.", flush=True)
            service.wait()
        except KeyboardInterrupt:
            print("\nStopped.")
            return 0
        except (DemoFailed, send_sample.SendFailed) as failure:
            print(f"{failure}\n{last_lines(log)}", file=sys.stderr)
            return 1
        finally:
            stop(service)
    print(f"The service ended by itself with exit code {service.returncode}.", file=sys.stderr)
    return 1


def start(port: int, log: IO[bytes], *options: str) -> subprocess.Popen[bytes]:
    """Start the service; Ctrl-C goes to the demo alone, which then ends the service in order."""
    command = [str(ASPECTS), "serve", "--port", str(port), *options]
    return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, start_new_session=True)


def free_port(wanted: int) -> int:
    """Return the wanted port (0: any), or another and say so, when something else listens there."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            found = int(probe.getsockname()[1])
        if wanted not in {0, found}:
            print(f"Port {wanted} is taken; using {found}.", flush=True)
        return found
    raise DemoFailed("No port is free on this machine.")


def wait_until_ready(service: subprocess.Popen[bytes], address: str) -> None:
    """Return once /readyz answers 200.

    Raises
    ------
    DemoFailed
        The service ended, or was not ready within ``READY_WITHIN_SECONDS``.
    """
    deadline = time.monotonic() + READY_WITHIN_SECONDS
    last = "it did not answer"
    while time.monotonic() < deadline:
        if service.poll() is not None:
            raise DemoFailed(f"The service ended with exit code {service.returncode} before it was ready.")
        try:
            with send_sample.DIRECT.open(f"{address}/readyz", timeout=5):
                return
        except (urllib.error.URLError, OSError) as error:
            last = str(error)
        time.sleep(0.1)
    raise DemoFailed(f"The service was not ready within {READY_WITHIN_SECONDS} s: {last}.")


def stop(service: subprocess.Popen[bytes]) -> None:
    """End the service as a supervisor would; kill it only when it does not listen."""
    if service.poll() is None:
        service.send_signal(signal.SIGTERM)
        try:
            service.wait(STOP_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            service.kill()
            service.wait()


def last_lines(log: IO[bytes], count: int = 20) -> str:
    log.seek(0)
    lines = log.read().decode("utf-8", "replace").splitlines()[-count:]
    return "\n".join(["The service said last:", *lines]) if lines else "The service said nothing."


if __name__ == "__main__":
    sys.exit(main())

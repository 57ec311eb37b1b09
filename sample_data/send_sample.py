"""Send the sample scan with a case to a running service and print the answer: an HTTP client to start from."""

from __future__ import annotations

import json
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

from app.answers.note import triage_text
from app.answers.reading_note import reading_text

HERE = Path(__file__).resolve().parent
SCAN = HERE / "head_ct_left_mca.nii.gz"
CASE = HERE / "cases" / "spoke_left_m1.json"
ANSWER_WITHIN_SECONDS = 60

DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
"""Opens addresses on this machine; a proxy that the environment names has no business there."""

Answer = dict[str, Any]


class SendFailed(Exception):
    """There is no answer to show; the text says why."""


def send(address: str, scan: Path = SCAN, case: Path = CASE) -> Answer:
    """Post a scan with a case to ``/v1/scans`` and wait for the answer, polling the job where one was opened.

    Raises
    ------
    SendFailed
        A file cannot be read, the service cannot be reached, finds the request faulty, or refuses the scan.
    """
    boundary = uuid.uuid4().hex
    try:
        body = _multipart(boundary, {"scan": scan, "case": case})
    except OSError as error:
        raise SendFailed(f"{error.filename} cannot be read: {error.strerror}.") from error
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    deadline = time.monotonic() + ANSWER_WITHIN_SECONDS
    status, location, answer = _open(urllib.request.Request(f"{address}/v1/scans", body, headers))
    while status == 202 and time.monotonic() < deadline:
        time.sleep(0.5)
        target = urllib.request.Request(urllib.parse.urljoin(f"{address}/v1/scans", location))
        status, _, answer = _open(target)
    if status == 202:
        raise SendFailed(f"The service did not answer within {ANSWER_WITHIN_SECONDS} s.")
    if answer["reading"]["status"] != "scored":
        raise SendFailed(reading_text(answer["reading"]))
    return answer


def _multipart(boundary: str, files: dict[str, Path]) -> bytes:
    """One part a file, under the names that ``/v1/scans`` knows."""
    parts = []
    for name, path in files.items():
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; filename="{path.name}"\r\n'
        kind = "application/json" if path.suffix == ".json" else "application/octet-stream"
        parts.append(f"{head}Content-Type: {kind}\r\n\r\n".encode() + path.read_bytes() + b"\r\n")
    return b"".join(parts) + f"--{boundary}--\r\n".encode()


def _open(request: urllib.request.Request) -> tuple[int, str, Answer]:
    """Return HTTP status, the Location header and the decoded body."""
    try:
        with DIRECT.open(request, timeout=ANSWER_WITHIN_SECONDS) as response:
            return response.status, response.headers.get("Location", ""), json.load(response)
    except urllib.error.HTTPError as error:
        raise SendFailed(f"The service answered {error.code}: {error.read().decode('utf-8', 'replace')}") from error
    except (OSError, ValueError) as error:
        raise SendFailed(f"The service could not be reached: {error}") from error


def as_text(answer: Answer) -> str:
    """The reading of the scan and the judgement of the case, as the command line prints them."""
    return f"{reading_text(answer['reading'])}\n\n{triage_text(answer['triage'])}"


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python send_sample.py http://127.0.0.1:8000")
    try:
        print(as_text(send(sys.argv[1].rstrip("/"))))
    except SendFailed as failure:
        sys.exit(str(failure))

"""Send the sample scan with a case to a running service and print the answer: an HTTP client to start from."""

from __future__ import annotations

import json
import sys
import textwrap
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from pathlib import Path
from typing import Any

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
        The service cannot be reached, finds the request faulty, or refuses the scan.
    """
    boundary = uuid.uuid4().hex
    body = _multipart(boundary, {"scan": scan, "case": case})
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
        raise SendFailed(f"The scan was refused: {answer['reading']['refusal']['text']}")
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
    """What a clinician would want of the answer, in a screenful."""
    reading, triage = answer["reading"], answer["triage"]
    score, window, transfer = triage["aspects"], triage["time"], triage["transfer"]
    rows = [
        ("ASPECTS", f"{_known(score['total'])} of 10 (between {score['low']} and {score['high']})"),
        ("Side", f"{_known(score['side'])}, the patient's"),
        ("Affected", ", ".join(_affected(score["regions"])) or "no region"),
        ("Window", _window(window)),
        ("Transfer", f"{transfer['action']}{_to(transfer)}"),
        ("Missing", ", ".join(triage["missing"]) or "nothing that could change an answer"),
        ("Read in", f"{sum(reading['timing_seconds'].values()):.1f} s"),
    ]
    lines = [f"{name:<10}{_wrapped(text)}" for name, text in rows]
    lines += ["", "Thrombectomy", *(_answer_line(one) for one in triage["evt"])]
    warnings = [one["text"] for one in reading["warnings"]]
    if warnings:
        lines += ["", "Warnings", *(f"  {_wrapped(text)}" for text in warnings)]
    return "\n".join([*lines, "", textwrap.fill(triage["not_for_clinical_use"], 100)])


def _answer_line(one: Answer) -> str:
    """One rule set's outcome, with its level and clause, or what it waits for."""
    outcome = f"{one['outcome']} {one['level'] or ''}".strip()
    because = f"clause {one['clause']}" if one["clause"] else ""
    if one["missing"]:
        because = f"needs {', '.join(one['missing'])}"
    return f"  {one['ruleset']:<24}{outcome:<22}{because}".rstrip()


def _affected(regions: dict[str, str]) -> list[str]:
    return [name for name, status in regions.items() if status == "affected"]


def _window(time_answer: Answer) -> str:
    minutes = time_answer["minutes_since_anchor"]
    if minutes is None:
        return "not known, for want of a time"
    return f"{_known(time_answer['window'])}, {minutes} minutes since {str(time_answer['anchor']).replace('_', ' ')}"


def _to(transfer: Answer) -> str:
    return f" to {transfer['destination']}" if transfer.get("destination") else ""


def _known(value: object) -> str:
    """A value as text; what is not known is said to be so, never shown as zero or left blank."""
    return "not known" if value is None else str(value)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, 90, subsequent_indent=" " * 10)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Usage: python send_sample.py http://127.0.0.1:8000")
    try:
        print(as_text(send(sys.argv[1].rstrip("/"))))
    except SendFailed as failure:
        sys.exit(str(failure))

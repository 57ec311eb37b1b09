"""Folders of scans being read and of answers that wait to be fetched; they outlive a request, not the server.

A job is a folder, so every worker process of one server can answer for it.
"""

import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

_ID = re.compile(r"[A-Za-z0-9_-]{22}", re.ASCII)
_ID_BYTES = 16
_ANSWER = "answer"
_UPLOAD = "upload"
_VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP status with the JSON text that belongs to it."""

    status: int
    body: bytes


@dataclass(frozen=True, slots=True)
class JobTable:
    """The jobs of one server."""

    folder: Path
    keep_seconds: float
    """How long an answer can be fetched, in seconds."""
    longest_seconds: float
    """Beyond this age, in seconds, an unanswered job is one whose process died."""

    def open(self) -> str:
        """Make a place for a scan; return the job's name, which cannot be guessed."""
        self.sweep()
        job_id = secrets.token_urlsafe(_ID_BYTES)
        self.upload_folder(job_id).mkdir(parents=True, mode=0o700)
        return job_id

    def upload_folder(self, job_id: str) -> Path:
        """Where the files of the scan lie until they are read."""
        return self.folder / job_id / _UPLOAD

    def views_folder(self, job_id: str) -> Path:
        """Where what a browser shows of the scan lies, for as long as the answer is kept."""
        return self.folder / job_id / _VIEWS

    def finish(self, job_id: str, answer: Answer) -> None:
        """Remove the scan and keep its answer."""
        shutil.rmtree(self.upload_folder(job_id), ignore_errors=True)
        path = self.folder / job_id / _ANSWER
        unfinished = path.with_suffix(".unfinished")
        unfinished.write_bytes(b"%d\n%b" % (answer.status, answer.body))
        unfinished.replace(path)

    def discard(self, job_id: str) -> None:
        """Remove the job with all its files."""
        shutil.rmtree(self.folder / job_id, ignore_errors=True)

    def is_known(self, job_id: str) -> bool:
        """Whether there is such a job, answered or not."""
        self.sweep()
        return _ID.fullmatch(job_id) is not None and (self.folder / job_id).is_dir()

    def answer(self, job_id: str) -> Answer | None:
        """The answer of a known job; ``None`` while it is being read."""
        try:
            status, _, body = (self.folder / job_id / _ANSWER).read_bytes().partition(b"\n")
        except FileNotFoundError:
            return None
        return Answer(int(status), body)

    def sweep(self) -> None:
        """Remove answers nobody fetched in time, and what a process that died left behind."""
        now = time.time()
        for job in self.folder.iterdir() if self.folder.is_dir() else ():
            answer = job / _ANSWER
            try:
                age_seconds = now - (answer if answer.exists() else job).stat().st_mtime
                limit_seconds = self.keep_seconds if answer.exists() else self.longest_seconds
            except FileNotFoundError:
                continue  # another worker swept it first
            if age_seconds > limit_seconds:
                shutil.rmtree(job, ignore_errors=True)

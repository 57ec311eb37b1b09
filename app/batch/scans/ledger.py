"""What a run over scans has settled so far: one JSON file a scan as soon as it is read, the tables at the end."""

import base64
import fcntl
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from app.batch.faults import TableUnusable
from app.batch.scans import results
from app.batch.scans.folder import ScanEntry
from app.batch.scans.results import Reading
from app.batch.whole_file import Unfinished

THUMBNAIL = "thumbnail_webp_base64"
"""Where a reading that a child has just made holds its picture; the kept reading has none."""


@dataclass(slots=True)
class Counts:
    """How a run stands."""

    scans: int
    done: int = 0
    earlier: int = 0
    """Of these, scans that an earlier run, or a scan of the same content, had settled."""
    statuses: dict[str, int] = field(default_factory=dict)


class Ledger:
    """Results below one folder, written by one process however many read the scans."""

    def __init__(self, out: Path, entries: Sequence[ScanEntry]) -> None:
        self.made_by = results.versions()
        self.counts = Counts(len(entries))
        self.rows: dict[int, dict[str, Any]] = {}
        """A line for each settled entry, by its place in the list of entries."""
        self._out = out
        self._entries = entries
        self._started = monotonic()

    def earlier(self, digest: str) -> Reading | None:
        """The reading of this content that is there already; ``None``: it has to be read."""
        return results.finished_reading(self._json(digest), self.made_by)

    def keep(self, digest: str, reading: Reading) -> None:
        """Write the picture, then the reading; a reading that is there is finished."""
        picture = reading.pop(THUMBNAIL, None)
        if picture is not None:
            with Unfinished(results.thumbnail_path(self._out, digest)) as unfinished:
                unfinished.stream.write(base64.b64decode(picture))
                unfinished.finish()
        results.write_reading(self._json(digest), reading, digest, self.made_by)

    def settle(self, number: int, digest: str | None, reading: Reading | None, *, earlier: bool = False) -> None:
        """Take note of what became of an entry; ``None``: its files could not be read from the disk."""
        self._note(number, results.row(self._entries[number].name, digest, reading), earlier=earlier)

    def fail(self, number: int, digest: str | None, reason: str) -> None:
        """Take note of an entry that got no reading, for a reason that is not the scan's."""
        line = results.row(self._entries[number].name, digest, None)
        self._note(number, line | {"reason": reason}, earlier=False)

    def refuse(self, number: int, reason: str) -> None:
        """Take note of an entry that the data set itself says is not for reading."""
        line = results.row(self._entries[number].name, None, None)
        self._note(number, line | {"status": "refused", "reason": reason}, earlier=False)

    def ordered(self) -> list[dict[str, Any]]:
        """The lines so far, in the order of the entries."""
        return [self.rows[number] for number in sorted(self.rows)]

    def _note(self, number: int, line: dict[str, Any], *, earlier: bool) -> None:
        self.rows[number] = line
        self.counts.done += 1
        self.counts.earlier += earlier
        self.counts.statuses[line["status"]] = self.counts.statuses.get(line["status"], 0) + 1
        self._tell()

    def _tell(self) -> None:
        if not sys.stderr.isatty():
            return
        counts = self.counts
        read = counts.done - counts.earlier
        rate = read / (monotonic() - self._started)
        left = f", about {(counts.scans - counts.done) / rate / 60:.0f} min left" if read else ""
        end = "\n" if counts.done == counts.scans else ""
        sys.stderr.write(f"\r{counts.done} of {counts.scans} scans, {rate * 60:.0f} read a minute{left}    {end}")
        sys.stderr.flush()

    def _json(self, digest: str) -> Path:
        return results.reading_path(self._out, digest)


def write_manifest(out: Path, entries: Sequence[ScanEntry]) -> None:
    """List what the run is going to read, before it starts: path, kind, number of files, bytes."""
    with Unfinished(out / "manifest.csv") as unfinished:
        lines: list[Mapping[str, Any]] = [entry.described() for entry in entries]
        unfinished.stream.write(results.csv_text(("case_id", "kind", "files", "bytes"), lines))
        unfinished.finish()


@contextmanager
def alone(out: Path, parts: Sequence[str] = ()) -> Iterator[None]:
    """Hold the folder for this run; the system lets go of it when the process ends, however it ends.

    ``parts``: only these parts of the folder's scans are read, so that runs over other parts may write there too.
    """
    with ExitStack() as held:
        whole = held.enter_context((out / ".lock").open("w"))
        _lock(whole, out, fcntl.LOCK_SH if parts else fcntl.LOCK_EX)
        for part in sorted(parts):
            _lock(held.enter_context((out / f".lock-{part}").open("w")), out, fcntl.LOCK_EX)
        if not parts:
            for leftover in (out / "scans").glob(".*.*.*"):  # what a run that was killed had not finished
                leftover.unlink(missing_ok=True)
        yield


def _lock(stream: Any, out: Path, kind: int) -> None:
    try:
        fcntl.flock(stream, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        raise TableUnusable(f"{out}: another run is writing there.") from None

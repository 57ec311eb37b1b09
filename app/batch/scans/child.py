"""Hands one scan to a child process: links in a private folder, so that nothing is written beside the scan."""

import tempfile
from pathlib import Path
from typing import Any

from app.batch.scans.folder import ScanEntry
from app.batch.scans.workers import ScanWorkers


async def read_entry(entry: ScanEntry, workers: ScanWorkers) -> dict[str, Any]:
    """Read a scan; the answer is a reading as JSON, with its small picture where there is one.

    Raises
    ------
    OSError
        The scan's files, or a place for links to them, are not there.
    WorkerUnavailable
        No process could be started.
    """
    with tempfile.TemporaryDirectory(prefix="aspects-scan-") as private:
        return await workers.read_with_thumbnail(_linked(entry, Path(private)))


def _linked(entry: ScanEntry, private: Path) -> Path:
    """Links to the scan's files, beside which the reader's process may leave its answer."""
    if not entry.is_folder:
        link = private / "scan"
        link.symlink_to(entry.files[0].resolve())
        return link
    folder = private / "scan"
    folder.mkdir()
    for number, path in enumerate(entry.files):
        (folder / f"{number:06}").symlink_to(path.resolve())
    return folder

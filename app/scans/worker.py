"""Child process that reads one scan and ends: what a hostile file does to it, it does to nothing else.

Started ahead of time as ``python -m app.scans.worker MEMORY_MIB CPU_SECONDS``. It takes limits upon itself, loads the
readers, waits for one line of JSON on standard input (``{"scan": path, "answer": path, "overlay": false, "thumbnail":
false, "views": null}``), writes the answer beside the scan, what a browser shows of it into the folder ``views``, and
ends. If the server dies, standard input closes and so does this process.
"""

import base64
import json
import os
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from imaging.reading import Artefacts
    from imaging.result import Reading

READY = b"ready\n"
"""Written to standard output once the readers are loaded."""

_PICTURES = {"overlay": "overlay_png_base64", "thumbnail": "thumbnail_webp_base64"}
"""Where a reading holds the pictures that were asked for."""


def main() -> None:
    """Limit, load, wait, read, answer."""
    memory_mib, cpu_seconds = int(sys.argv[1]), int(sys.argv[2])
    limit_resources(memory_mib, cpu_seconds)
    load_readers()
    sys.stdout.buffer.write(READY)
    sys.stdout.flush()
    if line := sys.stdin.readline():
        answer_job(line)


def load_readers() -> None:
    """Load what reads scans, before one arrives; a process whose atlas is damaged must not say that it is ready."""
    import imaging.reading  # noqa: F401, PLC0415 -- loaded under the limits
    from imaging.atlas import load_atlas  # noqa: PLC0415

    load_atlas()


def answer_job(line: str) -> None:
    """Read the scan of one line of JSON and write the answer that it asks for."""
    job = json.loads(line)
    wanted = {"overlay": job["overlay"], "thumbnail": job.get("thumbnail", False)}
    _write_whole(Path(job["answer"]), _answer(Path(job["scan"]), wanted, job.get("views"), job.get("drawing")))


def _answer(scan: Path, wanted: dict[str, bool], views: str | None, drawing: str | None) -> dict[str, Any]:
    """``{"reading": …}``, or ``{"fault": …, "frames": […]}`` for what the readers did not foresee."""
    from imaging.outputs import overlay_png, thumbnail_webp  # noqa: PLC0415 -- see main
    from imaging.reading import read_with_artefacts  # noqa: PLC0415

    try:
        reading, artefacts = read_with_artefacts(scan)
        answer = reading.to_json()
        for picture, draw in (("overlay", overlay_png), ("thumbnail", thumbnail_webp)):
            if wanted[picture] and artefacts is not None:
                answer[_PICTURES[picture]] = base64.b64encode(draw(reading, artefacts)).decode()
        if views is not None:
            _lay_out(scan, artefacts, Path(views))
        if drawing is not None and artefacts is not None:
            _draw(reading, artefacts, Path(drawing))
    except Exception as error:  # noqa: BLE001 -- the process boundary: the server logs the fault and refuses the scan
        frames = traceback.extract_tb(error.__traceback__)
        # No message: it may quote the file, and the file is about a patient.
        return {
            "fault": type(error).__name__,
            "frames": [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames],
        }
    return {"reading": answer}


def _lay_out(scan: Path, artefacts: "Artefacts | None", folder: Path) -> None:
    """Write what a browser shows; a reading is worth having without it, for example on a disk that is full."""
    from app.scans.views import write_views  # noqa: PLC0415 -- see main

    with suppress(Exception):
        write_views(scan, artefacts, folder)


def _draw(reading: "Reading", artefacts: "Artefacts", file: Path) -> None:
    """Write what DICOM objects show of the scan; without it they are made by reading the scan again."""
    from app.interop.dicom_out.kept_drawing import packed_drawing  # noqa: PLC0415 -- see main

    with suppress(Exception):
        unfinished = file.with_suffix(".unfinished")
        unfinished.write_bytes(packed_drawing(reading, artefacts))
        unfinished.replace(file)


def limit_resources(memory_mib: int, cpu_seconds: int) -> None:
    """Cap address space and processor time, and write no core file; systems other than POSIX have no such limits."""
    if os.name != "posix":
        return
    import resource  # noqa: PLC0415 -- POSIX only

    resource.setrlimit(resource.RLIMIT_AS, (memory_mib * 2**20, memory_mib * 2**20))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _write_whole(path: Path, answer: dict[str, Any]) -> None:
    unfinished = path.with_suffix(".unfinished")
    unfinished.write_text(json.dumps(answer, allow_nan=False), encoding="utf-8")
    unfinished.replace(path)


if __name__ == "__main__":
    main()

"""Lets a worker drain a thousand queued studies, and tells how much memory it took on the way.

Run as ``python bench/drain.py [STUDIES] [--real]``. The studies are queued before the worker starts; each becomes a
case, and a message to an HL7 receiver. A stand-in of the tests reads the scans, for each is read in a process of its
own that ends; ``--real``: the real readers, which refuse the two slices of a phantom. It ends with 1 if the worker's
memory grew by more than a tenth between the second tenth of the studies and the last.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import cast

sys.path.insert(0, str(Path(__file__).parents[1]))

from pydantic_core import to_json
from sqlalchemy import func, select

from app.hospital import Hospital, open_hospital
from app.interop.dicom_in.assembler import OWN
from app.queue.queue import STUDY, Identity, JobState, ScanJob
from app.settings.settings import Settings
from app.store.tables_queue import scan_jobs
from tests.app.interop.hl7.listener import Listener, acknowledge, listening
from tests.app.queue.desk import Worker, until
from tests.imaging.dicom_files import series, write

_SLICES = (0, 5)
_PARTS = 10
_MOST_GROWTH = 0.1
_TARGET = "targets: [{{name: ehr, kind: hl7, host: 127.0.0.1, port: {port}, events: [result.preliminary]}}]\n"


def main() -> int:
    """Fill, drain, tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("studies", type=int, nargs="?", default=1000)
    parser.add_argument("--real", action="store_true", help="read the scans with the real readers")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="drain-") as name, listening(acknowledge("AA")) as ehr:
        folder = Path(name)
        (folder / "deliveries.yaml").write_text(_TARGET.format(port=ehr.port))
        settings = Settings(
            data_dir=folder / "data", deliveries_file=folder / "deliveries.yaml", memory_free_limit_mib=0,
            disk_free_limit_mib=0,
        )  # fmt: skip
        hospital = cast("Hospital", open_hospital(settings))
        began = time.monotonic()
        fill(hospital, folder / "study", options.studies)
        print(f"{options.studies} studies queued in {time.monotonic() - began:.0f} s", flush=True)

        (folder / "worker.log").touch()
        worker = Worker(settings, "" if options.real else "scores", folder / "worker.log")
        try:
            memory = drained(hospital, worker.start(), options.studies)
            until(lambda: len(told_of(ehr)) == options.studies, 3600)
        finally:
            worker.close()
    growth = memory[-1] / memory[1] - 1
    print(f"each study told of; the worker's memory grew by {growth:.1%} from the second tenth to the last")
    return 0 if growth <= _MOST_GROWTH else 1


def told_of(ehr: Listener) -> set[str]:
    """The messages that came, each once: one whose acknowledgement is late comes again under its name."""
    return {str(message.segment("MSH")[10]) for message in ehr.received}


def fill(hospital: Hospital, folder: Path, studies: int) -> None:
    """Queue studies as they are queued once their objects were received."""
    folder.mkdir()
    for number in range(1, studies + 1):
        study = f"1.2.826.0.1.3680043.8.498.1.{number}"
        slices = series(_SLICES, StudyInstanceUID=study, SeriesInstanceUID=f"{study}.1")
        keys = hospital.objects.put(write(folder, slices))
        identity = Identity(f"P{number}", "", "", study)
        case = to_json({"case_id": study, "facts": {}})
        hospital.queue.scans.submit_blocking(ScanJob(tuple(keys), case, identity, origin=STUDY), OWN)


def drained(hospital: Hospital, worker: Worker, studies: int) -> list[float]:
    """Memory of the worker in MiB each time that another tenth of the studies was read."""
    began, memory = time.monotonic(), []
    for part in range(1, _PARTS + 1):
        while done(hospital) < studies * part // _PARTS:
            time.sleep(0.2)
        memory.append(worker.memory_mib())
        files, threads = worker.handles()
        seconds = time.monotonic() - began
        print(
            f"{done(hospital):>6} read, {seconds:5.0f} s: {memory[-1]:.0f} MiB, {files} files, {threads} threads",
            flush=True,
        )
    return memory


def done(hospital: Hospital) -> int:
    """How many scans have their answer."""
    count = select(func.count()).select_from(scan_jobs).where(scan_jobs.c.state == JobState.DONE)
    with hospital.engine.connect() as connection:
        return int(connection.execute(count).scalar_one())


if __name__ == "__main__":
    sys.exit(main())

"""What runs beside the requests of a hospital's service: numbers for the metrics, and the drain before the end."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from app.hospital import Hospital
from app.interop.dicom_in.parts import assembler_of
from app.operations import metrics, observers
from app.operations.watch import keep_reading
from app.serving.drain import drain_on_stop


@asynccontextmanager
async def running(hospital: Hospital) -> AsyncIterator[None]:
    """Count, watch and, when told to stop, drain, for as long as requests are answered."""
    observers.on_triage.append(metrics.count_triage)
    observers.on_reading.append(metrics.count_reading)
    drain_on_stop(hospital.watch, hospital.settings.drain_seconds)
    numbers = asyncio.create_task(keep_reading(hospital.watch, metrics.show_waiting))
    stop = threading.Event()
    studies = threading.Thread(target=assembler_of(hospital).run, args=(stop,), name="dicom-assembler")
    studies.start()
    try:
        yield
    finally:
        stop.set()
        await asyncio.to_thread(studies.join)
        numbers.cancel()
        observers.on_triage.remove(metrics.count_triage)
        observers.on_reading.remove(metrics.count_reading)

"""The parts of DICOM in, as the processes of a hospital's service share them."""

from pathlib import Path

from app.hospital import Hospital
from app.interop.dicom_in.assembler import Assembler, Record
from app.interop.dicom_in.handover import QueueHandover
from app.interop.dicom_in.spool import Spool
from app.settings.settings import Settings


def folder_of(data_dir: Path) -> Path:
    """Where received objects lie."""
    return data_dir / "dicom-in"


def spool_of(settings: Settings, data_dir: Path) -> Spool:
    """The spool that all ways in share."""
    return Spool(folder_of(data_dir), settings.dicom_free_disk_mib * 2**20)


def assembler_of(hospital: Hospital) -> Assembler:
    """The assembly of studies on a hospital's record and queue."""
    settings = hospital.settings
    if settings.data_dir is None:
        raise ValueError("A hospital's own service has a data folder.")
    handover = QueueHandover(settings, hospital.queue.files, hospital.queue.scans)
    record = Record(hospital.engine, hospital.writer)
    return Assembler(settings, folder_of(settings.data_dir), record, handover)

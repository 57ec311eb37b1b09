"""Whether there is room for another scan: on the disk and in memory."""

import re
import shutil
from pathlib import Path

from app.queue.queue import QueueFull
from app.settings.settings import Settings

_MIB = 1024 * 1024
_MEMORY = Path("/proc/meminfo")
_AVAILABLE = re.compile(r"^MemAvailable:\s+(\d+) kB$", re.MULTILINE)


def check_room(settings: Settings) -> None:
    """Raise `QueueFull` where disk or memory are below the limits of the settings."""
    if settings.data_dir is not None and _free_disk_mib(settings.data_dir) < settings.disk_free_limit_mib:
        raise QueueFull("The disk is nearly full.")
    available_mib = _available_memory_mib()
    if available_mib is not None and available_mib < settings.memory_free_limit_mib:
        raise QueueFull("The machine is short of memory.")


def _free_disk_mib(folder: Path) -> float:
    return shutil.disk_usage(folder).free / _MIB


def _available_memory_mib() -> float | None:
    """What the kernel could still give out; ``None`` on systems that do not say."""
    try:
        found = _AVAILABLE.search(_MEMORY.read_text())
    except OSError:
        return None
    return int(found.group(1)) / 1024 if found else None

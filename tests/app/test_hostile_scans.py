"""Hostile files against the real reader in its own process: each is refused, in time, and nothing else breaks."""

import gzip
import io
import stat
import struct
import threading
import time
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from app.answers.scan_schemas import ScanAnswer
from app.main import create_app
from app.scans.pool import ScanPool
from app.settings.settings import Settings
from tests.app.conftest import Serve
from tests.app.interop.dicom_in.test_sorting_hostile import deflated, huge, lying_codestream, many_frames

pytestmark = pytest.mark.anyio

_MIB = 1 << 20
MOST_BYTES = 1024 * _MIB
"""Memory that a process of the service really takes, whatever the file claims."""


def nifti_header(shape: tuple[int, int, int], data_type: int = 4, bits: int = 16, voxel_mm: float = 1.0) -> bytes:
    """A NIfTI-1 header of 352 bytes; data type 4: int16, 2: uint8."""
    header = bytearray(352)
    struct.pack_into("<i", header, 0, 348)
    struct.pack_into("<8h", header, 40, 3, *shape, 1, 1, 1, 1)
    struct.pack_into("<2h", header, 70, data_type, bits)
    struct.pack_into("<8f", header, 76, 1, voxel_mm, voxel_mm, voxel_mm, 0, 0, 0, 0)
    struct.pack_into("<f", header, 108, 352)
    struct.pack_into("<2f", header, 112, 1, 0)
    struct.pack_into("<2h", header, 252, 0, 1)
    struct.pack_into("<12f", header, 280, voxel_mm, 0, 0, 0, 0, voxel_mm, 0, 0, 0, 0, voxel_mm, 0)
    header[344:348] = b"n+1\0"
    return bytes(header)


def zipped(*members: tuple[str, bytes]) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in members:
            file.writestr(name, content)
    return archive.getvalue()


def zipped_link() -> bytes:
    """An archive with a symbolic link to a file of the machine."""
    archive, link = io.BytesIO(), zipfile.ZipInfo("scan.dcm")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr(link, "/etc/passwd")
    return archive.getvalue()


def dicom(*elements: bytes, preamble: bytes = b"\0" * 128) -> bytes:
    syntax = b"1.2.840.10008.1.2.1\0"
    meta = b"\x02\x00\x10\x00UI" + struct.pack("<H", len(syntax)) + syntax
    length = b"\x02\x00\x00\x00UL\x04\x00" + struct.pack("<I", len(meta))
    return preamble + b"DICM" + length + meta + b"".join(elements)


def nested_sequences(depth: int) -> bytes:
    opening = b"\x40\x00\x30\xa7SQ\0\0\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return opening * depth


FILES: dict[str, Callable[[], bytes]] = {
    "text": lambda: b"This is not a scan.",
    "cut gzip": lambda: gzip.compress(nifti_header((64, 64, 32)) + b"\1\2" * 131_072)[:-20],
    "gzip bomb": lambda: gzip.compress(nifti_header((1024, 1024, 300), 2, 8) + b"\0" * (300 * _MIB), 1),
    "NIfTI of 32767 cubed": lambda: nifti_header((32767, 32767, 32767)),
    "NIfTI cut short": lambda: nifti_header((64, 64, 32)) + b"\0" * 1000,
    "NIfTI of complex numbers": lambda: nifti_header((32, 32, 32), 32, 64) + b"\0" * 262_144,
    "zip bomb": lambda: zipped(("scan.dcm", b"\0" * (300 * _MIB))),
    "zip that climbs": lambda: zipped(("../evil.dcm", dicom()), ("../../evil.dcm", dicom())),
    "zip of many": lambda: zipped(*((f"{number}", b"") for number in range(6000))),
    "zip of a symbolic link": zipped_link,
    "DICOM of 60,000 x 60,000": huge,
    "DICOM of 100,000 frames": many_frames,
    "DICOM whose JPEG 2000 claims 30,000 x 30,000": lying_codestream,
    "DICOM that inflates to 300 MB": deflated,
    "DICOM behind a program": lambda: dicom(preamble=b"MZ" + b"\x90" * 126),
    "DICOM of 5,000 nested sequences": lambda: dicom(nested_sequences(5000)),
    "DICOM with an element of 2 GB": lambda: dicom(b"\x10\x00\x10\x00OB\0\0\xff\xff\xff\x7f" + b"x" * 100),
}


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(Settings(scan_dir=tmp_path / "scans", scan_memory_limit_mib=2048, scan_seconds_limit=30))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://aspects.test", timeout=120) as client:
        yield client
    await app.state.service.desk.close()
    assert list((tmp_path / "scans").iterdir()) == []


async def read(client: httpx.AsyncClient, *files: bytes) -> Any:
    return reading_of(await client.post("/v1/scans", files=uploads(*files)))


def uploads(*files: bytes) -> list[tuple[str, tuple[str, bytes]]]:
    return [("scan", ("scan", content)) for content in files]


def reading_of(response: httpx.Response) -> Any:
    assert response.status_code == 200, response.text
    return ScanAnswer.model_validate(response.json()).reading


@contextmanager
def watched(pid: int) -> Iterator[list[int]]:
    """Resident bytes of the largest process of a server, every hundredth of a second.

    What the system counts for an ended process will not do: it counts the process that started it along.
    """
    server, over, most = psutil.Process(pid), threading.Event(), [0]

    def watch() -> None:
        while not over.wait(0.01):
            for process in (server, *server.children(recursive=True)):
                with suppress(psutil.Error):
                    most.append(process.memory_info().rss)

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield most
    finally:
        over.set()
        watching.join()


def test_each_is_refused(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    """What an archive would write elsewhere, the server would leave behind; the folder it is given must end empty."""
    monkeypatch.setenv("ASPECTS_SCAN_MEMORY_LIMIT_MIB", "2048")
    refused = {}
    with serve() as server, watched(server.pid) as most, httpx.Client(base_url=server.address, timeout=120) as client:
        for name, make in FILES.items():
            content = make()
            started = time.monotonic()
            reading = reading_of(client.post("/v1/scans", files=uploads(content)))
            assert time.monotonic() - started < 30, name
            assert reading.status == "refused", name
            refused[name] = reading.refusal.code
    large = {"gzip bomb", "zip bomb", "NIfTI of 32767 cubed", "DICOM of 60,000 x 60,000", "DICOM of 100,000 frames"}
    assert {name for name, code in refused.items() if code == "TOO_LARGE"} >= large
    assert refused["DICOM that inflates to 300 MB"] == "UNSUPPORTED_TRANSFER_SYNTAX"
    assert 50 * _MIB < max(most) < MOST_BYTES


async def test_a_heap_of_them_is_refused(client: httpx.AsyncClient) -> None:
    names = ("text", "DICOM behind a program", "NIfTI cut short", "zip that climbs")
    assert (await read(client, *(FILES[name]() for name in names))).status == "refused"


async def test_a_scan_beyond_the_memory_of_its_process_is_too_large(tmp_path: Path) -> None:
    """As large as a head and 350 MB of voxels, in a process whose whole address space is 512 MiB."""
    scan = tmp_path / "scan.nii"
    with scan.open("wb") as file:
        file.write(nifti_header((560, 560, 560), voxel_mm=0.4))
        file.truncate(352 + 2 * 560**3)
    pool = ScanPool(Settings(scan_memory_limit_mib=512))
    reading = await pool.read(scan)
    await pool.close()
    assert reading["refusal"]["code"] == "TOO_LARGE"


async def test_a_scan_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    scan = tmp_path / "scan.nii"
    with scan.open("wb") as file:
        file.write(nifti_header((560, 560, 560), voxel_mm=0.4))
        file.truncate(352 + 2 * 560**3)
    pool = ScanPool(Settings(scan_seconds_limit=0.05))
    await pool.check()
    started = time.monotonic()
    reading = await pool.read(scan)
    assert time.monotonic() - started < 5
    await pool.close()
    assert reading["refusal"]["code"] == "TOO_LARGE"

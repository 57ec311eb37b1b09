"""Objects made to hurt: each is sorted in bounded time and memory, into a reason, and never raises."""

import os
import time
import tracemalloc
import zlib
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import JPEG2000Lossless

from app.interop.dicom_in.reasons import Aside
from app.interop.dicom_in.sorting import sort_object
from tests.app.interop.dicom_in.conftest import encoded
from tests.imaging.dicom_files import series

MOST_BYTES = 64 * 2**20
MOST_SECONDS = 20.0
WHOLE = encoded(series((0, 5))[0])


def sorted_within_bounds(tmp_path: Path, content: bytes) -> Aside | None:
    path = tmp_path / "object"
    path.write_bytes(content)
    tracemalloc.start()
    try:
        found = sort_object(path)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < MOST_BYTES
    return found.aside


def huge() -> bytes:
    one = series((0, 5))[0]
    one.Rows = one.Columns = 60_000
    return encoded(one)


def many_frames() -> bytes:
    one = series((0, 5), NumberOfFrames=100_000)[0]
    return encoded(one)


def nested() -> bytes:
    """5,000 sequences in one another, of undefined length."""
    element, item, depth = b"\x40\x00\x75\x02SQ\0\0\xff\xff\xff\xff", b"\xfe\xff\x00\xe0\xff\xff\xff\xff", 5000
    inside = (element + item) * depth + (b"\xfe\xff\x0d\xe0\0\0\0\0" + b"\xfe\xff\xdd\xe0\0\0\0\0") * depth
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    return WHOLE[:at] + inside + WHOLE[at:]


def deflated() -> bytes:
    head, _, _ = WHOLE.partition(b"\x08\x00\x05\x00")
    plain, packed = b"UI\x14\x001.2.840.10008.1.2.1\0", b"UI\x16\x001.2.840.10008.1.2.1.99"
    assert plain in head
    meta = head.replace(plain, packed, 1)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return meta + packer.compress(bytes(300 * 2**20)) + packer.flush()


def lying_length() -> bytes:
    """An element that claims 2 GiB."""
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    return WHOLE[:at] + b"\x0a\x40\x01\x00OB\0\0\xff\xff\xff\x7f" + b"x" * 100


def lying_codestream() -> bytes:
    one = series((0, 5))[0]
    siz = (30_000).to_bytes(4, "big") * 2
    frame = (
        b"\xff\x4f\xff\x51\x00\x29\x00\x00" + siz + bytes(8) + siz + bytes(8) + b"\x00\x01\x0f\x01\x01" + bytes(1000)
    )
    one.file_meta.TransferSyntaxUID = JPEG2000Lossless
    one.PixelData = encapsulate([frame])
    one["PixelData"].VR = "OB"
    return encoded(one)


def tiny_elements() -> bytes:
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    return WHOLE[:at] + b"\x0b\x40\x01\x00LO\0\0" * 1_200_000


def large_element() -> bytes:
    """A private element of 200 MiB that is really there."""
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    size = 200 << 20
    return WHOLE[:at] + b"\x0b\x40\x01\x10OB\0\0" + size.to_bytes(4, "little") + bytes(size) + WHOLE[at:]


def many_large_elements() -> bytes:
    """Each small enough to be read, 200 MiB together."""
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    size = 10 << 20
    one = b"\x0b\x40\x01\x10OB\0\0" + size.to_bytes(4, "little") + bytes(size)
    return WHOLE[:at] + one * 20 + WHOLE[at:]


def endless_element() -> bytes:
    """An element of undefined length whose end never comes."""
    at = WHOLE.index(b"\xe0\x7f\x10\x00OW")
    return WHOLE[:at] + b"\x0b\x40\x01\x10OB\0\0\xff\xff\xff\xff" + bytes(200 << 20)


def large_meta() -> bytes:
    """A file meta group of 200 MiB."""
    at, size = WHOLE.index(b"\x02\x00\x10\x00UI"), 200 << 20
    return WHOLE[:at] + b"\x02\x00\x02\x01OB\0\0" + size.to_bytes(4, "little") + bytes(size) + WHOLE[at:]


def polyglot() -> bytes:
    return b"MZ\x90\0" + WHOLE[4:]


@pytest.mark.parametrize(
    ("make", "reasons"),
    [
        (huge, {Aside.TOO_LARGE}),
        (many_frames, {Aside.TOO_LARGE}),
        (nested, {Aside.DAMAGED, None}),
        (deflated, {Aside.DEFLATED}),
        (lying_length, {Aside.DAMAGED, Aside.NOT_A_SLICE, Aside.BAD_UID, None}),
        (lying_codestream, {None}),  # its pixels are looked at where they are decoded, in a process with limits
        (polyglot, {None}),
        (large_element, {None}),
        (many_large_elements, {Aside.DAMAGED}),
        (endless_element, {Aside.DAMAGED}),
        (large_meta, {Aside.DAMAGED}),
    ],
)
def test_a_hostile_object_costs_little_and_gets_a_reason(
    tmp_path: Path, make: object, reasons: set[Aside | None]
) -> None:
    assert callable(make)
    assert sorted_within_bounds(tmp_path, make()) in reasons


def test_a_million_tiny_elements_are_given_up_on(tmp_path: Path) -> None:
    path = tmp_path / "object"
    path.write_bytes(tiny_elements())
    begun = time.process_time()
    assert sort_object(path).aside is Aside.DAMAGED
    assert time.process_time() - begun < MOST_SECONDS


@settings(max_examples=60)
@given(cut=st.integers(0, len(WHOLE)), at=st.integers(0, 2500), noise=st.binary(max_size=40))
def test_truncated_and_damaged_objects_never_raise(
    tmp_path_factory: pytest.TempPathFactory, cut: int, at: int, noise: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / f"object-{os.getpid()}"
    path.write_bytes((WHOLE[:at] + noise + WHOLE[at + len(noise) :])[:cut])
    found = sort_object(path)
    assert found.aside in {None, *Aside}


def test_traversal_in_a_uid_is_no_uid(tmp_path: Path) -> None:
    one = series((0, 5))[0]
    stream = BytesIO()
    one.StudyInstanceUID = "../../etc/passwd"
    one.RequestAttributesSequence = Sequence([Dataset()])
    one.save_as(stream, enforce_file_format=True)
    assert sorted_within_bounds(tmp_path, stream.getvalue()) is Aside.BAD_UID

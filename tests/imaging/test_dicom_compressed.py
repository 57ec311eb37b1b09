"""Compressed transfer syntaxes decode to the same densities; frames that lie about their size are never decoded."""

import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import UID, JPEG2000Lossless, JPEGLosslessSV1, JPEGLSLossless, RLELossless

from imaging.codestreams import check_codestream
from imaging.dicom_pixels import COMPRESSED_SYNTAXES
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import read_volume
from tests.imaging.dicom_files import changed, series, write


def compressed(syntax: str) -> list[Dataset]:
    slices = series()
    for one in slices:
        one.compress(UID(syntax), generate_instance_uid=False)
    return slices


def with_jpeg_lossless(folder: Path) -> Path:
    """A series encoded by GDCM's own program, the only free encoder of this syntax."""
    pytest.importorskip("gdcm")
    converter = shutil.which("gdcmconv", path=str(Path(sys.executable).parent))
    assert converter is not None
    packed = folder / "packed"
    packed.mkdir()
    for path in write(folder / "unpacked", series()).iterdir():
        subprocess.run([converter, "--jpeg", path, packed / path.name], check=True, capture_output=True)
    assert {dcmread(path).file_meta.TransferSyntaxUID for path in packed.iterdir()} == {JPEGLosslessSV1}
    return packed


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_lossless_syntaxes_decode_exactly(tmp_path: Path, syntax: str) -> None:
    plain = read_volume(write(tmp_path / "plain", series()))
    packed = read_volume(write(tmp_path / "packed", compressed(syntax)))

    np.testing.assert_array_equal(packed.hu, plain.hu)


def test_jpeg_lossless_decodes_exactly_where_gdcm_is_installed(tmp_path: Path) -> None:
    plain = read_volume(write(tmp_path / "plain", series()))
    packed = read_volume(with_jpeg_lossless(tmp_path))

    np.testing.assert_array_equal(packed.hu, plain.hu)


def test_without_a_decoder_the_syntax_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, compressed(JPEGLSLossless))
    monkeypatch.setattr("imaging.dicom_pixels._PLUGINS", ())

    with pytest.raises(ScanRefused) as caught:
        read_volume(tmp_path)
    assert caught.value.code == RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX
    assert "JPEG-LS" in caught.value.text


def test_lossy_compression_is_told(tmp_path: Path) -> None:
    volume = read_volume(write(tmp_path, series(LossyImageCompression="01")))

    assert any("lossy" in note for note in volume.acquisition.notes)


def frame_of(one: Dataset) -> tuple[int, int]:
    """Start and stop of the only frame within encapsulated pixel data with an empty or one-entry offset table."""
    data = one.PixelData
    first = 8 + struct.unpack_from("<I", data, 4)[0]
    return first + 8, first + 8 + struct.unpack_from("<I", data, first + 4)[0]


def tampered(syntax: str, find: bytes, skip: int, size: bytes) -> list[Dataset]:
    """A series whose frames claim another size, written ``skip`` bytes after the marker ``find``."""

    def lie(_: int, one: Dataset) -> None:
        start, stop = frame_of(one)
        frame = bytearray(one.PixelData[start:stop])
        at = frame.index(find) + skip
        frame[at : at + len(size)] = size
        one["PixelData"].value = encapsulate([bytes(frame)])

    return changed(compressed(syntax), lie)


@pytest.mark.parametrize(
    "slices",
    [
        tampered(JPEG2000Lossless, b"\xff\x51", 6, struct.pack(">II", 30_000, 30_000)),
        tampered(JPEG2000Lossless, b"\xff\x51", 22, struct.pack(">II", 1, 1)),
        tampered(JPEG2000Lossless, b"\xff\x51", 38, struct.pack(">H", 16_000)),
        tampered(JPEGLSLossless, b"\xff\xf7", 5, struct.pack(">HH", 30_000, 30_000)),
        tampered(JPEGLSLossless, b"\xff\xf7", 9, b"\x03"),
    ],
    ids=["j2k size", "j2k tiles", "j2k components", "jpeg-ls size", "jpeg-ls components"],
)
def test_frames_that_claim_another_size_are_refused_undecoded(
    tmp_path: Path, slices: list[Dataset], monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_decoding(*_: object, **__: object) -> None:
        raise AssertionError("the frame reached a decoder")

    monkeypatch.setattr("pydicom.pixels.decoders.base.Decoder.as_array", no_decoding)

    with pytest.raises(ScanRefused) as caught:
        read_volume(write(tmp_path, slices))
    assert caught.value.code == RefusalCode.CORRUPT_FILE
    assert not isinstance(caught.value.__cause__, AssertionError)


@pytest.mark.parametrize("syntax", sorted(COMPRESSED_SYNTAXES - {RLELossless}))
@pytest.mark.parametrize(
    "frame", [b"", b"\xff", b"\xff\xd8", b"\xff\x4f\xff\x51", bytes(64), b"\xff\xd8" + b"\xff" * 64]
)
def test_broken_codestreams_are_refused(syntax: str, frame: bytes) -> None:
    with pytest.raises((ScanRefused, struct.error)):
        check_codestream(frame, syntax, 56, 48)


def test_truncated_compressed_frame_is_refused(tmp_path: Path) -> None:
    def cut(_: int, one: Dataset) -> None:
        start, stop = frame_of(one)
        one["PixelData"].value = encapsulate([one.PixelData[start : start + (stop - start) // 3]])

    for number, syntax in enumerate([JPEGLSLossless, RLELossless]):
        with pytest.raises(ScanRefused) as caught:
            read_volume(write(tmp_path / str(number), changed(compressed(syntax), cut)))
        assert caught.value.code == RefusalCode.CORRUPT_FILE


@pytest.mark.parametrize("syntax", [RLELossless, JPEGLSLossless, JPEG2000Lossless])
def test_randomly_damaged_frames_are_read_or_refused(tmp_path: Path, syntax: str) -> None:
    """Anything else would end the process: a decoder that panics raises no ``Exception``."""
    slices = compressed(syntax)
    folder = write(tmp_path, slices)
    start, stop = frame_of(slices[0])
    whole = slices[0].PixelData[start:stop]
    generator = np.random.default_rng(5)
    codes = []
    for _ in range(40):
        frame = bytearray(whole)
        for at in generator.integers(2, len(frame), size=4):
            frame[at] = generator.integers(256)
        slices[0]["PixelData"].value = encapsulate([bytes(frame)])
        slices[0].save_as(folder / f"{len(slices):04d}", enforce_file_format=True)
        try:
            read_volume(folder)
        except ScanRefused as refusal:
            codes.append(refusal.code)
    assert set(codes) == {RefusalCode.CORRUPT_FILE}

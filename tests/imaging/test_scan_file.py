"""The one way in: kinds of input by content, archives that attack, fingerprints."""

import hashlib
import io
import os
import shutil
import stat
import zipfile
from pathlib import Path

import numpy as np
import pydicom
import pytest
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence
from pydicom.uid import DeflatedExplicitVRLittleEndian

from imaging.element_budget import with_element_budget
from imaging.read_limits import ReadLimits
from imaging.refusals import RefusalCode, ScanRefused
from imaging.scan_file import fingerprint, read_volume
from tests.imaging.dicom_files import series, write
from tests.imaging.nifti_files import grid, phantom, save


def refusal_of(path: Path, limits: ReadLimits | None = None) -> ScanRefused:
    with pytest.raises(ScanRefused) as caught:
        read_volume(path, limits or ReadLimits())
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "series", series())


def zipped(folder: Path, archive: Path, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(archive, "w", method) as target:
        for path in sorted(folder.rglob("*")):
            target.write(path, path.relative_to(folder))
    return archive


def with_extra(archive: Path, name: str | zipfile.ZipInfo, data: bytes) -> Path:
    with zipfile.ZipFile(archive, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr(name, data)
    return archive


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_zip_equals_its_folder(tmp_path: Path, folder: Path, method: int) -> None:
    archive = zipped(folder, tmp_path / "upload.bin", method)

    np.testing.assert_array_equal(read_volume(archive).hu, read_volume(folder).hu)
    assert fingerprint(archive) == fingerprint(folder)


def test_zip_of_one_nifti(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    nifti = save(phantom(grid()), tmp_path / "in" / "scan.nii.gz")
    archive = zipped(nifti.parent, tmp_path / "upload.zip")

    np.testing.assert_array_equal(read_volume(archive).hu, read_volume(nifti).hu)
    assert fingerprint(archive) == fingerprint(nifti) == hashlib.sha256(nifti.read_bytes()).hexdigest()


def test_several_nifti_files_are_ambiguous(tmp_path: Path) -> None:
    for name in ("one.nii", "two.nii"):
        save(phantom(grid()), tmp_path / name)

    assert "which one" in refusal_of(tmp_path).text


def test_nothing_there() -> None:
    with pytest.raises(FileNotFoundError):
        read_volume(Path("/nowhere/at/all"))
    with pytest.raises(FileNotFoundError):
        fingerprint(Path("/nowhere/at/all"))


@pytest.mark.parametrize(
    "content", [b"", b"hello", bytes(1000), b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"\x89PNG\r\n"]
)
def test_files_that_are_no_scan_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "scan.nii.gz"
    path.write_bytes(content)

    assert refusal_of(path).code == RefusalCode.CORRUPT_FILE
    assert path.name not in refusal_of(path).text


def test_empty_folder_is_refused(tmp_path: Path) -> None:
    assert refusal_of(tmp_path).code == RefusalCode.CORRUPT_FILE
    with pytest.raises(ScanRefused):
        fingerprint(tmp_path)


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    assert refusal_of(tmp_path / "pipe").code == RefusalCode.CORRUPT_FILE
    assert refusal_of(tmp_path).code == RefusalCode.CORRUPT_FILE


def test_fingerprint_depends_on_contents_alone(tmp_path: Path, folder: Path) -> None:
    original = fingerprint(folder)
    renamed = tmp_path / "renamed" / "deeper"
    renamed.mkdir(parents=True)
    for n, path in enumerate(sorted(folder.iterdir(), reverse=True)):
        shutil.copy(path, renamed / f"{n}.ima")
    (renamed.parent / "notes.txt").write_text("beside the scan")

    assert fingerprint(renamed.parent) == original
    next(renamed.iterdir()).unlink()
    assert fingerprint(renamed.parent) != original


def test_members_that_point_outside_are_read_and_never_written(tmp_path: Path) -> None:
    inside = tmp_path / "a" / "b"
    inside.mkdir(parents=True)
    archive = inside / "upload.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for n, path in enumerate(sorted(write(tmp_path / "series", series()).iterdir())):
            target.write(path, f"../../evil{n}.dcm" if n % 2 else f"/tmp/evil{n}.dcm")  # noqa: S108
    before = sorted(tmp_path.rglob("*"))

    assert read_volume(archive).slice_count == 12
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/evil0.dcm").exists()  # noqa: S108 - the very name the archive asks for


def test_links_in_archives_are_not_followed(tmp_path: Path, folder: Path) -> None:
    link = zipfile.ZipInfo("link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    archive = with_extra(zipped(folder, tmp_path / "upload.zip"), link, next(folder.iterdir()).read_bytes())

    assert read_volume(archive).acquisition.notes == ()


def test_linked_folders_are_not_entered(tmp_path: Path, folder: Path) -> None:
    (folder / "again").symlink_to(folder, target_is_directory=True)
    (folder / "dangling").symlink_to(folder / "nothing")

    assert read_volume(folder).acquisition.notes == ()


def test_archives_in_archives_are_not_opened(tmp_path: Path, folder: Path) -> None:
    inner = zipped(folder, tmp_path / "inner.zip")
    outer = tmp_path / "outer.zip"
    with_extra(outer, "inner.zip", inner.read_bytes())

    assert refusal_of(outer).code == RefusalCode.CORRUPT_FILE


def test_password_is_asked_away(tmp_path: Path, folder: Path) -> None:
    data = bytearray(zipped(folder, tmp_path / "upload.zip").read_bytes())
    for signature, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = -1
        while (at := data.find(signature, at + 1)) >= 0:
            data[at + flags] |= 1
    (tmp_path / "upload.zip").write_bytes(data)

    assert "password" in refusal_of(tmp_path / "upload.zip").text


def test_uncommon_packing_is_refused(tmp_path: Path, folder: Path) -> None:
    assert "uncommon" in refusal_of(zipped(folder, tmp_path / "upload.zip", zipfile.ZIP_LZMA)).text


def test_damaged_archive_is_refused(tmp_path: Path, folder: Path) -> None:
    archive = zipped(folder, tmp_path / "upload.zip")
    data = archive.read_bytes()
    archive.write_bytes(data[: len(data) // 2])
    assert refusal_of(archive).code == RefusalCode.CORRUPT_FILE

    flipped = bytearray(data)
    flipped[2000:2200] = bytes(200)
    archive.write_bytes(flipped)
    assert refusal_of(archive).code == RefusalCode.CORRUPT_FILE


@pytest.mark.parametrize(
    "limits",
    [
        ReadLimits(max_compressed_bytes=1000),
        ReadLimits(max_uncompressed_bytes=30_000),
        ReadLimits(max_files=5),
        ReadLimits(max_compression_ratio=1, ratio_free_bytes=10_000),
        ReadLimits(max_slices=10),
        ReadLimits(max_voxels=10_000),
    ],
)
def test_limits_on_archives(tmp_path: Path, folder: Path, limits: ReadLimits) -> None:
    assert refusal_of(zipped(folder, tmp_path / "upload.zip"), limits).code == RefusalCode.TOO_LARGE


def test_bomb_is_stopped_by_what_comes_out_not_by_what_is_promised(tmp_path: Path) -> None:
    archive = with_extra(tmp_path / "bomb.zip", "slice.dcm", bytes(64 << 20))
    data = bytearray(archive.read_bytes())
    at = data.find(b"PK\x01\x02") + 24
    data[at : at + 4] = (1000).to_bytes(4, "little")
    archive.write_bytes(data)

    assert refusal_of(archive, ReadLimits(max_uncompressed_bytes=1 << 20)).code in {
        RefusalCode.TOO_LARGE,
        RefusalCode.CORRUPT_FILE,  # zipfile itself stops at the promised size and misses the checksum
    }
    honest = with_extra(tmp_path / "honest.zip", "slice.dcm", bytes(80 << 20))
    assert refusal_of(honest).code == RefusalCode.TOO_LARGE


def test_directory_size_cannot_be_hidden_behind_a_second_end_mark(tmp_path: Path) -> None:
    """The record's own fields may spell the mark of another record; ``zipfile`` takes the first."""
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for n in range(200):
            target.writestr(f"{n}", b"")
    data = bytearray(archive.read_bytes())
    data[-6:-2] = b"PK\x05\x06"
    archive.write_bytes(data)

    assert refusal_of(archive, ReadLimits(max_files=2)).code == RefusalCode.TOO_LARGE


def test_directory_of_too_many_members_is_refused_unparsed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tmp_path / "many.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for n in range(200):
            target.writestr(f"{n}", b"")

    monkeypatch.setattr(zipfile.ZipFile, "infolist", lambda _: pytest.fail("the directory was parsed"))
    assert refusal_of(archive, ReadLimits(max_files=2)).code == RefusalCode.TOO_LARGE


def test_deflated_dicom_is_refused_without_inflating(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slices = series()
    for one in slices:
        one.file_meta.TransferSyntaxUID = DeflatedExplicitVRLittleEndian
    write(tmp_path, slices)
    monkeypatch.setattr("zlib.decompress", lambda *_: pytest.fail("it was inflated"))

    assert refusal_of(tmp_path).code == RefusalCode.UNSUPPORTED_TRANSFER_SYNTAX


def test_truncated_slice_is_refused(folder: Path) -> None:
    path = sorted(folder.iterdir())[4]
    path.write_bytes(path.read_bytes()[:-100])

    assert refusal_of(folder).code == RefusalCode.CORRUPT_FILE


def test_slice_cut_within_its_header_leaves_a_hole(folder: Path) -> None:
    path = sorted(folder.iterdir())[4]
    path.write_bytes(path.read_bytes()[:400])

    assert refusal_of(folder).code == RefusalCode.SLICES_MISSING


def nested(depth: int) -> bytes:
    """A DICOM file whose sequences nest without end."""
    buffer = io.BytesIO()
    series()[0].save_as(buffer, enforce_file_format=True)
    start = b"\x08\x00\x40\x11SQ\x00\x00\xff\xff\xff\xff" + b"\xfe\xff\x00\xe0\xff\xff\xff\xff"
    return buffer.getvalue()[:340] + start * depth


def tiny_elements(count: int) -> bytes:
    """A DICOM file of very many empty elements."""
    one = Dataset()
    buffer = io.BytesIO()
    one.file_meta = series()[0].file_meta
    one.save_as(buffer, enforce_file_format=True)
    tags = b"".join(
        (9 + 2 * (n >> 16)).to_bytes(2, "little") + (n & 0xFFFF).to_bytes(2, "little") + b"LO\0\0" for n in range(count)
    )
    return buffer.getvalue() + tags


def long_element() -> bytes:
    """A DICOM file whose first element claims two gigabytes."""
    buffer = io.BytesIO()
    series()[0].save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()[:340] + b"\x09\x00\x10\x10UN\x00\x00\xff\xff\xff\x7f" + bytes(100)


@pytest.mark.parametrize(
    "content", [nested(5000), long_element(), b"\0" * 128 + b"DICM" + b"\xff" * 500, tiny_elements(3000)]
)
def test_hostile_dicom_files_are_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "slice.dcm"
    path.write_bytes(content)

    assert refusal_of(path).code in {RefusalCode.CORRUPT_FILE, RefusalCode.NOT_CT}


def test_element_budget_ends() -> None:
    with pytest.raises(ScanRefused):
        pydicom.dcmread(with_element_budget(io.BytesIO(tiny_elements(3000)), reads=1000))


def test_deep_values_of_wrong_kind_are_refused(tmp_path: Path) -> None:
    slices = series()
    for one in slices:
        del one.PixelSpacing
        one.add_new(0x00280030, "LO", "four by four")
        one.add_new(0x00082112, "SQ", Sequence([Dataset()]))

    assert refusal_of(write(tmp_path, slices)).code == RefusalCode.CORRUPT_FILE


def test_random_damage_never_escapes_as_another_exception(tmp_path: Path) -> None:
    slices = [path.read_bytes() for path in sorted(write(tmp_path / "series", series()).iterdir())]
    generator = np.random.default_rng(11)
    target = tmp_path / "damaged"
    target.mkdir()
    outcomes = set()
    for _ in range(60):
        for n, data in enumerate(slices):
            changed = bytearray(data)
            if n < 6:
                for at in generator.integers(132, 1400, size=4):
                    changed[at] = generator.integers(256)
            (target / f"{n}.dcm").write_bytes(changed)
        try:
            read_volume(target)
            outcomes.add("read")
        except ScanRefused as refusal:
            outcomes.add(str(refusal.code))
    assert len(outcomes) > 2

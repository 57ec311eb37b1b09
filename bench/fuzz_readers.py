"""Feeds the scan readers with mutated files under coverage guidance, and keeps what they do not answer with a refusal.

``dicom`` also looks at each file as the storage service and STOW-RS do: sorted, its series chosen, its patient named.
Not part of the checks: it takes minutes, and needs ``pip install atheris`` beside what the readers need.

    python bench/fuzz_readers.py dicom OUT -max_total_time=1200
    python bench/fuzz_readers.py nifti OUT -max_total_time=1200

``OUT`` gets a corpus, one file for each kind of failure, and libFuzzer's own ``crash-``, ``timeout-`` and ``oom-``
files; options after it go to libFuzzer.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import sys
import time
import traceback
import zipfile
from pathlib import Path
from typing import Any

import atheris  # type: ignore[import-untyped]  # installed by hand, for this alone
import numpy as np

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

with atheris.instrument_imports(include=["imaging", "pydicom", "nibabel"]):
    import nibabel
    from pydicom import dcmread
    from pydicom.uid import UID, ImplicitVRLittleEndian

    from app.interop.dicom_in.series_choice import choose
    from app.interop.dicom_in.sorting import headers_of, identity_of, sort_object
    from imaging.dicom_parsing import read_slice_headers
    from imaging.dicom_pixels import check_decodable, read_hounsfield
    from imaging.dicom_series import is_slice
    from imaging.file_content import BytesInMemory
    from imaging.file_kind import looks_like_dicom
    from imaging.read_limits import ReadLimits, check_grid_size
    from imaging.refusals import ScanRefused
    from imaging.scan_file import fingerprint, read_volume

LIMITS = ReadLimits(max_uncompressed_bytes=64 << 20, max_voxels=8_000_000, ratio_free_bytes=16 << 20)
"""Far below the product's: what matters is that limits hold, and small inputs run fast."""
SLOW_SECONDS = 5.0
_TOLD_EVERY = 500
_SIDE = 32
_COUNTED = ("executions", "read", "refused", "decoded", "not decoded")


class Target:
    """One reader under test: writes each input to a file, reads it, counts, and keeps failures."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._scan = folder / "input"
        self._counts = {
            "executions": 0,
            "read": 0,
            "refused": 0,
            "decoded": 0,
            "not decoded": 0,
            "taken": 0,
            "put aside": 0,
            "failures": 0,
            "slow": 0,
        }
        self._seen: set[str] = set()
        self._began = time.monotonic()

    def __call__(self, data: bytes) -> None:
        """Read one input; anything but a volume or a refusal is a failure."""
        self._scan.write_bytes(data)
        began = time.monotonic()
        try:
            self._read()
            self._decode(data)
            self._receive(data)
        except Exception as error:  # noqa: BLE001 -- any other is what is looked for
            self._keep("failures", _place_of(error), data, traceback.format_exc())
        if time.monotonic() - began > SLOW_SECONDS:
            self._keep("slow", "slow", data, f"{time.monotonic() - began:.1f} s")
        self._counts["executions"] += 1
        if self._counts["executions"] % _TOLD_EVERY == 0:
            self.tell()

    def _read(self) -> None:
        try:
            read_volume(self._scan, LIMITS)
            fingerprint(self._scan, LIMITS)
        except ScanRefused:
            self._counts["refused"] += 1
        else:
            self._counts["read"] += 1

    def _decode(self, data: bytes) -> None:
        """Decode the slices of a single object, which alone would be refused as too few before a pixel is looked at."""
        if not looks_like_dicom(data[:540]):
            return
        try:
            slices = [one for one in read_slice_headers(BytesInMemory(data), LIMITS) if is_slice(one)]
            if slices:
                check_grid_size(slices[0].file.columns, slices[0].file.rows, len(slices), LIMITS)
                check_decodable(slices)
                self._counts["decoded"] += sum(1 for _ in read_hounsfield(slices))
        except ScanRefused:
            self._counts["not decoded"] += 1

    def _receive(self, data: bytes) -> None:
        """What becomes of an object that comes over the network, up to the choice of its series."""
        if not looks_like_dicom(data[:540]):
            return
        if sort_object(self._scan).aside is not None:
            self._counts["put aside"] += 1
            return
        choose(headers_of(self._scan), ())
        identity_of(self._scan)
        self._counts["taken"] += 1

    def _keep(self, kind: str, place: str, data: bytes, told: str) -> None:
        self._counts[kind] += 1
        if place not in self._seen:
            self._seen.add(place)
            name = f"{kind}-{hashlib.sha256(data).hexdigest()[:12]}"
            (self._folder / name).write_bytes(data)
            (self._folder / f"{name}.txt").write_text(told)

    def tell(self) -> None:
        """Write the counts where they can be read while it runs."""
        figures: dict[str, Any] = {**self._counts, "seconds": round(time.monotonic() - self._began)}
        (self._folder / "figures.json").write_text(json.dumps(figures))


def _place_of(error: Exception) -> str:
    """Where an error arose, so that the same one is kept once."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} {last.filename}:{last.lineno}"


def seeds(reader: str) -> list[bytes]:
    """Small valid files of each kind that the reader knows."""
    return _nifti_seeds() if reader == "nifti" else _dicom_seeds()


def _nifti_seeds() -> list[bytes]:
    hu = np.arange(12 * 10 * 6, dtype=np.int16).reshape(12, 10, 6)
    affine = np.diag([2.0, 2.0, 5.0, 1.0])
    one: Any = nibabel.Nifti1Image
    two: Any = nibabel.Nifti2Image
    images = [one(hu, affine), two(hu, affine), one(hu.astype(np.float32), affine), one(hu[..., None], affine)]
    files: list[bytes] = [image.to_bytes() for image in images]
    return [*files, gzip.compress(files[0])]


def _dicom_seeds() -> list[bytes]:
    with zipfile.ZipFile(ROOT / "sample_data" / "head_ct_left_mca_dicom.zip") as archive:
        slices = [dcmread(io.BytesIO(archive.read(name))) for name in archive.namelist()[:12]]
    for one in slices:
        if one.file_meta.TransferSyntaxUID.is_compressed:
            one.decompress()
        width = 2 * one.Columns
        one.PixelData = b"".join(one.PixelData[width * row : width * row + 2 * _SIDE] for row in range(_SIDE))
        one.Rows = one.Columns = _SIDE
    plain = _written(slices[0])
    implicit = dcmread(io.BytesIO(plain))
    implicit.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    files = [plain, _written(implicit, implicit_vr=True, little_endian=True, overwrite=True)]
    for number in ("4.80", "4.90", "5"):
        compressed = dcmread(io.BytesIO(plain))
        compressed.compress(UID(f"1.2.840.10008.1.2.{number}"), generate_instance_uid=False)
        files.append(_written(compressed))
    return [*files, _zipped([_written(one) for one in slices])]


def _zipped(files: list[bytes]) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        for number, one in enumerate(files):
            archive.writestr(str(number), one)
    return whole.getvalue()


def _written(dataset: Any, **options: bool) -> bytes:
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True, **options)
    return out.getvalue()


def main() -> None:
    """Run libFuzzer over a reader."""
    reader, out, *options = sys.argv[1:]
    folder = Path(out)
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(seeds(reader)):
        (corpus / f"seed-{number}").write_bytes(seed)
    target = Target(folder)
    defaults = ["-max_len=65536", "-rss_limit_mb=3000", "-timeout=60", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], str(corpus), *defaults, *options], target)
    atheris.Fuzz()


if __name__ == "__main__":
    main()

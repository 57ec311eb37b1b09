"""Writes a reading to a folder: its JSON, two pictures, three maps with their description; each whole or not at all."""

import gzip
import io
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.asymmetry_map import asymmetry_hu
from imaging.atlas import Atlas, load_atlas
from imaging.key_image import key_image
from imaging.nifti_header import nifti_start
from imaging.overlay import contact_sheet
from imaging.reading import Artefacts
from imaging.result import Reading
from imaging.slice_picture import Drawn
from imaging.volume import CtVolume

ASYMMETRY_STEPS_PER_HU = 10
MAP_PACKING = 2
"""Level of compression: maps hold long runs of the same value."""
THUMBNAIL_PX = (480, 480)
UNEVEN_NOTE = (
    "The slices are unevenly spaced, which NIfTI cannot say: the label map's matrix is exact at the first and the last"
    " slice only. Overlay it on the same slices, or use slice_origins_mm."
)
EVEN_NOTE = "The label map has the scan's own voxels and matrix."


def write_outputs(reading: Reading, artefacts: Artefacts | None, folder: Path) -> list[Path]:
    """Write all that belongs to a reading and return the files written.

    A refused scan has only ``reading.json``. Files of the same names are replaced; other files are left alone.

    Raises
    ------
    OSError
        If the folder cannot be made or written to.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files = [_write_whole(folder / "reading.json", _json(reading.to_json()))]
    if artefacts is None:
        return files
    drawn, scan = _drawn(reading, artefacts), artefacts.scan
    tenths, slope = _asymmetry_tenths(artefacts, drawn.atlas), 1 / ASYMMETRY_STEPS_PER_HU
    contents: dict[str, Callable[[], bytes]] = {
        "overlay.png": lambda: _png(contact_sheet(drawn)),
        "key_image.png": lambda: _png(key_image(drawn)),
        "labels.nii.gz": lambda: _map(artefacts.labels, scan, "ASPECTS regions, values in labels.json"),
        "counted.nii.gz": lambda: _map(_counted_labels(drawn), scan, "The same where a voxel counted"),
        "asymmetry.nii.gz": lambda: _map(tenths, scan, "HU darker (-) than the mirror image", slope),
        "labels.json": lambda: _json(_label_description(scan, drawn.atlas)),
    }
    return files + [_write_whole(folder / name, make()) for name, make in contents.items()]


def overlay_png(reading: Reading, artefacts: Artefacts) -> bytes:
    """The contact sheet as a PNG file."""
    return _png(contact_sheet(_drawn(reading, artefacts)))


def key_image_png(reading: Reading, artefacts: Artefacts) -> bytes:
    """One slice of each level with the score, as a PNG file."""
    return _png(key_image(_drawn(reading, artefacts)))


def thumbnail_webp(reading: Reading, artefacts: Artefacts) -> bytes:
    """The key image, small, as a WebP file: for looking over many readings at once."""
    picture = key_image(_drawn(reading, artefacts))
    picture.thumbnail(THUMBNAIL_PX)
    buffer = io.BytesIO()
    picture.save(buffer, format="WEBP", quality=70)
    return buffer.getvalue()


def _drawn(reading: Reading, artefacts: Artefacts) -> Drawn:
    return Drawn(artefacts.scan, artefacts.tissue, artefacts.labels, reading, load_atlas())


def _png(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def native_labels(artefacts: Artefacts) -> NDArray[np.uint8]:
    """Region values on the scan's own voxels: each measured voxel fills the block that it came from."""
    native = np.zeros(artefacts.scan.hu.shape, dtype=np.uint8)
    for k, plane in enumerate(_native_planes(artefacts.labels, artefacts.scan)):
        native[:, :, k] = plane
    return native


def _native_planes(measured: NDArray[Any], scan: CtVolume) -> Iterator[NDArray[Any]]:
    """The scan's slices one by one with the values of the measured stack; zero where a block was not filled."""
    blocks = [max(1, n // m) for n, m in zip(scan.hu.shape, measured.shape, strict=True)]
    for k in range(scan.slice_count):
        plane = np.zeros(scan.hu.shape[:2], dtype=measured.dtype)
        if k // blocks[2] < measured.shape[2]:
            block = measured[:, :, k // blocks[2]].repeat(blocks[0], axis=0).repeat(blocks[1], axis=1)
            plane[: block.shape[0], : block.shape[1]] = block
        yield plane


def _map(measured: NDArray[Any], scan: CtVolume, description: str, slope: float = 1.0) -> bytes:
    """A gzipped NIfTI file on the scan's own voxels; without a time, so that the same map gives the same file."""
    i, j, k = scan.hu.shape
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=MAP_PACKING, mtime=0) as stream:
        stream.write(nifti_start((i, j, k), measured.dtype, scan.affine_ras_mm, description, slope))
        for plane in _native_planes(measured, scan):
            stream.write(plane.tobytes(order="F"))
    return buffer.getvalue()


def _counted_labels(drawn: Drawn) -> NDArray[np.uint8]:
    """Region values where a voxel counted, on the measured stack."""
    left_out = np.stack([drawn.left_out(k) for k in range(drawn.labels.shape[2])], axis=2)
    return np.where(left_out, 0, drawn.labels).astype(np.uint8)


def _asymmetry_tenths(artefacts: Artefacts, atlas: Atlas) -> NDArray[np.int16]:
    """Tenths of HU; what did not count is 0."""
    hu = asymmetry_hu(artefacts.tissue, artefacts.densities, artefacts.registration, atlas)
    return np.rint(np.nan_to_num(hu) * ASYMMETRY_STEPS_PER_HU).astype(np.int16)


def _label_description(scan: CtVolume, atlas: Atlas) -> dict[str, Any]:
    return {
        "note": EVEN_NOTE if scan.is_evenly_spaced else UNEVEN_NOTE,
        "atlas": atlas.version,
        "slice_origins_mm": [[round(float(v), 3) for v in origin] for origin in scan.slice_origins_mm],
        "labels": [
            {"value": value, "region": region.value, "side": side.value}
            for value, (region, side) in sorted(atlas.label_table.items())
        ],
    }


def _json(content: dict[str, Any]) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()


def _write_whole(path: Path, content: bytes) -> Path:
    """Write beside the place and move there, so that no reader ever sees half a file."""
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        Path(unfinished).chmod(0o644)
        Path(unfinished).replace(path)
    except BaseException:
        Path(unfinished).unlink(missing_ok=True)
        raise
    return path

"""Writes a reading to a folder: its JSON, two pictures, two maps with their description; each whole or not at all."""

import gzip
import io
import json
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imaging.asymmetry_map import asymmetry_hu
from imaging.atlas import Atlas, load_atlas
from imaging.key_image import key_image
from imaging.nifti_header import nifti_file
from imaging.overlay import Drawn, contact_sheet
from imaging.reading import Artefacts
from imaging.result import Reading
from imaging.volume import CtVolume

ASYMMETRY_STEPS_PER_HU = 10
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
    contents = {"reading.json": _json(reading.to_json())}
    if artefacts is not None:
        atlas = load_atlas()
        contents["overlay.png"] = overlay_png(reading, artefacts)
        contents["key_image.png"] = key_image_png(reading, artefacts)
        contents["labels.nii.gz"] = _label_map(artefacts)
        contents["asymmetry.nii.gz"] = _asymmetry_map(artefacts, atlas)
        contents["labels.json"] = _json(_label_description(artefacts.scan, atlas))
    return [_write_whole(folder / name, content) for name, content in contents.items()]


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
    return _native(artefacts.labels, artefacts.scan)


def _native(measured: NDArray[Any], scan: CtVolume) -> NDArray[Any]:
    """Values of the measured stack on the scan's own voxels; zero where a block was not filled."""
    native = np.zeros(scan.hu.shape, dtype=measured.dtype)
    for axis in range(measured.ndim):
        measured = measured.repeat(max(1, scan.hu.shape[axis] // measured.shape[axis]), axis=axis)
    i, j, k = measured.shape
    native[:i, :j, :k] = measured
    return native


def _label_map(artefacts: Artefacts) -> bytes:
    regions = "ASPECTS regions, values in labels.json"
    return _packed(nifti_file(native_labels(artefacts), artefacts.scan.affine_ras_mm, regions))


def _asymmetry_map(artefacts: Artefacts, atlas: Atlas) -> bytes:
    """Tenths of HU; what did not count is 0."""
    hu = asymmetry_hu(artefacts.tissue, artefacts.densities, artefacts.registration, atlas)
    tenths = np.rint(np.nan_to_num(hu) * ASYMMETRY_STEPS_PER_HU).astype(np.int16)
    native, affine = _native(tenths, artefacts.scan), artefacts.scan.affine_ras_mm
    darker = "HU darker (-) than the mirror image"
    return _packed(nifti_file(native, affine, darker, 1 / ASYMMETRY_STEPS_PER_HU))


def _packed(content: bytes) -> bytes:
    """Gzip without a time, so that the same maps give the same file."""
    return gzip.compress(content, compresslevel=6, mtime=0)


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

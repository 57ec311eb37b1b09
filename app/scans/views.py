"""What a browser shows of a scan: its slices as they were acquired, and the regions on the same voxels."""

import gzip
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.atlas import load_atlas
from imaging.outputs import native_labels
from imaging.reading import Artefacts
from imaging.refusals import ScanRefused
from imaging.scan_file import read_volume
from imaging.volume import CtVolume

SCAN_FILE, LABELS_FILE, FACTS_FILE = "scan.nii.gz", "labels.nii.gz", "view.json"

MOST_VOXELS = 48 * 2**20
"""Voxels that a browser is given, about 96 MB; of larger scans it gets every second, third … slice, and says so."""

_DARKEST_HU, _BRIGHTEST_HU = -1024, 3071
_FAST = 1
"""Level of compression: the reader waits for it, and a hospital's network is fast."""


def write_views(scan: Path, artefacts: Artefacts | None, folder: Path) -> None:
    """Write the scan, its label map and the facts about both into a new folder.

    Of a refused scan there are no labels; if even its slices could not be read, nothing is written.

    Parameters
    ----------
    scan
        The file, folder or zip that was read.
    artefacts
        What the reading left behind; ``None``: it was refused, and the slices are read once more.
    folder
        Made here; it holds all of the files or does not exist.
    """
    try:
        volume = read_volume(scan) if artefacts is None else artefacts.scan
    except ScanRefused:
        return
    every = -(-volume.hu.size // MOST_VOXELS)
    unfinished = folder.with_suffix(".unfinished")
    unfinished.mkdir(mode=0o700)
    hu = np.clip(volume.hu[:, :, ::every], _DARKEST_HU, _BRIGHTEST_HU).astype(np.int16)
    _write(unfinished / SCAN_FILE, volume, hu, every)
    if artefacts is not None:
        _write(unfinished / LABELS_FILE, volume, native_labels(artefacts)[:, :, ::every], every)
    (unfinished / FACTS_FILE).write_text(json.dumps(_facts(volume, every, has_labels=artefacts is not None)))
    unfinished.rename(folder)


def _facts(volume: CtVolume, every: int, *, has_labels: bool) -> dict[str, Any]:
    return {
        "slices": volume.slice_count,
        "every": every,
        "tilt_degrees": round(volume.gantry_tilt_degrees, 1),
        "is_evenly_spaced": volume.is_evenly_spaced,
        "labels": _label_table() if has_labels else {},
    }


def _label_table() -> Mapping[str, tuple[str, str]]:
    return {
        str(value): (region.value, side.value) for value, (region, side) in sorted(load_atlas().label_table.items())
    }


def _write(path: Path, volume: CtVolume, values: NDArray[Any], every: int) -> None:
    """Write voxels as NIfTI, in order from left, back and below, on a straight grid.

    Shear and uneven gaps are left out of the matrix: what is shown is one acquired slice at a time, and a viewer that
    is told of shear would resample it.
    """
    import nibabel as nib  # noqa: PLC0415 -- a worker that draws nothing needs none of it

    straight = np.zeros((4, 4))
    straight[:3, 0], straight[:3, 1] = volume.step_i_mm, volume.step_j_mm
    gap_mm = float(volume.slice_positions_mm[-1]) / max(volume.slice_count - 1, 1) or 1.0
    straight[:3, 2] = volume.slice_normal * gap_mm * every
    straight[3, 3] = 1
    turned = nib.orientations.io_orientation(straight)  # type: ignore[no-untyped-call]
    upright = nib.orientations.apply_orientation(values, turned)  # type: ignore[no-untyped-call]
    spacing = np.empty(3)
    spacing[turned[:, 0].astype(int)] = np.linalg.norm(straight[:3, :3], axis=0)
    matrix = np.diag([*spacing, 1.0])
    matrix[:3, 3] = -spacing * (np.array(upright.shape) - 1) / 2
    image = nib.Nifti1Image(upright, matrix)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    with path.open("wb") as raw, gzip.GzipFile("", "wb", _FAST, raw, mtime=0) as packed:
        packed.write(image.to_bytes())

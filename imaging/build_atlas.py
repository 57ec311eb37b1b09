"""Builds the data in ``imaging/atlas`` from the ICBM152 2009a tissue maps; the product itself only reads the result.

``python -m imaging.build_atlas`` rebuilds, ``python -m imaging.build_atlas --compare FOLDER`` prints the Dice overlap
with a folder of published masks named ``<prefix>_<region>_<L|R>.nii.gz``. Needs nilearn (dependency group ``atlas``),
whose wheel holds the maps.
"""

import argparse
import gzip
import hashlib
import io
import json
import sys
from dataclasses import dataclass
from importlib import metadata, resources
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import Territory, region_value, territory_value
from imaging.atlas_overlap import overlap_table
from imaging.atlas_rules import Tissue, ball, draw_regions
from imaging.territory_rules import draw_territories
from scoring.regions import Region, Side

ATLAS_VERSION = "1.1.0"
"""Raise it whenever a rebuilt file differs; readings carry it."""

ATLAS_FOLDER = Path(__file__).parent / "atlas"

GREY_HU, WHITE_HU, CSF_HU = 37.0, 29.0, 8.0
"""Usual densities of adult grey matter, white matter and CSF on a 120 kV head CT."""
INTRACRANIAL_CLOSING_MM, INTRACRANIAL_GROWTH_MM = 8, 2
"""Closing bridges the sulci and the fissures; growth adds the CSF over the convexity up to the inner table."""
TEMPLATE_STEP_MM = 2
"""The template only drives a registration on a 4 mm grid and feeds phantoms: 2 mm keep it small."""

_MAP_NAMES = {"grey": "mni_icbm152_gm_tal_nlin_sym_09a_converted.nii.gz",
              "white": "mni_icbm152_wm_tal_nlin_sym_09a_converted.nii.gz"}  # fmt: skip
Affine = NDArray[np.float64]


@dataclass(frozen=True)
class BuiltAtlas:
    """Arrays of one build, all in RAS+ mm of ICBM152 2009a, with their affines."""

    template_hu: NDArray[np.int16]
    intracranial: NDArray[np.uint8]
    template_affine: Affine
    labels: NDArray[np.uint8]
    labels_affine: Affine
    territories: NDArray[np.uint8]
    """On the template's grid."""


def load_tissue_maps() -> tuple[dict[str, NDArray[np.float64]], Affine, dict[str, str]]:
    """Read grey and white matter shares (0-1), made left-right symmetric, with their affine and the files' hashes."""
    folder = resources.files("nilearn") / "datasets" / "data"
    maps, hashes, affine = {}, {}, np.eye(4)
    for tissue, name in _MAP_NAMES.items():
        content = (folder / name).read_bytes()
        hashes[name] = hashlib.sha256(content).hexdigest()
        image = nib.Nifti1Image.from_bytes(gzip.decompress(content))
        share = np.asarray(image.dataobj, dtype=np.float64) / 255.0
        maps[tissue] = (share + share[::-1]) / 2  # x runs -98..98, so reversing the axis mirrors at x = 0
        affine = np.asarray(image.affine, dtype=np.float64)
    return maps, affine, hashes


def build(maps: dict[str, NDArray[np.float64]], affine: Affine) -> BuiltAtlas:
    """Make the CT-like template, the intracranial mask and the label map."""
    grey, white = maps["grey"], maps["white"]
    csf = np.clip(1 - grey - white, 0, 1)
    solid = grey + white > 0.5
    brain = _filled(ndimage.binary_closing(solid, ball(2)))
    intracranial = _intracranial(solid)
    hu = np.where(intracranial, GREY_HU * grey + WHITE_HU * white + CSF_HU * csf, 0)
    half = grey.shape[0] // 2
    x, y, z = (np.arange(n) * 1.0 for n in (grey.shape[0] - half, *grey.shape[1:]))
    tissue = Tissue(
        grey=grey[half:], white=white[half:], csf=csf[half:], brain=brain[half:],
        x=x[:, None, None], y=(y + affine[1, 3])[None, :, None], z=(z + affine[2, 3])[None, None, :],
    )  # fmt: skip
    labels, territories = _drawn(tissue, half)
    coarse_affine = affine.copy()
    coarse_affine[:3, :3] *= TEMPLATE_STEP_MM
    step = slice(None, None, TEMPLATE_STEP_MM)
    smooth = _binomial_smooth(hu) / np.maximum(_binomial_smooth(intracranial.astype(float)), 1e-6)
    kept = intracranial[step, step, step]
    template = np.where(kept, np.round(smooth[step, step, step]), 0).astype(np.int16)
    return BuiltAtlas(
        template, kept.astype(np.uint8), coarse_affine, labels, affine, territories[step, step, step].copy()
    )


def _drawn(tissue: Tissue, half: int) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Regions and territories of both sides, from one hemisphere whose first plane is the mid-sagittal one."""
    shape = (2 * half + 1, *tissue.brain.shape[1:])
    labels, territories = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    for region, mask in draw_regions(tissue).items():
        labels[half:][mask] = region_value(region, Side.RIGHT)
        labels[half::-1][mask] = region_value(region, Side.LEFT)
    for name, mask in draw_territories(tissue, labels[half:] > 0).items():
        spans_midline = name in set(Territory)
        left, right = (name, name) if spans_midline else (f"{name}_left", f"{name}_right")
        here = mask if spans_midline else mask & (tissue.x > 0)
        territories[half:][here] = territory_value(Territory(right))
        territories[half::-1][here] = territory_value(Territory(left))
    return labels, territories


def _intracranial(solid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Brain with the CSF between it and the inner table; padded so that closing does not touch the border."""
    pad = INTRACRANIAL_CLOSING_MM + INTRACRANIAL_GROWTH_MM
    padded = np.pad(solid, pad)
    grown = ndimage.distance_transform_edt(~padded) <= INTRACRANIAL_CLOSING_MM
    closed = ndimage.distance_transform_edt(grown) > INTRACRANIAL_CLOSING_MM
    filled = _filled(closed | padded)
    grown = ndimage.distance_transform_edt(~filled) <= INTRACRANIAL_GROWTH_MM
    return np.asarray(grown[pad:-pad, pad:-pad, pad:-pad])


def _filled(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    return np.asarray(ndimage.binary_fill_holes(mask))


def _binomial_smooth(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights 1/4, 1/2, 1/4 along each axis: what halving the grid needs, and symmetric about every voxel."""
    for axis in range(3):
        values = ndimage.convolve1d(values, [0.25, 0.5, 0.25], axis=axis, mode="constant")
    return values


def nifti_bytes(array: NDArray[Any], affine: Affine, description: str) -> bytes:
    """An uncompressed NIfTI-1 file in mm, marked as MNI152 space."""
    image = nib.Nifti1Image(array, affine)  # type: ignore[no-untyped-call]
    image.header.set_xyzt_units("mm")  # type: ignore[no-untyped-call]
    image.header["descrip"] = description.encode()
    image.set_sform(affine, code="mni")  # type: ignore[no-untyped-call]
    image.set_qform(affine, code="mni")  # type: ignore[no-untyped-call]
    return bytes(image.to_bytes())


def gzip_bytes(content: bytes) -> bytes:
    """Gzip without name and time, so that the same content gives the same file."""
    buffer = io.BytesIO()
    with gzip.GzipFile(filename="", mode="wb", fileobj=buffer, compresslevel=9, mtime=0) as stream:
        stream.write(content)
    return buffer.getvalue()


def write(built: BuiltAtlas, source_hashes: dict[str, str], folder: Path) -> None:
    """Write the three images and ``atlas.json``, which names every file with its hashes, origin and licence."""
    images: dict[str, tuple[NDArray[Any], Affine, str]] = {
        "template": (built.template_hu, built.template_affine, "HU of grey, white, CSF; 0 outside"),
        "intracranial": (built.intracranial, built.template_affine, "1 inside the skull"),
        "labels": (built.labels, built.labels_affine, "ASPECTS regions, see atlas.json"),
        "territories": (built.territories, built.template_affine, "MCA and posterior territories, see atlas.json"),
    }
    files: dict[str, object] = {}
    for key, (array, affine, description) in images.items():
        plain = nifti_bytes(array, affine, description)
        packed = gzip_bytes(plain)
        (folder / f"{key}.nii.gz").write_bytes(packed)
        files[key] = {
            "file": f"{key}.nii.gz",
            "content": description,
            "sha256": hashlib.sha256(packed).hexdigest(),
            "sha256_uncompressed": hashlib.sha256(plain).hexdigest(),
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "affine_ras_mm": affine.tolist(),
        }
    (folder / "atlas.json").write_text(json.dumps(_description(built, source_hashes, files), indent=2) + "\n")


def _description(built: BuiltAtlas, source_hashes: dict[str, str], files: dict[str, object]) -> dict[str, object]:
    voxels = np.bincount(built.labels.ravel(), minlength=21)
    territory_ml = np.bincount(built.territories.ravel(), minlength=11) * TEMPLATE_STEP_MM**3 / 1000
    return {
        "version": ATLAS_VERSION,
        "space": "ICBM152 nonlinear symmetric 2009a (MNI), mm",
        "orientation": "RAS+: x grows to the patient's right, y to the front, z upwards",
        "origin": {
            "title": "ICBM 152 nonlinear atlas, symmetric, version 2009a: grey and white matter probability maps",
            "authors": "V. S. Fonov, A. C. Evans, K. Botteron, C. R. Almli, R. C. McKinstry, D. L. Collins",
            "citation": "Fonov and others, NeuroImage 2011; 54: 313-327; Fonov and others, NeuroImage 2009; 47: S102",
            "distributed_with": f"nilearn {metadata.version('nilearn')}",
            "sha256": source_hashes,
        },
        "licence": "LICENSE-ICBM152.txt (permission to use, copy, modify and distribute with the copyright notice)",
        "changes": "Averaged with the mirror image; turned into HU; regions drawn by imaging/atlas_rules.py,"
        " territories by imaging/territory_rules.py.",
        "tissue_hu": {"grey": GREY_HU, "white": WHITE_HU, "csf": CSF_HU},
        "files": files,
        "labels": [
            {"value": region_value(r, s), "region": r.value, "side": s.value,
             "volume_ml": round(int(voxels[region_value(r, s)]) / 1000, 1)}
            for s in Side for r in Region
        ],
        "territories": [
            {"value": n, "territory": t.value, "volume_ml": round(float(territory_ml[n]), 1)}
            for n, t in ((territory_value(t), t) for t in Territory)
        ],
    }  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Rebuild the atlas, or compare a fresh build with published masks."""
    parser = argparse.ArgumentParser(prog="python -m imaging.build_atlas", description=__doc__)
    parser.add_argument("--compare", type=Path, metavar="FOLDER", help="only print Dice against published masks")
    parser.add_argument("--out", type=Path, default=ATLAS_FOLDER, help="folder for the files (default: the product's)")
    options = parser.parse_args(arguments)
    maps, affine, hashes = load_tissue_maps()
    built = build(maps, affine)
    if options.compare is None:
        write(built, hashes, options.out)
        return 0
    sys.stdout.write(overlap_table(built.labels, built.labels_affine, options.compare))
    return 0


if __name__ == "__main__":
    sys.exit(main())

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

from imaging.atlas_rules import Tissue, ball, draw_regions
from scoring.regions import Region, Side

ATLAS_VERSION = "1.0.0"
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
_PUBLISHED_NAMES = {Region.L: ("LN", "L"), Region.IC: ("InCa", "IC"), Region.I: ("IC", "I")}
"""Other names of regions in published mask folders, first choice first; where the capsule is ``InCa``, ``IC`` is the
insula (insular cortex)."""

Affine = NDArray[np.float64]


@dataclass(frozen=True)
class BuiltAtlas:
    """Arrays of one build, all in RAS+ mm of ICBM152 2009a, with their affines."""

    template_hu: NDArray[np.int16]
    intracranial: NDArray[np.uint8]
    template_affine: Affine
    labels: NDArray[np.uint8]
    labels_affine: Affine


def label_value(region: Region, side: Side) -> int:
    """1..10 for the left regions in the order of ``Region``, 11..20 for the right ones; 0 is no region."""
    return 1 + list(Region).index(region) + (10 if side is Side.RIGHT else 0)


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
    labels = np.zeros(grey.shape, dtype=np.uint8)
    for region, mask in draw_regions(tissue).items():
        labels[half:][mask] = label_value(region, Side.RIGHT)
        labels[half::-1][mask] = label_value(region, Side.LEFT)
    coarse_affine = affine.copy()
    coarse_affine[:3, :3] *= TEMPLATE_STEP_MM
    step = slice(None, None, TEMPLATE_STEP_MM)
    smooth = _binomial_smooth(hu) / np.maximum(_binomial_smooth(intracranial.astype(float)), 1e-6)
    kept = intracranial[step, step, step]
    template = np.where(kept, np.round(smooth[step, step, step]), 0).astype(np.int16)
    return BuiltAtlas(template, kept.astype(np.uint8), coarse_affine, labels, affine)


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
        "changes": "Averaged with the mirror image; turned into HU; regions drawn by imaging/atlas_rules.py.",
        "tissue_hu": {"grey": GREY_HU, "white": WHITE_HU, "csf": CSF_HU},
        "files": files,
        "labels": [
            {"value": label_value(r, s), "region": r.value, "side": s.value,
             "volume_ml": round(int(voxels[label_value(r, s)]) / 1000, 1)}
            for s in Side for r in Region
        ],
    }  # fmt: skip


def dice_by_region(built: BuiltAtlas, folder: Path) -> dict[Region, float]:
    """Dice overlap with published masks, both sides pooled, on the published grid. Raises FileNotFoundError."""
    grids: dict[bytes, NDArray[np.uint8]] = {}
    dice = {}
    for region in Region:
        both = total = 0
        for side, letter in ((Side.LEFT, "L"), (Side.RIGHT, "R")):
            image = nib.Nifti1Image.from_filename(_published_file(folder, region, letter))
            theirs = np.asarray(image.dataobj) > 0
            key = np.asarray(image.affine).tobytes() + bytes(str(theirs.shape), "ascii")
            if key not in grids:
                to_ours = np.linalg.inv(built.labels_affine) @ image.affine
                grids[key] = ndimage.affine_transform(
                    built.labels, to_ours[:3, :3], to_ours[:3, 3], theirs.shape, order=0
                )
            ours = grids[key] == label_value(region, side)
            both += int((ours & theirs).sum())
            total += int(ours.sum()) + int(theirs.sum())
        dice[region] = 2 * both / total
    return dice


def _published_file(folder: Path, region: Region, letter: str) -> Path:
    """Find the mask of a region; insula and internal capsule go by different names in different folders."""
    for name in _PUBLISHED_NAMES.get(region, (region.value,)):
        found = sorted(folder.glob(f"*_{name}_{letter}.nii.gz"))
        if found:
            return found[0]
    raise FileNotFoundError(f"no mask of region {region} in the folder")


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
    voxels = np.bincount(built.labels.ravel(), minlength=21)
    for region, dice in dice_by_region(built, options.compare).items():
        volume_ml = voxels[label_value(region, Side.LEFT)] / 1000
        sys.stdout.write(f"{region:<3} Dice {dice:.2f}  {volume_ml:5.1f} ml per side\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())

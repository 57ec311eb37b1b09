"""Real heads without acute change in these regions, and a published atlas to draw infarcts into them, where at hand."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
from fields import Floats, Singles
from nibabel import Nifti1Image
from simulated_heads import Host

from imaging.reading import read_volume_of
from imaging.scan_file import read_volume
from scoring.regions import Region, Side

BESIDE = Path(__file__).resolve().parent.parent.parent / "shared"
"""Data that the project holds no copy of; used where it is, left out where it is not."""
HEADS = ("ge-tilt-uneven", "siemens-thick-tilt", "head-thin-nifti/Cranium.nii.gz")
MASK_NAMES = {Region.L: "LN", Region.IC: "InCa", Region.I: "IC"}
"""The published masks' names (github.com/AnotherMak/aspects-on-cta); others are called as the region is."""
TISSUE_HU = (-30.0, 40.0)
"""Voxels this far from the commonest brain density may change."""
FLUID_BELOW_MODE_HU, TISSUE_BELOW_MODE_HU = 25.0, 5.0


def real_hosts() -> list[Host]:
    """Every real head at hand, placed in the template by the product's own registration."""
    folder = BESIDE / "scans"
    return [
        _host(folder / name) for name in HEADS if (folder / name).exists() and (BESIDE / "atlas-reference").exists()
    ]


def _host(path: Path) -> Host:
    volume = read_volume(path)
    reading, artefacts = read_volume_of(volume)
    if artefacts is None:
        raise RuntimeError(f"{path.name} was refused: {reading.refusal}")
    mode_hu = artefacts.tissue.mode_hu
    volume = replace(volume, hu=volume.hu.astype(np.float32))  # infarcts are fractions of a HU deep
    index = np.argwhere((volume.hu > mode_hu + TISSUE_HU[0]) & (volume.hu < mode_hu + TISSUE_HU[1]))
    template = artefacts.registration.scan_to_template(volume.index_to_world(index.astype(float)))
    brain = np.all((template > (-75, -110, -40)) & (template < (75, 75, 85)), axis=1)
    index, template = index[brain], template[brain]
    fluid, tissue = mode_hu - FLUID_BELOW_MODE_HU, mode_hu - TISSUE_BELOW_MODE_HU
    share = np.clip((volume.hu[tuple(index.T)] - fluid) / (tissue - fluid), 0, 1)
    return Host(path.name, volume, index, template.astype(np.float32), share.astype(np.float32), 0.0, is_real=True)


@cache
def _mask(region: Region, side: Side) -> tuple[Singles, Floats]:
    letter = "L" if side is Side.LEFT else "R"
    name = f"MNI152_{MASK_NAMES.get(region, region.value)}_{letter}.nii.gz"
    image = Nifti1Image.from_filename(BESIDE / "atlas-reference" / name)
    return np.asarray(np.asarray(image.dataobj) > 0, dtype=np.float32), np.asarray(image.affine)


def published_outlines(regions: frozenset[Region], side: Side) -> tuple[Singles, Floats]:
    """Somebody else's atlas: the infarcts of real heads are not drawn by the atlas that measures them."""
    masks = [_mask(region, side) for region in regions]
    return np.max([mask for mask, _ in masks], axis=0), masks[0][1]

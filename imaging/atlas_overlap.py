"""Overlap of the atlas's regions with published masks: what ``python -m imaging.build_atlas --compare`` prints."""

from pathlib import Path

import nibabel as nib
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from imaging.atlas import region_value
from scoring.regions import Region, Side

_PUBLISHED_NAMES = {Region.L: ("LN", "L"), Region.IC: ("InCa", "IC"), Region.I: ("IC", "I")}
"""Other names of regions in published mask folders, first choice first; where the capsule is ``InCa``, ``IC`` is the
insula (insular cortex)."""


def dice_by_region(labels: NDArray[np.uint8], affine: NDArray[np.float64], folder: Path) -> dict[Region, float]:
    """Dice overlap of a label map with published masks, both sides pooled, on the published grid.

    Parameters
    ----------
    folder : masks named ``<prefix>_<region>_<L|R>.nii.gz`` in the same space as the label map.

    Raises
    ------
    FileNotFoundError
        If a mask is missing.
    """
    grids: dict[bytes, NDArray[np.uint8]] = {}
    dice = {}
    for region in Region:
        both = total = 0
        for side, letter in ((Side.LEFT, "L"), (Side.RIGHT, "R")):
            image = nib.Nifti1Image.from_filename(_published_file(folder, region, letter))
            theirs = np.asarray(image.dataobj) > 0
            key = np.asarray(image.affine).tobytes() + bytes(str(theirs.shape), "ascii")
            if key not in grids:
                to_ours = np.linalg.inv(affine) @ image.affine
                grids[key] = ndimage.affine_transform(labels, to_ours[:3, :3], to_ours[:3, 3], theirs.shape, order=0)
            ours = grids[key] == region_value(region, side)
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


def overlap_table(labels: NDArray[np.uint8], affine: NDArray[np.float64], folder: Path) -> str:
    """One line a region: Dice and our volume per side. Raises FileNotFoundError."""
    voxels = np.bincount(labels.ravel(), minlength=2 * len(Region) + 1)
    voxel_ml = abs(float(np.linalg.det(affine[:3, :3]))) / 1000
    return "".join(
        f"{region:<3} Dice {dice:.2f}  {voxels[region_value(region, Side.LEFT)] * voxel_ml:5.1f} ml per side\n"
        for region, dice in dice_by_region(labels, affine, folder).items()
    )

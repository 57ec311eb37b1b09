"""The atlas that scans are compared with: template, twenty ASPECTS regions, territories; verified when loaded."""

import gzip
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from scoring.regions import Region, Side

_NIFTI_HEADER_BYTES = 352
"""A NIfTI-1 header with its extension flag; ``atlas.json`` repeats what it says, so nibabel need not be loaded."""


class Territory(StrEnum):
    """Whole territories: the middle cerebral artery's of each side, and the eight parts of pc-ASPECTS.

    The latter have the names of ``scoring.regions.PosteriorRegion``.
    """

    MCA_LEFT = "mca_left"
    MCA_RIGHT = "mca_right"
    THALAMUS_LEFT = "thalamus_left"
    THALAMUS_RIGHT = "thalamus_right"
    OCCIPITAL_LEFT = "occipital_left"
    OCCIPITAL_RIGHT = "occipital_right"
    CEREBELLUM_LEFT = "cerebellum_left"
    CEREBELLUM_RIGHT = "cerebellum_right"
    MIDBRAIN = "midbrain"
    PONS = "pons"


def region_value(region: Region, side: Side) -> int:
    """1..10 for the left regions in the order of ``Region``, 11..20 for the right ones; 0 is no region."""
    return 1 + list(Region).index(region) + (10 if side is Side.RIGHT else 0)


def territory_value(territory: Territory) -> int:
    """1..10 in the order of ``Territory``; 0 is none."""
    return 1 + list(Territory).index(territory)


class AtlasDamaged(RuntimeError):
    """The installed atlas files are missing or differ from their description: the installation must be repaired."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """Template and region map in ICBM152 2009a space (RAS+ mm, x = 0 is the mid-sagittal plane).

    Both are exactly mirror-symmetric about x = 0. Arrays are read-only.
    """

    version: str
    template_hu: NDArray[np.float32]
    """Shape (x, y, z), 2 mm grid: HU of an average adult brain without contrast; 0 outside the skull."""
    intracranial: NDArray[np.bool_]
    """Same grid: inside the inner table of the skull."""
    template_affine: NDArray[np.float64]
    """4x4, template voxel index to mm."""
    labels: NDArray[np.uint8]
    """Shape (x, y, z), 1 mm grid: region values of ``label_table``, 0 outside all regions."""
    labels_affine: NDArray[np.float64]
    label_table: Mapping[int, tuple[Region, Side]]
    territories: NDArray[np.uint8]
    """Shape as ``template_hu``: values of ``territory_value``, 0 outside all of them."""

    def value(self, region: Region, side: Side) -> int:
        """The number that stands for a region of one side in label maps."""
        return next(value for value, key in self.label_table.items() if key == (region, side))


@cache
def load_atlas() -> Atlas:
    """The atlas of this installation; read once. Raises AtlasDamaged."""
    return read_atlas(files("imaging") / "atlas")


def read_atlas(folder: Traversable) -> Atlas:
    """Read and verify an atlas folder as ``imaging.build_atlas`` writes it. Raises AtlasDamaged."""
    try:
        description = json.loads((folder / "atlas.json").read_text(encoding="utf-8"))
        images = {key: _image(folder, entry) for key, entry in description["files"].items()}
        table = {int(row["value"]): (Region(row["region"]), Side(row["side"])) for row in description["labels"]}
        return Atlas(
            version=str(description["version"]),
            template_hu=_frozen(images["template"][0].astype(np.float32)),
            intracranial=_frozen(images["intracranial"][0] > 0),
            template_affine=images["template"][1],
            labels=_frozen(images["labels"][0]),
            labels_affine=images["labels"][1],
            label_table=MappingProxyType(table),
            territories=_frozen(images["territories"][0]),
        )
    except (OSError, KeyError, ValueError, TypeError) as error:
        raise AtlasDamaged(f"the atlas cannot be read ({type(error).__name__}); install the package again") from error


def _image(folder: Traversable, entry: dict[str, Any]) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """One image of the atlas with its affine, after its hash was compared."""
    packed = (folder / entry["file"]).read_bytes()
    if hashlib.sha256(packed).hexdigest() != entry["sha256"]:
        raise AtlasDamaged(f"{entry['file']} is not the file that atlas.json describes; install the package again")
    plain = gzip.decompress(packed)
    array = np.frombuffer(plain, dtype=np.dtype(entry["dtype"]).newbyteorder("<"), offset=_NIFTI_HEADER_BYTES)
    affine = np.array(entry["affine_ras_mm"], dtype=np.float64)
    affine.setflags(write=False)
    return array.reshape(entry["shape"], order="F"), affine


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array

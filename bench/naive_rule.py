"""The rule that anyone would write first, for comparison: affine outlines, mean of 15 to 60 HU, 2 HU of difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from imaging.atlas import load_atlas
from imaging.deformation import Deformation
from imaging.labelling import label_voxels
from imaging.reading import Artefacts
from scoring.regions import Region, Side

TISSUE_HU = (15.0, 60.0)
DIFFERENCE_HU = 2.0


def naive_reading(artefacts: Artefacts) -> Mapping[Side, Mapping[Region, float]]:
    """By how much each region is darker than its mirror image, HU; from ``DIFFERENCE_HU`` on it is called."""
    registration, atlas, tissue = artefacts.registration, load_atlas(), artefacts.tissue
    straight = np.zeros_like(registration.deformation.forward_mm)
    deformation = Deformation(straight, straight, registration.deformation.origin_mm, registration.deformation.step_mm)
    labels = label_voxels(tissue, replace(registration, deformation=deformation), atlas).regions
    hu = tissue.volume.hu
    counted = (labels > 0) & (hu > TISSUE_HU[0]) & (hu < TISSUE_HU[1])
    values, density = labels[counted], hu[counted]
    number = np.bincount(values, minlength=256)
    mean = np.bincount(values, weights=density, minlength=256) / np.maximum(number, 1)
    return {
        side: {
            region: float(mean[atlas.value(region, side.other)] - mean[atlas.value(region, side)]) for region in Region
        }
        for side in Side
    }

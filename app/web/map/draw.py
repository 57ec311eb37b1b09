"""Draw the ASPECTS map of the pages from the atlas: ``python -m app.web.map.draw`` rewrites ``shapes.json``.

Two slices are drawn, one for each level. Coordinates are template millimetres with x to the patient's left and y to the
back, so that a picture that takes them as they are is in radiological convention. The atlas is symmetric: only the
patient's left is drawn, and the right is its mirror image.
"""

import json
from pathlib import Path

import numpy as np
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray
from scipy import ndimage

from scoring.regions import Level, Region, Side

ATLAS = Path(__file__).parents[3] / "imaging" / "atlas"
SHAPES = Path(__file__).parent / "shapes.json"

SLICE_Z_MM = {Level.GANGLIONIC: 9, Level.SUPRAGANGLIONIC: 28}
"""Heights that show their level best: all four deep nuclei together; the bodies of the lateral ventricles."""

_FLUID_BELOW_HU = 22
_FINER = 3
"""Masks are enlarged this much before they are smoothed, so that outlines do not show the voxels."""

_NAME_TOWARDS_MIDLINE_MM = {Region.IC: 7.5}
"""The internal capsule is too narrow for its name, which stands beside it."""

_Mask = NDArray[np.bool_]
_Points = NDArray[np.float64]


def draw() -> dict[str, object]:
    """Outline the head, the ventricles and the regions of each level."""
    labels = Nifti1Image.from_filename(ATLAS / "labels.nii.gz")
    template = Nifti1Image.from_filename(ATLAS / "template.nii.gz")
    inside = Nifti1Image.from_filename(ATLAS / "intracranial.nii.gz")
    values = {
        Region(entry["region"]): entry["value"]
        for entry in json.loads((ATLAS / "atlas.json").read_text())["labels"]
        if entry["side"] == Side.LEFT
    }
    levels: dict[str, object] = {}
    for level, z_mm in SLICE_Z_MM.items():
        head, to_mm = _slice(inside, z_mm)
        hu, _ = _slice(template, z_mm)
        fluid = ndimage.binary_opening((hu < _FLUID_BELOW_HU) & ndimage.binary_erosion(head > 0, iterations=8))
        label_slice, label_to_mm = _slice(labels, z_mm)
        levels[level] = {
            "head": _path(_outline(head > 0, to_mm)),
            "ventricles": [_path(_outline(part, to_mm)) for part in _parts(fluid, smallest_voxels=6)],
            "regions": {
                region: _shape(label_slice == value, label_to_mm, _NAME_TOWARDS_MIDLINE_MM.get(region, 0))
                for region, value in values.items()
                if region.level is level
            },
        }
    return levels


def _slice(image: Nifti1Image, z_mm: float) -> tuple[NDArray[np.float64], _Points]:
    """One axial slice (i, j) and the 2 x 3 matrix that takes (i, j, 1) to the drawing's millimetres."""
    affine = image.affine
    k = round((z_mm - affine[2, 3]) / affine[2, 2])
    to_mm = np.array([[-affine[0, 0], 0, -affine[0, 3]], [0, -affine[1, 1], -affine[1, 3]]])
    return np.asarray(image.dataobj[:, :, k], dtype=float), to_mm


def _parts(mask: _Mask, smallest_voxels: int) -> list[_Mask]:
    numbered, count = ndimage.label(mask)
    parts = [numbered == number for number in range(1, count + 1)]
    return [part for part in parts if part.sum() >= smallest_voxels]


def _shape(mask: _Mask, to_mm: _Points, towards_midline_mm: float) -> dict[str, object]:
    """The region's outline and the point deepest inside it, where its name fits best."""
    depth = ndimage.distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    deepest = np.unravel_index(int(depth.argmax()), depth.shape)
    x, y = to_mm @ [*deepest, 1]
    return {
        "path": _path(_outline(mask, to_mm)),
        "name_at": [round(float(x) - towards_midline_mm, 1), round(float(y), 1)],
    }


def _outline(mask: _Mask, to_mm: _Points) -> _Points:
    """The smoothed outer border of the largest part of ``mask``, as a closed ring of points in mm, shape (n, 2)."""
    fine = ndimage.zoom(np.pad(mask, 4).astype(float), _FINER, order=1, grid_mode=True, mode="grid-constant")
    smooth = ndimage.gaussian_filter(fine, sigma=_FINER * 0.8) > 0.5  # noqa: PLR2004 -- half way between out and in
    numbered, count = ndimage.label(smooth)
    largest = 1 + int(np.argmax(ndimage.sum_labels(smooth, numbered, range(1, count + 1))))
    ring = ndimage.gaussian_filter1d(_border(numbered == largest), sigma=_FINER, axis=0, mode="wrap")
    voxels = (ring - 0.5) / _FINER - 4 + 0.5 / _FINER
    millimetres = np.column_stack([voxels, np.ones(len(voxels))]) @ to_mm.T
    return _thinned(millimetres, most_off_mm=0.2)


def _border(mask: _Mask) -> _Points:
    """Walk along the pixel edges round ``mask`` once, its inside always on the same hand; shape (n, 2)."""
    onward: dict[tuple[int, int], list[tuple[int, int]]] = {}
    padded = np.pad(mask, 1)
    for i, j in np.argwhere(padded):
        corners = [(i, j), (i + 1, j), (i + 1, j + 1), (i, j + 1)]
        beyond = [(i, j - 1), (i + 1, j), (i, j + 1), (i - 1, j)]
        for edge, neighbour in enumerate(beyond):
            if not padded[neighbour]:
                onward.setdefault(corners[edge], []).append(corners[(edge + 1) % 4])
    rings = []
    while onward:
        start = here = next(iter(onward))
        ring = []
        while here in onward:
            ring.append(here)
            following = onward[here].pop()
            if not onward[here]:
                del onward[here]
            here = following
            if here == start:
                break
        rings.append(ring)
    return np.array(max(rings, key=len), dtype=float) - 1


def _thinned(ring: _Points, most_off_mm: float) -> _Points:
    """Leave out points that lie within ``most_off_mm`` of the line between those kept (Douglas and Peucker, 1973)."""
    half = len(ring) // 2
    closed = np.vstack([ring, ring[:1]])
    keep = np.zeros(len(closed), dtype=bool)
    keep[[0, half, len(ring)]] = True
    spans = [(0, half), (half, len(ring))]
    while spans:
        first, last = spans.pop()
        if last - first < 2:  # noqa: PLR2004 -- nothing lies between neighbours
            continue
        along = closed[last] - closed[first]
        off = closed[first + 1 : last] - closed[first]
        distance = np.abs(along[0] * off[:, 1] - along[1] * off[:, 0]) / max(float(np.hypot(*along)), 1e-9)
        furthest = int(distance.argmax())
        if distance[furthest] > most_off_mm:
            middle = first + 1 + furthest
            keep[middle] = True
            spans += [(first, middle), (middle, last)]
    return closed[:-1][keep[:-1]]


def _path(ring: _Points) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"


if __name__ == "__main__":
    SHAPES.write_text(json.dumps(draw(), indent=1) + "\n")

"""Draw the brain maps of the pages from the atlas: ``python -m app.web.map.draw`` rewrites shapes and backgrounds.

``shapes.json`` holds the regions of each level of ASPECTS, ``posterior_shapes.json`` the parts of pc-ASPECTS; the
anatomy behind them goes into one SVG file a slice. Coordinates are template millimetres with x to the patient's left
and y to the back, so that a picture that takes them as they are is in radiological convention. The atlas is symmetric:
of what lies on both sides the patient's left is drawn, and the right is its mirror image.
"""

import json
from pathlib import Path

import numpy as np
from contourpy import contour_generator
from nibabel.nifti1 import Nifti1Image
from numpy.typing import NDArray
from scipy import ndimage

from app.web.map.view import VIEW
from scoring.regions import Level, Region, Side

ATLAS = Path(__file__).parents[3] / "imaging" / "atlas"
SHAPES = Path(__file__).parent / "shapes.json"
POSTERIOR_SHAPES = Path(__file__).parent / "posterior_shapes.json"
BACKGROUNDS = Path(__file__).parents[1] / "static" / "map"

SLICE_Z_MM = {Level.GANGLIONIC: 4, Level.SUPRAGANGLIONIC: 26}
"""Heights that show their level best: all four deep regions with the frontal horns and the third ventricle; the bodies
of the lateral ventricles."""

POSTERIOR_SLICES = {
    "ganglionic": (SLICE_Z_MM[Level.GANGLIONIC], ("thalamus_left", "occipital_left")),
    "midbrain": (-10, ("midbrain",)),
    "pons": (-31, ("pons", "cerebellum_left")),
}
"""Height and parts of each slice of pc-ASPECTS; the first has its background in common with ASPECTS."""

_TISSUE_FROM_HU, _GREY_FROM_HU = 21.0, 33.0
"""Half way from CSF to tissue, and from white matter to grey."""
_SKULL_MM, _ACROSS_THE_BASE_MM = 6, 20
"""Thickness of the skull as it is drawn, and the width of skull base that is filled in between the fossae."""
_RIM_MM = 10
"""What is fluid nearer than this to the skull is cistern or sulcus, not ventricle."""
_SMOOTH_MM = {"region": 1.1, "territory": 2.5, "fluid": 0.9, "tissue": 1.2, "head": 3.5}
"""How far outlines are smoothed, so that they show anatomy and not voxels."""
_MOST_OFF_MM = {"region": 0.12, "territory": 0.15, "fluid": 0.2, "tissue": 0.45, "head": 0.2}
_SMALLEST_MM2 = {"region": 20.0, "territory": 20.0, "fluid": 9.0, "tissue": 25.0, "head": 60.0}
_STEP_MM = 0.5

_NAMES_BESIDE = {Region.IC: {"name_at": [11.5, 12.0], "name_for": [20.5, 6.0]}}
"""The internal capsule is too narrow for its name, which stands on the thalamus with a line to the capsule."""

_Picture = NDArray[np.float64]
_Ring = NDArray[np.float64]


def draw() -> dict[str, dict[str, object]]:
    """Outline the head, the ventricles and the regions of each level."""
    atlas = _Atlas()
    return {
        level: {
            **{name: atlas.background(z_mm)[name] for name in ("head", "ventricles")},
            "regions": {
                region: _shape(atlas.region(region, z_mm), "region") | _NAMES_BESIDE.get(region, {})
                for region in Region
                if region.level is level
            },
        }
        for level, z_mm in SLICE_Z_MM.items()
    }


def draw_posterior() -> dict[str, dict[str, object]]:
    """Outline the parts of each slice of pc-ASPECTS."""
    atlas = _Atlas()
    return {
        name: {part: _shape(atlas.territory(part, z_mm), "territory") for part in parts}
        for name, (z_mm, parts) in POSTERIOR_SLICES.items()
    }


def draw_backgrounds() -> dict[str, str]:
    """The anatomy of each slice as an SVG file of its own, in the colours of the scheme that the page is shown in."""
    atlas = _Atlas()
    heights = {name: z_mm for name, (z_mm, _) in POSTERIOR_SLICES.items()} | dict(SLICE_Z_MM)
    return {str(name): _svg(atlas.background(z_mm)) for name, z_mm in heights.items()}


_LAYERS = ("skull", "head", "brain", "white", "ventricles")
_STYLE = (
    "path{fill-rule:evenodd}"
    ".skull{fill:#d3dbd8;stroke:#8b9994;stroke-width:.6}.head{fill:#bac6c2}.brain{fill:#e0e7e4}.white{fill:#edf2f0}"
    ".ventricles{fill:#a3b2ad}.thalamus{fill:none;stroke:#8b9994;stroke-width:.6}"
    "@media (prefers-color-scheme:dark){"
    ".skull{fill:#4a5854;stroke:#80918c}.head{fill:#0f1716}.brain{fill:#27322f}.white{fill:#1e2826}"
    ".ventricles{fill:#0b1211}.thalamus{stroke:#80918c}}"
)


def _svg(background: dict[str, str]) -> str:
    layers = "".join(f'<path class="{name}" d="{background[name]}"/>' for name in _LAYERS)
    if background["thalamus"]:
        layers += "".join(
            f'<path class="thalamus" d="{background["thalamus"]}"{mirror}/>'
            for mirror in ("", ' transform="scale(-1 1)"')
        )
    view = " ".join(map(str, VIEW))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}"><style>{_STYLE}</style>{layers}</svg>\n'


class _Atlas:
    """Slices of the atlas on one fine grid: i to the patient's left, j to the back, ``_STEP_MM`` apart."""

    def __init__(self) -> None:
        told = json.loads((ATLAS / "atlas.json").read_text(encoding="utf-8"))
        self._images = {name: Nifti1Image.from_filename(ATLAS / f"{name}.nii.gz") for name in _IMAGES}
        self._region_values = {one["region"]: one["value"] for one in told["labels"] if one["side"] == Side.LEFT}
        self._territory_values = {one["territory"]: one["value"] for one in told["territories"]}

    def region(self, region: Region, z_mm: float) -> _Picture:
        """How much of each place belongs to a region of the patient's left, 0 to 1."""
        return self._slice("labels", z_mm, value=self._region_values[region], order=1)

    def territory(self, part: str, z_mm: float) -> _Picture:
        """How much of each place belongs to a territory of pc-ASPECTS and is tissue, 0 to 1."""
        inside = self._slice("territories", z_mm, value=self._territory_values[part], order=1)
        return np.where(self._slice("template", z_mm, order=3) > _TISSUE_FROM_HU, inside, 0)

    def background(self, z_mm: float) -> dict[str, str]:
        """Skull, the space within it, brain, white matter, ventricles with the cisterns near them, left thalamus."""
        inside = self._slice("intracranial", z_mm, order=1)
        head = _smoothed(inside, "head") > 0.5  # noqa: PLR2004 -- half in
        hu = self._slice("template", z_mm, order=3)
        fluid, tissue = _smoothed(hu, "fluid"), _smoothed(hu, "tissue")
        closed = ndimage.binary_fill_holes(_grown(_grown(head, _ACROSS_THE_BASE_MM), -_ACROSS_THE_BASE_MM) | head)
        skull = _smoothed(_grown(closed, _SKULL_MM).astype(float), "head")
        deep = _grown(inside > 0.5, -_RIM_MM)  # noqa: PLR2004 -- half in
        return {
            "skull": _paths(skull, "head"),
            "head": _paths(_smoothed(inside, "head"), "head"),
            "brain": _paths(_above(_TISSUE_FROM_HU, fluid), "fluid"),
            "white": _paths(np.where(fluid > _TISSUE_FROM_HU, 1 - _above(_GREY_FROM_HU, tissue), 0), "tissue"),
            "ventricles": _paths(np.where(deep, 1 - _above(_TISSUE_FROM_HU, fluid), 0), "fluid"),
            "thalamus": _paths(_smoothed(self.territory("thalamus_left", z_mm), "territory"), "territory"),
        }

    def _slice(self, name: str, z_mm: float, *, order: int, value: int | None = None) -> _Picture:
        """One axial slice, interpolated; with ``value`` the share of that label."""
        image = self._images[name]
        to_voxel = np.linalg.inv(image.affine)
        x, y = np.meshgrid(_GRID_X, _GRID_Y, indexing="ij")
        places = to_voxel @ np.stack([-x.ravel(), -y.ravel(), np.full(x.size, z_mm), np.ones(x.size)])
        data = np.asarray(image.dataobj, dtype=float) if value is None else np.asarray(image.dataobj) == value
        drawn: _Picture = ndimage.map_coordinates(data.astype(float), places[:3], order=order)
        return drawn.reshape(x.shape)


_IMAGES = ("template", "intracranial", "labels", "territories")
_GRID_X = np.arange(-125, 125 + _STEP_MM, _STEP_MM)
_GRID_Y = np.arange(-125, 150 + _STEP_MM, _STEP_MM)


def _smoothed(picture: _Picture, kind: str) -> _Picture:
    smooth: _Picture = ndimage.gaussian_filter(picture, sigma=_SMOOTH_MM[kind] / _STEP_MM)
    return smooth


def _above(hu: float, picture: _Picture) -> _Picture:
    """0 to 1, one half where the picture has this density."""
    return np.clip((picture - hu) / 20 + 0.5, 0, 1)


def _grown(mask: NDArray[np.bool_], by_mm: float) -> NDArray[np.bool_]:
    """The mask with its border moved outwards, or inwards where ``by_mm`` is negative."""
    off_mm: _Picture = ndimage.distance_transform_edt(~mask if by_mm >= 0 else mask) * _STEP_MM
    return off_mm <= by_mm if by_mm >= 0 else off_mm > -by_mm


def _shape(share: _Picture, kind: str) -> dict[str, object]:
    """The outline, and the point deepest inside it, where its name fits best."""
    smooth = _smoothed(share, kind)
    depth = ndimage.distance_transform_edt(smooth > 0.5)  # noqa: PLR2004 -- half in
    i, j = np.unravel_index(int(depth.argmax()), depth.shape)
    return {
        "path": _path(max(_rings(smooth, kind), key=_area)),
        "name_at": [round(float(_GRID_X[i]), 1), round(float(_GRID_Y[j]), 1)],
    }


def _paths(field: _Picture, kind: str) -> str:
    """Every outline of the places above one half, as one path; holes are cut by the even-odd rule."""
    return "".join(_path(ring) for ring in sorted(_rings(field, kind), key=_area, reverse=True))


def _rings(field: _Picture, kind: str) -> list[_Ring]:
    """Closed outlines in mm, shape (n, 2), those too small to be seen left out."""
    lines = contour_generator(_GRID_X, _GRID_Y, field.T).lines(0.5)
    rings = [np.asarray(line)[:-1] for line in lines]
    return [_thinned(ring, _MOST_OFF_MM[kind]) for ring in rings if _area(ring) >= _SMALLEST_MM2[kind]]


def _area(ring: _Ring) -> float:
    x, y = ring.T
    return float(abs(x @ np.roll(y, 1) - y @ np.roll(x, 1)) / 2)


def _thinned(ring: _Ring, most_off_mm: float) -> _Ring:
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


def _path(ring: _Ring) -> str:
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in ring) + "Z"


if __name__ == "__main__":
    SHAPES.write_text(json.dumps(draw(), indent=1) + "\n", encoding="utf-8")
    POSTERIOR_SHAPES.write_text(json.dumps(draw_posterior(), indent=1) + "\n", encoding="utf-8")
    BACKGROUNDS.mkdir(exist_ok=True)
    for name, svg in draw_backgrounds().items():
        (BACKGROUNDS / f"{name}.svg").write_text(svg, encoding="utf-8")

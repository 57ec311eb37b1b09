"""Puts changes into heads: infarcts by territory with depth, coverage and soft borders; old infarcts; white matter.

Changes are laid into the scan before anything registers it. Their outlines never follow the measuring atlas exactly:
they are moved by a smooth random field, covered in part, and blurred; on real heads they come from another atlas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np
from fields import Floats, Singles, field_at, sampled
from scipy import ndimage
from simulated_heads import Host, with_noise

from imaging.atlas import load_atlas
from imaging.volume import CtVolume
from scoring.regions import Region, Side

Outlines = Callable[[frozenset[Region], Side], tuple[Singles, Floats]]
"""Regions of a side to a map of them (values 0 and 1, 1 mm) and its 4x4 affine, voxel to template mm."""

DEPTHS_HU = (2.0, 3.0, 4.0, 6.0, 8.0)
WARP_MM, WARP_SIGMA_MM = (1.5, 3.5), 16.0
"""Least and most by which a drawn outline departs from the atlas's, and over what distance it does so alike."""
PATCH_SIGMA_MM = 10.0
OLD_HU = 11.0
"""An old infarct holds fluid."""
PATTERNS: tuple[tuple[str, float, frozenset[Region]], ...] = (
    ("deep and whole cortex", 1.0, frozenset(Region)),
    ("deep", 2.0, frozenset({Region.C, Region.L, Region.IC})),
    ("lentiform", 1.0, frozenset({Region.L})),
    ("deep and insula", 2.0, frozenset({Region.C, Region.L, Region.I})),
    ("trunk", 2.0, frozenset({Region.L, Region.I, Region.M1, Region.M2, Region.M4, Region.M5})),
    ("superior division", 2.0, frozenset({Region.I, Region.M1, Region.M4, Region.M5})),
    ("inferior division", 2.0, frozenset({Region.I, Region.M2, Region.M3, Region.M6})),
    ("insula and operculum", 1.5, frozenset({Region.I, Region.M2})),
    ("parietal", 1.0, frozenset({Region.M5, Region.M6})),
    ("posterior", 1.0, frozenset({Region.M3, Region.M6})),
    ("one region", 3.0, frozenset()),
)
"""Name, weight in drawing, regions. Weights are assumed, not from a study."""
LARGE_PATTERN, SEEN_SHARE = 5, 0.8
"""Of so many regions or more, seldom all are visibly affected."""
EDGE_SHARE = 0.5


@dataclass(frozen=True, slots=True)
class Change:
    """What is put into a head, and so the truth about it."""

    kind: str
    """``none``, ``infarct``, ``old infarct`` or ``white matter``."""
    side: Side | None
    regions: frozenset[Region]
    """Acutely affected."""
    plateau_hu: float
    coverage: float
    """Share of each affected region that darkens."""
    seed: int


def draw_infarct(rng: np.random.Generator, depth_hu: float, seed: int) -> Change:
    """A plausible pattern on either side."""
    weights = np.array([weight for _, weight, _ in PATTERNS])
    _, _, regions = PATTERNS[int(rng.choice(len(PATTERNS), p=weights / weights.sum()))]
    if not regions:
        regions = frozenset({list(Region)[int(rng.integers(len(Region)))]})
    elif len(regions) >= LARGE_PATTERN:
        regions = frozenset(region for region in Region if region in regions and rng.uniform() < SEEN_SHARE) or regions
    side = (Side.LEFT, Side.RIGHT)[int(rng.integers(2))]
    return Change("infarct", side, regions, depth_hu, rng.uniform(0.7, 1.0), seed)


def implanted(host: Host, change: Change, outlines: Outlines) -> CtVolume:
    """The host's scan with the change in it, and fresh noise if the host is simulated."""
    rng = np.random.default_rng(change.seed)
    drop = {"none": _nothing, "infarct": _infarct, "old infarct": _old, "white matter": _white_matter}[change.kind]
    hu, at = host.volume.hu.copy(), tuple(host.index.T)
    hu[at] -= drop(host, change, outlines, rng)
    return with_noise(replace(host.volume, hu=hu), host.noise_hu, rng)


def own_outlines(regions: frozenset[Region], side: Side) -> tuple[Singles, Floats]:
    """The product's own atlas."""
    atlas = load_atlas()
    values = [atlas.value(region, side) for region in regions]
    return np.isin(atlas.labels, values).astype(np.float32), atlas.labels_affine


def _nothing(host: Host, change: Change, outlines: Outlines, rng: np.random.Generator) -> Singles:  # noqa: ARG001
    return np.zeros(len(host.index), dtype=np.float32)


def _infarct(host: Host, change: Change, outlines: Outlines, rng: np.random.Generator) -> Singles:
    share = _share(host, change, outlines, rng)
    return np.asarray(change.plateau_hu * share * host.tissue, dtype=np.float32)


def _share(host: Host, change: Change, outlines: Outlines, rng: np.random.Generator) -> Singles:
    """How far each voxel darkens, 0-1."""
    if change.side is None:
        raise ValueError("an infarct has a side")
    blur = rng.uniform(1.0, 2.2)
    moved = host.template_mm + np.float32(rng.uniform(*WARP_MM)) * np.stack(
        [field_at(rng, WARP_SIGMA_MM, host.template_mm) for _ in range(3)], axis=-1
    )
    patches = field_at(rng, PATCH_SIGMA_MM, host.template_mm)
    share = np.zeros(len(host.index), dtype=np.float32)
    for region in sorted(change.regions):
        drawn, affine = outlines(frozenset({region}), change.side)
        darkened = _covered(sampled(ndimage.gaussian_filter(drawn, blur), affine, moved), patches, change.coverage)
        share = np.maximum(share, darkened)
    return share


def _covered(share: Singles, patches: Singles, coverage: float) -> Singles:
    """Of one region only so much: a truth that calls a region affected of which next to nothing is would be none."""
    core = share > EDGE_SHARE
    if coverage < 1 and core.any():
        cut = float(np.quantile(patches[core], 1 - coverage))
        share = share * np.clip((patches - cut) / 0.3 + 0.5, 0, 1)
    return np.asarray(share, dtype=np.float32)


def _old(host: Host, change: Change, outlines: Outlines, rng: np.random.Generator) -> Singles:
    """Fluid in the middle of a cortical region, with a thin scar around it."""
    share = np.clip(_share(host, replace(change, regions=frozenset({_old_region(change)})), outlines, rng) * 1.6, 0, 1)
    now = host.volume.hu[tuple(host.index.T)]
    return np.asarray(share * np.maximum(now - OLD_HU, 0) * (host.tissue > 0), dtype=np.float32)


def _old_region(change: Change) -> Region:
    return (Region.M5, Region.M6, Region.M3, Region.M4)[change.seed % 4]


def _white_matter(host: Host, change: Change, outlines: Outlines, rng: np.random.Generator) -> Singles:  # noqa: ARG001
    """Darkening around the ventricles of both sides, nearly symmetric."""
    x, y, z = (np.abs(host.template_mm[:, 0]), host.template_mm[:, 1], host.template_mm[:, 2])
    near = np.exp(-(((x - 24) / 8) ** 2) - ((z - 24) / 12) ** 2) * np.exp(-(((np.abs(y + 10) - 30) / 22) ** 2))
    uneven = 1 + 0.15 * field_at(rng, WARP_SIGMA_MM, host.template_mm)
    return np.asarray(change.plateau_hu * near * uneven * host.tissue, dtype=np.float32)


def truth(change: Change) -> Mapping[Side, frozenset[Region]]:
    """Acutely affected regions of both sides."""
    return {side: change.regions if change.kind == "infarct" and side is change.side else frozenset() for side in Side}
